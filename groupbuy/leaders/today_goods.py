"""Deliveries and bags that need somebody now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from groupbuy.core.clock import local
from groupbuy.core.text import mask_name
from groupbuy.deals.models import Deal
from groupbuy.leaders.today_row import Row
from groupbuy.support import desk_facts as facts
from groupbuy.support.desk_work import Desk, over, tonights
from groupbuy.words import full_time

AT_THE_DOOR = timedelta(hours=3)  # before pickup an uncounted delivery is urgent
NEAR = timedelta(hours=36)  # before pickup a delivery is expected


def lists(desk: Desk) -> Iterator[Row]:
    closed = {deal.id: deal for deal in desk.deals if deal.state == "closed"}
    for found in facts.lists_of(closed) if closed else ():
        deal = closed[found.deal_id]
        starts = deal.pickup_starts_at
        if found.counted or (starts and starts <= desk.now + NEAR and found.answered):
            yield _to_count(deal, found, desk.now)
        elif not found.answered:
            yield _unanswered(deal, found, desk.now)
            if starts and starts <= desk.now + AT_THE_DOOR:
                yield _to_count(deal, found, desk.now)


def _to_count(deal: Deal, found: Any, now: datetime) -> Row:
    starts = deal.pickup_starts_at
    if found.counted == found.kinds:
        title, act = (
            _("%(supplier)s: counted, not shared out yet", supplier=found.supplier),
            _("Share out"),
        )
    elif found.counted:
        title, act = (
            _("%(supplier)s: the count is not finished", supplier=found.supplier),
            _("Go on counting"),
        )
    else:
        title, act = (
            _("%(supplier)s: waiting to be counted in", supplier=found.supplier),
            _("Count in"),
        )
    urgent = starts is not None and starts <= now + AT_THE_DOOR
    return Row(
        "bad" if urgent else "info",
        "i-truck-delivery",
        title,
        _goods(found),
        starts,
        _("Pickup %(time)s", time=full_time(starts, now)) if starts else "",
        url_for("lead_arrival.show", slug=deal.slug, list_id=found.id),
        act,
    )


def _unanswered(deal: Deal, found: Any, now: datetime) -> Row:
    starts = deal.pickup_starts_at
    sent = _("sent %(time)s", time=full_time(found.issued_at, now))
    return Row(
        "bad" if starts and starts <= now + AT_THE_DOOR else "warn",
        "i-message-question",
        _("%(supplier)s has not answered the purchase list", supplier=found.supplier),
        f"{_goods(found)} · {sent}",
        starts,
        _("Pickup %(time)s", time=full_time(starts, now)) if starts else "",
        url_for("lead_lists.index", slug=deal.slug),
        _("Ask again"),
    )


def _goods(found: Any) -> str:
    return _(
        "%(number)s revision %(revision)s · %(kinds)s kinds, %(pieces)s pieces",
        number=found.number,
        revision=found.revision,
        kinds=found.kinds,
        pieces=found.pieces,
    )


def tonight(desk: Desk) -> Iterator[Row]:
    """Deals that can be collected now or later today."""
    for deal in tonights(desk):
        bags = [bag for bag in desk.bags if bag.deal_id == deal.id]
        ready, cold = sum(bag.ready for bag in bags), sum(bag.cold for bag in bags)
        if not ready:
            continue
        waiting = ngettext(
            "%(num)d bag waits to be collected", "%(num)d bags wait to be collected", ready
        )
        going_on = deal.pickup_starts_at is not None and deal.pickup_starts_at <= desk.now
        yield Row(
            "info",
            "i-package",
            waiting,
            " · ".join(filter(None, [deal.title, _cold_words(cold)])),
            deal.pickup_ends_at if going_on else deal.pickup_starts_at,
            _("until %(time)s", time=_clock(deal.pickup_ends_at))
            if going_on
            else _("from %(time)s", time=_clock(deal.pickup_starts_at)),
            url_for("gate.scan"),
            _("Hand over"),
        )


def left(desk: Desk) -> Iterator[Row]:
    ended = over(desk)
    for deal_id, left in facts.left_of(ended, desk.post).items() if ended else ():
        deal = ended[deal_id]
        names = ", ".join(f"#{number} {mask_name(name)}" for number, name in left.first)
        more = " …" if left.bags > len(left.first) else ""
        assert deal.pickup_ends_at is not None
        yield Row(
            "info",
            "i-package",
            ngettext("Nobody came for %(num)d bag", "Nobody came for %(num)d bags", left.bags),
            _("%(names)s · every bag needs an ending", names=names + more),
            deal.pickup_ends_at,
            _("over since %(time)s", time=full_time(deal.pickup_ends_at, desk.now)),
            url_for("lead_board.show", slug=deal.slug, state="ready"),
            _("Bag by bag"),
        )


def doubles(desk: Desk) -> Iterator[Row]:
    for case in facts.doubles_of(desk.post):
        yield Row(
            "bad",
            "i-refresh-alert",
            ngettext(
                "%(num)d bag may have been given out twice",
                "%(num)d bags may have been given out twice",
                case.cases,
            ),
            _(
                "%(deal)s · ask who handed it over, then write down what came of it",
                deal=case.title,
            ),
            case.since,
            _("since %(time)s", time=full_time(case.since, desk.now)),
            url_for("gate_sync.cases"),
            _("Look into it"),
        )


def _cold_words(cold: int) -> str:
    return ngettext("%(num)d with cold goods", "%(num)d with cold goods", cold) if cold else ""


def _clock(instant: datetime | None) -> str:
    return f"{local(instant):%H:%M}" if instant else ""
