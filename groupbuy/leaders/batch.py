"""One act for many orders: a preview of what will be done and skipped, then one button."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.money import format_yuan
from groupbuy.core.text import clean, id_or_none
from groupbuy.core.tokens import public_id
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, desk
from groupbuy.leaders.order_filters import Filters
from groupbuy.orders import for_many, searching
from groupbuy.orders.models import Order
from groupbuy.pickup import giving_many
from groupbuy.pickup.proposing import limit_fen

bp = Blueprint("batch", __name__, url_prefix="/batch")
ACTS = ("vouch", "message", "refund")
_NONCE = re.compile("[0-9a-z]{10,20}")  # a part of refund numbers, which are 64 long at most


@bp.get("")
@policy("staff:orders")
def preview(slug: str) -> Response:
    """Which of the ticked orders, or of all that match, `act` will be done for."""
    deal = deal_or_404(slug)
    act = _act_or_404(request.args.get("act", ""))
    orders, left_out = _chosen(deal)
    if not orders:
        flash(_("Tick the orders first, or choose all that match."), "error")
        return redirect(_list_of(slug, Filters(request.args).query), 303)
    return _page(deal, act, orders, left_out=left_out)


@bp.post("")
@policy("staff:orders")
def carry_out(slug: str) -> Response:
    """Do it for the orders that were previewed; the same form again does nothing."""
    deal, act = deal_or_404(slug), _act_or_404(request.form.get("act", ""))
    nonce = request.form.get("nonce", "")
    if not _NONCE.fullmatch(nonce):
        abort(404)
    ids = _ids(request.form.get("orders", "").split(","))
    query = Filters.of_query(request.form.get("query", "")).query
    try:
        with transaction():
            orders = searching.orders_by_id(deal, ids)
            said = _DO[act](deal, orders, nonce)
    except BadInput as refusal:
        return _page(deal, act, searching.orders_by_id(deal, ids), problem=refusal.sentence)
    flash(said or _("That was done already: nothing was done twice."), "success")
    return redirect(_list_of(slug, query), 303)


def _vouch(deal: Deal, orders: Sequence[Order], nonce: str) -> str:
    """What was done, in words; "" when it had been done before."""
    outcome = for_many.vouch_many(deal, orders, nonce, by_id=current_user.id, now=clock.now())
    if outcome is None:
        return ""
    done, skipped = len(outcome.done), len(outcome.skipped)
    money = format_yuan(sum(order.paid_fen for order in outcome.done))
    said = ngettext(
        "Vouched for %(num)d order, %(money)s.",
        "Vouched for %(num)d orders, %(money)s.",
        done,
        money=money,
    )
    if not skipped:
        return said
    return f"{said} " + ngettext("%(num)d was skipped.", "%(num)d were skipped.", skipped)


def _tell(deal: Deal, orders: Sequence[Order], nonce: str) -> str:
    text, by_id = request.form.get("text", ""), current_user.id
    told = for_many.tell_many(deal, orders, text, nonce, by_id=by_id, now=clock.now())
    if told is None:
        return ""
    return ngettext(
        "The message goes to %(num)d person.", "The message goes to %(num)d people.", told
    )


def _give_back(deal: Deal, orders: Sequence[Order], nonce: str) -> str:
    many = giving_many.give_many(
        deal,
        orders,
        nonce,
        because=request.form.get("because", ""),
        limit_fen=limit_fen(False),
        by_id=current_user.id,
        now=clock.now(),
    )
    if many is None:
        return ""
    back = format_yuan(sum(each.fen for each in many.plans))
    return ngettext(
        "%(num)d order was given back, %(money)s.",
        "%(num)d orders were given back, %(money)s.",
        len(many.plans),
        money=back,
    )


_DO: dict[str, Callable[[Deal, Sequence[Order], str], str]] = {
    "vouch": _vouch,
    "message": _tell,
    "refund": _give_back,
}


def _act_or_404(act: str) -> str:
    """One of ACTS; giving money back is for leaders only."""
    if act not in ACTS or (act == "refund" and not desk().is_leader):
        abort(404)
    return act


def _plan(deal: Deal, act: str, orders: Sequence[Order]) -> for_many.Plan | giving_many.Many:
    if act == "vouch":
        return for_many.plan_vouching(deal, orders)
    if act == "refund":
        return giving_many.plan_many(orders, limit_fen(False))
    return for_many.plan_message(orders)


def _chosen(deal: Deal) -> tuple[list[Order], int]:
    """The ticked orders, or with `all` those that match, and how many were too many."""
    if request.args.get("all") != "1":
        return searching.orders_by_id(deal, _ids(request.args.getlist("order"))), 0
    conditions = searching.matching(deal, Filters(request.args).wanted)
    ids = searching.ids_of(conditions)
    return searching.orders_by_id(deal, ids[: for_many.MOST]), max(0, len(ids) - for_many.MOST)


def _ids(typed: Sequence[str]) -> list[int]:
    ids = (id_or_none(text) for text in typed[: for_many.MOST])
    return [row_id for row_id in ids if row_id is not None]


def _page(
    deal: Deal, act: str, orders: Sequence[Order], *, left_out: int = 0, problem: str = ""
) -> Response:
    page = render_template(
        f"leaders/orders_{act}.html",
        deal=deal,
        now=clock.now(),
        plan=_plan(deal, act, orders),
        ids=",".join(str(order.id) for order in orders),
        left_out=left_out,
        most=for_many.MOST,
        nonce=request.form.get("nonce") or public_id(20),
        query=request.form.get("query") or Filters(request.args).query,
        because=clean(request.form.get("because", ""))[:200],
        text=clean(request.form.get("text", ""))[:1000],
        longest=for_many.LONGEST_MESSAGE,
        problem=problem,
    )
    return make_response(page, 422 if problem else 200)


def _list_of(slug: str, query: str) -> str:
    return f"{url_for('lead_orders.index', slug=slug)}?{query}".rstrip("?")
