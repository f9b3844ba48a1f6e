"""The numbers of the week beside the same days of the week before, and their chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from babel.dates import format_date
from flask_babel import get_locale
from flask_babel import gettext as _

from groupbuy.accounts.models import Leader
from groupbuy.core.clock import local
from groupbuy.core.db import sum_of
from groupbuy.core.money import format_yuan
from groupbuy.deals.board import COUNTED_STATES
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.pickup.models import Arrival, ArrivalLine, Handover, Pickup
from groupbuy.purchasing.models import PurchaseLine

_DAYS = 7
_TOP, _BASE, _STEP, _WIDTH = 21, 122, 44, 30  # of the chart, in its own units


class Day(NamedTuple):
    """Fen taken on a day and on the same weekday before; `when` is past, now or to_come."""

    name: str
    fen: int
    before_fen: int
    when: str


class Week(NamedTuple):
    """Since Monday: fen and orders vouched for, households; pieces asked for and come; bags.

    `before_fen` is what the week before had taken by the same hour.
    """

    days: list[Day]
    fen: int
    before_fen: int
    orders: int
    households: int
    asked: int
    came: int
    bags: int
    in_time: int

    @property
    def growth(self) -> str | None:
        """“8.4” for 8.4 % more than the week before, “-3.0” for less; None without one."""
        if not self.before_fen:
            return None
        tenths = (self.fen - self.before_fen) * 1000 // self.before_fen
        return f"{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}"

    @property
    def fill_rate(self) -> str | None:
        """Usable pieces of those asked for, of the deliveries shared out this week."""
        return _percent(self.came, self.asked)

    @property
    def on_time(self) -> str | None:
        """Bags collected before the pickup ended, of the pickups that ended this week."""
        return _percent(self.in_time, self.bags)


class Bar(NamedTuple):
    """A day drawn: places and heights in the units of the chart."""

    day: Day
    x: int
    y: float
    height: float
    before_y: float
    text: str


def week_of(leader: Leader, now: datetime) -> Week:
    """The numbers of the week that `now` is in, in two statements."""
    here = local(now)
    monday = (here - timedelta(days=here.weekday())).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    fen, orders = _taken(leader, monday, now)
    today = here.weekday()
    days = [
        Day(
            format_date(monday + timedelta(days=n), "ccccc", locale=get_locale()),
            fen[_DAYS + 1 + n],
            fen[n] + (fen[_DAYS] if n == today else 0),
            "now" if n == today else "past" if n < today else "to_come",
        )
        for n in range(_DAYS)
    ]
    others = db.session.execute(sa.select(*_other_numbers(leader, monday, now))).one()
    return Week(
        days=days,
        fen=sum(fen[_DAYS + 1 :]),
        before_fen=sum(fen[: today + 1]),
        orders=sum(orders[_DAYS + 1 :]),
        households=others.households,
        asked=others.asked,
        came=others.came,
        bags=others.bags,
        in_time=others.in_time,
    )


def _taken(leader: Leader, monday: datetime, now: datetime) -> tuple[list[int], list[int]]:
    """Fen and orders by bucket: 0 to 6 the week before, but 7 what its same day took after this
    hour, 8 to 14 this week."""
    last = monday - timedelta(days=_DAYS)
    weekday = local(now).weekday()
    cases = []
    for n in range(_DAYS):
        if n == weekday:
            cases.append((Order.placed_at < now - timedelta(days=_DAYS), n))
            cases.append((Order.placed_at < last + timedelta(days=n + 1), _DAYS))
        else:
            cases.append((Order.placed_at < last + timedelta(days=n + 1), n))
    cases += [
        (Order.placed_at < monday + timedelta(days=n + 1), _DAYS + 1 + n) for n in range(_DAYS)
    ]
    bucket = sa.case(*cases, else_=2 * _DAYS).label("bucket")
    taken = (
        sa.select(bucket, sum_of(Order.due_fen), sa.func.count())
        .where(Order.leader_id == leader.id, Order.state.in_(COUNTED_STATES))
        .where(Order.placed_at >= last, Order.placed_at <= now)
        .group_by(bucket)
    )
    fen, orders = [0] * (2 * _DAYS + 1), [0] * (2 * _DAYS + 1)
    for place, amount, count in db.session.execute(taken):
        fen[place], orders[place] = amount, count
    return fen, orders


def _other_numbers(leader: Leader, monday: datetime, now: datetime) -> list[Any]:
    """Scalar subqueries, so that they come in one statement: `Week` says what they are."""
    households = sa.select(sa.func.count(Order.member_id.distinct())).where(
        Order.leader_id == leader.id,
        Order.state.in_(COUNTED_STATES),
        Order.placed_at >= monday,
        Order.placed_at <= now,
    )
    usable = ArrivalLine.received - ArrivalLine.damaged
    came = sa.case((usable > PurchaseLine.pieces, PurchaseLine.pieces), else_=usable)
    shared_out = (
        sa.select(sum_of(PurchaseLine.pieces))
        .join(ArrivalLine, ArrivalLine.purchase_line_id == PurchaseLine.id)
        .join(Arrival, Arrival.id == ArrivalLine.arrival_id)
        .where(Arrival.leader_id == leader.id, Arrival.shared_out_at >= monday)
    )
    return [
        households.scalar_subquery().label("households"),
        shared_out.scalar_subquery().label("asked"),
        shared_out.with_only_columns(sum_of(came)).scalar_subquery().label("came"),
        *_bags(leader, monday, now),
    ]


def _bags(leader: Leader, monday: datetime, now: datetime) -> list[Any]:
    """Bags of the pickups that ended, and those of them that were collected before."""
    ended = (
        sa.select(sa.func.count())
        .select_from(Pickup)
        .join(Deal, Deal.id == Pickup.deal_id)
        .where(Deal.leader_id == leader.id, Deal.pickup_ends_at >= monday)
        .where(Deal.pickup_ends_at <= now, Pickup.state.in_(("ready", "collected", "uncollected")))
    )
    punctual = sa.exists().where(
        Handover.pickup_id == Pickup.id,
        Handover.undone_at.is_(None),
        Handover.at <= Deal.pickup_ends_at,
    )
    in_time = ended.where(Pickup.state == "collected", punctual)
    return [ended.scalar_subquery().label("bags"), in_time.scalar_subquery().label("in_time")]


def bars(days: Sequence[Day]) -> list[Bar]:
    """The chart of `days`: a bar each, and a mark where the same day of the week before ended."""
    highest = max([1, *(max(day.fen, day.before_fen) for day in days)])
    return [
        Bar(
            day,
            8 + _STEP * n,
            _BASE - _high(day.fen, highest),
            _high(day.fen, highest),
            _BASE - _high(day.before_fen, highest),
            f"{day.fen // 100:,}" if day.fen else "",
        )
        for n, day in enumerate(days)
    ]


def in_words(week: Week) -> str:
    """What the chart shows, for those who cannot see it."""
    days = _(", ").join(
        _(
            "%(day)s %(money)s (week before %(before)s)",
            day=day.name,
            money=format_yuan(day.fen),
            before=format_yuan(day.before_fen),
        )
        for day in week.days
        if day.when != "to_come"
    )
    return _("Turnover of each day of this week: %(days)s", days=days)


def _high(fen: int, highest: int) -> float:
    return round((_BASE - _TOP) * fen / highest, 1)


def _percent(part: int, whole: int) -> str | None:
    """
    >>> _percent(974, 1000), _percent(5, 5), _percent(0, 0)
    ('97.4%', '100.0%', None)
    """
    return f"{part * 1000 // whole / 10:.1f}%" if whole else None
