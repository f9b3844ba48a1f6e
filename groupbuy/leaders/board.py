"""The pickup tab of a deal: a live board, and an ending for every bag nobody came for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.core.text import id_or_none, parse_quantity
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, desk, own_or_404
from groupbuy.leaders.gate_desk import points_of
from groupbuy.pickup import bags, board, progress, uncollected
from groupbuy.pickup.models import Pickup

bp = Blueprint("lead_board", __name__, url_prefix="/lead/deals/<slug>/pickup")


class MoneyIsTheLeaders(RuleBroken):
    """A helper hands over goods; giving money back is for the leader."""

    message = _l("Only the leader can give money back for a bag.")
    status = 403


@bp.get("")
@policy("staff:pickup")
def show(slug: str) -> str:
    """The board: `?state=`, `?point=`, `?page=`; a few seconds later the live part comes alone."""
    return render_template("leaders/board.html", **_board(deal_or_404(slug)))


@bp.get("/live")
@policy("staff:pickup")
def live(slug: str) -> str:
    """The part of the board that changes."""
    return render_template("leaders/_board.html", **_board(deal_or_404(slug)))


@bp.get("/<bag_id>")
@policy("staff:pickup")
def bag(slug: str, bag_id: str) -> str | tuple[str, int]:
    """Ask what became of a bag, with what each answer means in money."""
    return _ask(deal_or_404(slug), _bag_or_404(slug, bag_id))


@bp.post("/<bag_id>/end")
@policy("staff:pickup")
def end(slug: str, bag_id: str) -> Response | tuple[str, int] | str:
    """Give an uncollected bag its ending."""
    deal, pickup = deal_or_404(slug), _bag_or_404(slug, bag_id)
    ending, note = request.form.get("ending", ""), request.form.get("note", "")
    try:
        if ending == "refunded" and not desk().is_leader:
            raise MoneyIsTheLeaders
        with transaction():
            uncollected.end(pickup, ending, note, by_id=current_user.id, now=clock.now())
    except BadInput as refusal:
        return _ask(deal, pickup, refusal.sentence, 422)
    except RuleBroken as refusal:
        return _ask(deal, pickup, refusal.sentence, refusal.status)
    flash(_("Noted what became of the bag."), "success")
    return redirect(url_for(".show", slug=slug, state="ready"), 303)


def _board(deal: Deal) -> dict[str, Any]:
    post, now = desk(), clock.now()
    points = points_of(post)
    state, point_id = request.args.get("state", ""), id_or_none(request.args.get("point", ""))
    chosen = {point_id} if point_id and post.serves(point_id) else post.point_ids
    page = _page_asked()
    rows, total = board.rows(deal, state=state, point_ids=chosen, page=page)
    counted = progress.by_point(Pickup.deal_id == deal.id)
    mine = {p.id: counted[p.id] for p in points if p.id in counted}
    whole = progress.Progress()
    for part in mine.values():
        whole.join(part)
    return {
        "deal": deal,
        "now": now,
        "rows": rows,
        "total": total,
        "page": page,
        "pages": max(1, -(-total // board.PAGE_SIZE)),
        "state": state if state in board.SHELVES else "",
        "point_id": point_id,
        "points": {point.id: point.name for point in points},
        "by_point": mine,
        "whole": whole,
        "is_over": bool(deal.pickup_ends_at and deal.pickup_ends_at <= now),
    }


def _ask(deal: Deal, pickup: Pickup, wrong: str = "", status: int = 200) -> str | tuple[str, int]:
    lines = [line for line in bags.lines_of(pickup) if line.open_pieces]
    left = sum(line.open_pieces * line.price_fen for line in lines)
    page = render_template(
        "leaders/board_bag.html",
        deal=deal,
        bag=pickup,
        lines=lines,
        money=format_yuan(left),
        may_refund=desk().is_leader,
        wrong=wrong,
        typed=request.form,
        now=clock.now(),
    )
    return page if status == 200 else (page, status)


def _bag_or_404(slug: str, bag_id: str) -> Pickup:
    """A bag of this deal at a point where whoever asks hands over."""
    pickup = own_or_404(Pickup, bag_id)
    if pickup.deal.slug != slug or not desk().serves(pickup.point_id):
        abort(404)
    return pickup


def _page_asked() -> int:
    try:
        return max(1, parse_quantity(request.args.get("page", "1")))
    except ValueError:
        return 1
