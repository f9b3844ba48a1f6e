"""A household's bags at the gate: what is in them, handing them over, taking it back."""

from __future__ import annotations

import re
from collections.abc import Sequence

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts.staff import Post
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import id_or_none, parse_quantity
from groupbuy.core.tokens import public_id
from groupbuy.extensions import db
from groupbuy.leaders.gate_answers import green, red
from groupbuy.leaders.gate_desk import opened_by, place_of, post_at, remember
from groupbuy.leaders.gate_shown import Shown, shown_of
from groupbuy.pickup import handover, progress, together
from groupbuy.pickup.bags import COLLECTIBLE
from groupbuy.pickup.finding import Opened
from groupbuy.pickup.household import siblings
from groupbuy.pickup.models import Handover, Pickup
from groupbuy.pickup.proxies import PassEnded
from groupbuy.pickup.together import Act, Chosen

bp = Blueprint("gate_bag", __name__, url_prefix="/g")
_GIVE = re.compile("give-([0-9]{1,18})-([0-9]{1,18})")
Page = str | Response | tuple[str, int]


@bp.get("/bags/<key>")
@policy("staff:pickup")
def show(key: str) -> Page:
    """Everything the household collects here tonight; red at once when nothing can be given."""
    now = clock.now()
    try:
        opened, post = opened_by(key)
    except RuleBroken as refusal:
        return red(refusal, None, now=now)
    shown = shown_of(siblings(opened.pickup), opened, now=now)
    try:
        _require_something(opened, post, shown)
    except RuleBroken as refusal:
        return red(refusal, shown, now=now)
    return render_template(
        "gate/bag.html",
        shown=shown,
        post=post,
        key=key,
        nonce=public_id(20),
        progress=progress.tonight(post.leader, frozenset([opened.pickup.point_id]), now=now),
        now=now,
    )


@bp.post("/bags/<key>/hand-over")
@policy("staff:pickup")
def hand_over(key: str) -> Page:
    """Give what is ticked, or everything; the page's nonce makes a second tap harmless."""
    now, opened = clock.now(), None
    try:
        opened, post = opened_by(key)  # before: others wait for the end of a transaction
        together.require_point(opened.pickup, place_of(post))
        with transaction():
            bags, chosen = _ticked(opened)
            act = Act(request.form.get("nonce", ""), current_user.id, now)
            fen = id_or_none(request.form.get("cash", "0")) or 0
            done = together.give(bags, act, chosen=chosen, cash_fen=fen, proxy=opened.proxy)
    except RuleBroken as refusal:
        shown = shown_of(siblings(opened.pickup), opened, now=now) if opened else None
        return red(refusal, shown, now=now)
    answer = redirect(url_for(".done", handover_id=done[0].id), 303)
    remember(answer, done[0])
    return answer


@bp.get("/done/<handover_id>")
@policy("staff:pickup")
def done(handover_id: str) -> Page:
    """Green: what was handed over, by whom, and for ten minutes the way back."""
    first, post = _handover_or_404(handover_id)
    pickups = siblings(db.session.get_one(Pickup, first.pickup_id))
    return green(first, pickups, post, now=clock.now())


@bp.post("/done/<handover_id>/undo")
@policy("staff:pickup")
def undo(handover_id: str) -> Page:
    """Take the whole act back: every bag it gave."""
    first, _post = _handover_or_404(handover_id)
    now, bag = clock.now(), db.session.get_one(Pickup, first.pickup_id)
    try:
        with transaction():
            because = request.form.get("because", "")
            for one in together.given_by(siblings(bag), first.nonce) or [first]:
                handover.undo(one, because=because, by_id=current_user.id, now=now)
    except BadInput as refusal:
        return green(first, siblings(bag), _post, now=now, wrong=refusal.sentence)
    except RuleBroken as refusal:
        return red(refusal, shown_of(siblings(bag), Opened(bag, None), now=now), now=now)
    flash(_("Taken back. The bag is waiting again."), "success")
    return redirect(url_for(".show", key=bag.id), 303)


def _require_something(opened: Opened, post: Post, shown: Shown) -> None:
    """Raises why nothing of it can be handed over here and now."""
    pickup, proxy = opened
    together.require_point(pickup, place_of(post))
    if proxy and proxy.ended_at and pickup.state in COLLECTIBLE:
        raise PassEnded
    if not shown.ready:
        lines = [line for bag in shown.household.bags if bag.pickup is pickup for line in bag.lines]
        handover.require_ready(pickup, lines, clock.now())


def _ticked(opened: Opened) -> tuple[Sequence[Pickup], Chosen | None]:
    """The bags of which something is ticked, and what; without any box, all that is ready."""
    chosen: dict[int, dict[int, int]] = {}
    for name, typed in request.form.items():
        box = _GIVE.fullmatch(name)
        if box:
            chosen.setdefault(int(box[1]), {})[int(box[2])] = _pieces(typed)
    if not chosen and "all" in request.form:
        ready = [bag for bag in siblings(opened.pickup) if bag.state == "ready"]
        return ready or [opened.pickup], None
    if not chosen:
        raise BadInput("pieces", _("Choose what to hand over."))
    others = chosen.keys() - {opened.pickup.id}
    if others:
        bags = [bag for bag in siblings(opened.pickup) if bag.id in chosen]
    else:
        bags = [opened.pickup]
    if len(bags) < len(chosen):
        raise handover.UnknownCode
    return bags, chosen


def _pieces(typed: str) -> int:
    try:
        return parse_quantity(typed)
    except ValueError:
        raise BadInput("pieces", _("Choose what to hand over.")) from None


def _handover_or_404(handover_id: str) -> tuple[Handover, Post]:
    """A handover of a leader for whom whoever asks hands over."""
    row_id = id_or_none(handover_id)
    found = (
        row_id is not None
        and db.session.scalars(sa.select(Handover).where(Handover.id == row_id)).one_or_none()
    )
    post = post_at(found.leader_id) if found else None
    if not found or post is None:
        abort(404)
    if not post.serves(db.session.get_one(Pickup, found.pickup_id).point_id):
        abort(404)  # a helper of one point takes nothing back at another
    return found, post
