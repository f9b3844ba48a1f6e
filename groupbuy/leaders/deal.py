"""A deal at a glance: key numbers, what comes next, every item's pieces side by side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.money import format_yuan
from groupbuy.deals import board
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, desk
from groupbuy.orders.figures import Figures, figures, item_figures, milestones
from groupbuy.words import full_time

bp = Blueprint("lead_deal", __name__, url_prefix="/lead/deals/<slug>")


class Next(NamedTuple):
    """What comes next: a sentence, what it means, and where to go ("" for nowhere)."""

    tone: str
    sentence: str
    more: str
    address: str = ""
    act: str = ""


class Event(NamedTuple):
    """A line of the deal's life; `is_done` tells the past from what is still to come."""

    words: str
    at: datetime
    is_done: bool


@bp.get("")
@policy("staff:orders")
def show(slug: str) -> str:
    """The overview of a deal, a draft too."""
    deal = deal_or_404(slug)
    now = clock.now()
    numbers = figures(deal)
    reached = board.progress(deal).towards(deal.minimum_kind) if deal.minimum else 0
    return render_template(
        "leaders/deal_overview.html",
        deal=deal,
        now=now,
        numbers=numbers,
        reached=reached,
        items=item_figures(deal),
        steps=sorted(_events(deal, now), key=lambda event: event.at),
        coming=_next(deal, numbers, now),
    )


def _next(deal: Deal, numbers: Figures, now: datetime) -> Next:
    """By the phase; a helper is offered no page that is the leader's alone."""
    phase = deal.phase(now)
    if phase == "open":
        return _while_open(deal, numbers, now)
    if phase in ("failed", "cancelled"):
        return _after_it_ended(deal, numbers)
    if phase == "arrived":
        return _at_the_point(deal, numbers)
    return {"draft": _draft, "upcoming": _upcoming, "closing": _closing, "closed": _closed}[phase](
        deal, now
    )


def _draft(deal: Deal, _now: datetime) -> Next:
    return Next(
        "info",
        _("This is a draft: nobody sees it yet."),
        _("Look it over, then publish it."),
        *(
            (url_for("lead_editor.edit", slug=deal.slug), _("Finish it"))
            if desk().is_leader
            else ()
        ),
    )


def _upcoming(deal: Deal, now: datetime) -> Next:
    assert deal.opens_at  # of every published deal
    opens = full_time(deal.opens_at, now)
    return Next(
        "info",
        _("It opens by itself on %(time)s.", time=opens),
        _("Tell the group now, so that they can have a look."),
        url_for("sharing.show", slug=deal.slug),
        _("Share it"),
    )


def _while_open(deal: Deal, numbers: Figures, now: datetime) -> Next:
    assert deal.closes_at  # of every published deal
    closes = _("Closes %(time)s", time=full_time(deal.closes_at, now))
    if numbers.to_vouch and not deal.pay_at_pickup:
        orders = ngettext(
            "%(num)d order waits for your word: is the money there?",
            "%(num)d orders wait for your word: is the money there?",
            numbers.to_vouch,
        )
        money = _(
            "%(money)s in all. What is not vouched for by the closing is let go.",
            money=format_yuan(numbers.to_vouch_fen),
        )
        address = url_for("lead_orders.index", slug=deal.slug, only="unvouched")
        return Next("warn", orders, f"{money} {closes}", address, _("Look at them"))
    share = url_for("sharing.show", slug=deal.slug)
    return Next("info", closes, _("Nothing waits for you."), share, _("Share it"))


def _closing(deal: Deal, _now: datetime) -> Next:
    return Next(
        "warn",
        _("The deal is being closed."),
        _("In a moment the purchase lists are here. Nothing can be ordered any more."),
        *_if_may("count_in", "lead_lists.index", deal, _("Purchase lists")),
    )


def _closed(deal: Deal, _now: datetime) -> Next:
    return Next(
        "info",
        _("When the goods come, count them in."),
        _("Then everybody is told, and what is missing is shared out and paid back."),
        *_if_may("count_in", "lead_arrival.index", deal, _("Count in")),
    )


def _at_the_point(deal: Deal, numbers: Figures) -> Next:
    left = numbers.bags - numbers.collected
    if not left:
        return Next("ok", _("Every bag is collected."), _("This deal is done."))
    bags = ngettext(
        "%(num)d bag is still to be collected.", "%(num)d bags are still to be collected.", left
    )
    more = _("%(done)s of %(all)s are gone.", done=numbers.collected, all=numbers.bags)
    return Next("info", bags, more, *_if_may("pickup", "lead_board.show", deal, _("Pickup board")))


def _after_it_ended(deal: Deal, numbers: Figures) -> Next:
    why = deal.ended_because
    if not numbers.to_give:
        return Next("", _("This deal has ended, nothing is left to do."), why)
    people = ngettext(
        "%(num)d person gets %(money)s back from you.",
        "%(num)d people get %(money)s back from you.",
        numbers.to_give,
        money=format_yuan(numbers.to_give_fen),
    )
    address = url_for("lead_money.show", slug=deal.slug) if desk().is_leader else ""
    return Next("bad", people, why, address, _("Give it back") if address else "")


def _if_may(right: str, endpoint: str, deal: Deal, act: str) -> tuple[str, str]:
    return (url_for(endpoint, slug=deal.slug), act) if desk().may(right) else ("", "")


def _events(deal: Deal, now: datetime) -> Iterator[Event]:
    """What happened to the deal, and what is fixed to happen."""
    ended = deal.state in ("failed", "cancelled")
    goods = milestones(deal)
    closed = _("Called off") if deal.state == "cancelled" else _("Closed")
    facts = [
        (_("Opens") if deal.opens_at and deal.opens_at > now else _("Opened"), deal.opens_at),
        (closed, deal.closed_at),
        (_("Purchase lists made"), goods.listed_at),
        (_("A supplier answered"), goods.answered_at),
        (_("Counted in"), goods.counted_at),
        (_("Shared out, everybody told"), goods.shared_out_at),
    ]
    if deal.closed_at is None:
        facts.append((_("Closing"), deal.closes_at))
    if deal.state == "draft":
        facts.append((_("Draft written"), deal.created_at))
    if not ended:
        facts += [
            (_("Pickup begins"), deal.pickup_starts_at),
            (_("Pickup ends"), deal.pickup_ends_at),
        ]
    return (Event(words, at, at <= now) for words, at in facts if at)
