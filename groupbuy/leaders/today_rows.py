"""What needs the leader now: one sentence a row, its consequence in numbers, when, one button."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from groupbuy.core.money import format_yuan
from groupbuy.core.text import label
from groupbuy.deals.models import Deal
from groupbuy.leaders import today_goods as goods
from groupbuy.leaders.today_row import Row
from groupbuy.support import desk_facts as facts
from groupbuy.support import desk_work
from groupbuy.support.desk_work import Desk
from groupbuy.words import full_time

SOON = timedelta(hours=24)  # before a closing that may come to nothing


def rows(desk: Desk) -> list[Row]:
    """The most urgent first; what has no hour comes last."""
    found: list[Row] = []
    if desk.post.may("orders"):
        found += [*_to_vouch(desk), *_may_fail(desk), *_questions(desk)]
    if desk.post.may("count_in"):
        found += goods.lists(desk)
    if desk.post.may("pickup"):
        found += [*goods.tonight(desk), *goods.left(desk), *goods.doubles(desk)]
    never = desk.now + timedelta(days=10_000)
    return sorted(found, key=lambda row: row.due_at or never)


def _to_vouch(desk: Desk) -> Iterator[Row]:
    waiting = desk_work.to_vouch(desk)
    for deal in desk.deals:
        pending = waiting.get(deal.id)
        if pending is None or deal.closes_at is None:
            continue
        count = ngettext(
            "%(num)d order not vouched for", "%(num)d orders not vouched for", pending.orders
        )
        yield Row(
            _tone(deal.closes_at, desk.now),
            "i-cash",
            _("%(count)s: %(deal)s", count=count, deal=deal.title),
            _(
                "%(money)s in cash; what nobody vouches for by then expires and frees its stock",
                money=format_yuan(pending.due_fen),
            ),
            deal.closes_at,
            full_time(deal.closes_at, desk.now),
            url_for("lead_orders.index", slug=deal.slug, state="pending"),
            _("Vouch"),
        )


def _may_fail(desk: Desk) -> Iterator[Row]:
    """Deals that close within a day and have not reached their minimum."""
    for deal in desk.deals:
        if deal.state != "open" or not deal.closes_at or deal.closes_at > desk.now + SOON:
            continue
        placed = desk.of(deal, "placed")
        missing = deal.minimum - placed.towards(deal.minimum_kind)
        if deal.minimum_kind == "none" or missing <= 0:
            continue
        yield Row(
            _tone(deal.closes_at, desk.now),
            "i-users-group",
            _(
                "%(deal)s: %(missing)s still missing",
                deal=deal.title,
                missing=missing_words(deal, missing),
            ),
            ngettext(
                "If nobody comes any more, %(num)d order with %(money)s goes back by itself",
                "If nobody comes any more, %(num)d orders with %(money)s go back by themselves",
                placed.orders,
                money=format_yuan(placed.paid_fen),
            ),
            deal.closes_at,
            full_time(deal.closes_at, desk.now),
            url_for("sharing.show", slug=deal.slug),
            _("Share"),
        )


def missing_words(deal: Deal, missing: int) -> str:
    """How far `deal` is from its minimum: “4 people”, “¥120.00”."""
    if deal.minimum_kind == "persons":
        return ngettext("%(num)d person", "%(num)d people", missing)
    if deal.minimum_kind == "pieces":
        return ngettext("%(num)d piece", "%(num)d pieces", missing)
    return format_yuan(missing)


def _questions(desk: Desk) -> Iterator[Row]:
    count, newest = facts.questions_of(desk.post)
    if newest is None:
        return
    yield Row(
        "warn",
        "i-headset",
        ngettext("%(num)d call for help", "%(num)d calls for help", count),
        f"“{label(newest.text, 60)}”",
        newest.at,
        _("newest %(time)s", time=full_time(newest.at, desk.now)),
        url_for("lead_messages.index"),
        _("Read and answer"),
    )


def _tone(due_at: datetime, now: datetime) -> str:
    return "bad" if due_at <= now + timedelta(hours=1) else "warn"
