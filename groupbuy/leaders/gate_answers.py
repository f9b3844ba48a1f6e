"""The gate's full-screen answers: green for done, red for why not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from groupbuy.accounts.models import User
from groupbuy.accounts.staff import Post
from groupbuy.core.clock import local
from groupbuy.core.errors import RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.extensions import db
from groupbuy.leaders.gate_desk import post_at
from groupbuy.leaders.gate_shown import Shown, shown_of
from groupbuy.pickup import handover, progress, together
from groupbuy.pickup.finding import Opened
from groupbuy.pickup.handover import UNDO_WITHIN
from groupbuy.pickup.models import Handover, Pickup
from groupbuy.pickup.proxies import PassEnded
from groupbuy.words import full_time, since, time_span, weekday_time

Facts = list[tuple[str, str]]


def green(
    first: Handover, pickups: list[Pickup], post: Post, *, now: datetime, wrong: str = ""
) -> str | tuple[str, int]:
    """What the act of `first` gave of `pickups`; `wrong` is what an undo lacked."""
    given = together.given_by(pickups, first.nonce)
    pickup = next(one for one in pickups if one.id == first.pickup_id)
    shown = shown_of(pickups, Opened(pickup, None), now=now)
    page = render_template(
        "gate/done.html",
        shown=shown,
        handover=first,
        given=given,
        pieces=sum(line.pieces for one in given for line in one.lines),
        by=db.session.get(User, first.by_id) if first.by_id else None,
        progress=progress.tonight(post.leader, frozenset([pickup.point_id]), now=now),
        seconds_left=max(0, int((first.at + UNDO_WITHIN - now).total_seconds())),
        at=f"{weekday_time(first.at)}:{local(first.at):%S}",
        wrong=wrong,
    )
    return (page, 422) if wrong else page


def red(refusal: RuleBroken, shown: Shown | None, *, now: datetime) -> tuple[str, int]:
    """Why the bag cannot be handed over, in full, with what helps."""
    title, advice, facts = _words(refusal, shown, now)
    bag = shown and next((b for b in shown.household.bags if b.pickup is shown.pickup), None)
    page = render_template(
        "gate/refused.html",
        title=title,
        advice=advice,
        facts=facts,
        shown=shown,
        reason=type(refusal).__name__,
        key=(request.view_args or {}).get("key", ""),
        may_move=shown and _may_move(shown),
        last_handover=bag.handover.id if bag and bag.handover else None,
    )
    return page, refusal.status


def _may_move(shown: Shown) -> bool:
    """Whether the bag's point is one where they may stand."""
    post = post_at(shown.pickup.leader_id)
    return post is not None and post.serves(shown.pickup.point_id)


def _words(refusal: RuleBroken, shown: Shown | None, now: datetime) -> tuple[str, str, Facts]:
    """Title, advice and facts for a refusal; its own sentence where there is nothing better."""
    known: Any = {
        handover.UnknownCode: _unknown,
        handover.AlreadyHandedOver: _already,
        handover.OtherPoint: _other_point,
        handover.NotPaid: _not_paid,
        handover.NotArrived: _not_arrived,
        handover.BagCancelled: _cancelled,
        handover.BagEnded: _ended,
        PassEnded: _pass_ended,
    }
    words = known.get(type(refusal))
    if words is None or (shown is None and words is not _unknown):
        return _("That did not work"), refusal.sentence, []
    told: tuple[str, str, Facts] = words(refusal, shown, now)
    return told


def _unknown(_refusal: RuleBroken, _shown: Shown | None, now: datetime) -> tuple[str, str, Facts]:
    advice = _(
        "It may be an old code, or no pickup code at all. Ask them to open the pickup page again"
        " and scan once more."
    )
    return _("This code is not known"), advice, [(_("Scanned"), full_time(now, now))]


def _already(refusal: RuleBroken, shown: Shown, now: datetime) -> tuple[str, str, Facts]:
    bag = next((b for b in shown.household.bags if b.pickup is shown.pickup), None)
    facts = [(_("When"), str(refusal.facts["at"])), (_("By whom"), str(refusal.facts["by"]))]
    if bag and bag.handover:
        at = bag.handover.at
        facts[0] = (_("When"), f"{full_time(at, now)} · {since(at, now)}")
    facts.append((_("Where"), shown.pickup.point.name))
    if bag and bag.handover:
        how = _("with a pass for somebody else") if bag.by_proxy else _("with their own code")
        facts.append((_("How"), how))
    advice = _("Do not hand over again yet: ask whether somebody of the family has it.")
    return _("Already handed over"), advice, facts


def _other_point(_refusal: RuleBroken, shown: Shown, _now: datetime) -> tuple[str, str, Facts]:
    point, deal = shown.pickup.point, shown.pickup.deal
    facts = [(_("Point"), point.name)]
    if point.address:
        facts.append((_("Address"), point.address))
    if deal.pickup_starts_at:
        facts.append((_("Pickup"), time_span(deal.pickup_starts_at, deal.pickup_ends_at)))
    advice = _("Please send them to %(point)s.", point=point.name)
    return _("Not collected here"), advice, facts


def _not_paid(refusal: RuleBroken, shown: Shown, _now: datetime) -> tuple[str, str, Facts]:
    due = sum(order.due_fen for order in shown.orders)
    kept = sum(order.kept_fen for order in shown.orders)
    facts = [(_("Due"), format_yuan(due)), (_("Paid"), format_yuan(kept))]
    advice = _("%(money)s is missing. Once it is paid you can hand over.", **refusal.facts)
    return _("Not paid yet"), advice, facts


def _not_arrived(_refusal: RuleBroken, shown: Shown, now: datetime) -> tuple[str, str, Facts]:
    deal, facts = shown.pickup.deal, [(_("Deal"), shown.pickup.deal.title)]
    if deal.pickup_starts_at:
        facts.append((_("Pickup"), full_time(deal.pickup_starts_at, now)))
    advice = _("What is in this bag has not all been counted in. Please ask them to come later.")
    return _("Not here yet"), advice, facts


def _cancelled(_refusal: RuleBroken, shown: Shown, _now: datetime) -> tuple[str, str, Facts]:
    advice = _("Nothing is to be given: everything in it was cancelled or did not come.")
    return _("Cancelled"), advice, [(_("Deal"), shown.pickup.deal.title)]


def _ended(_refusal: RuleBroken, shown: Shown, _now: datetime) -> tuple[str, str, Facts]:
    endings = {
        "door": _("left at their door"),
        "neighbour": _("given to a neighbour"),
        "kept": _("kept for them"),
        "disposed": _("thrown away"),
        "refunded": _("money given back"),
    }
    facts = [(_("What became of it"), endings.get(shown.pickup.ending or "", ""))]
    if shown.pickup.ending_note:
        facts.append((_("Note"), shown.pickup.ending_note))
    return _("Not collected in time"), _("This bag has been dealt with."), facts


def _pass_ended(refusal: RuleBroken, shown: Shown, _now: datetime) -> tuple[str, str, Facts]:
    advice = _("Ask whoever sent them for a new pass, or for their own code.")
    return _("This pass has ended"), advice, [(_("Point"), shown.pickup.point.name)]
