"""Finding orders of a deal the way staff ask for them: filters in one SELECT, a page at a time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from groupbuy.accounts.models import Member
from groupbuy.core.db import sum_of
from groupbuy.core.text import clean
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import LIVE_STATES, ORDER_STATES, Order, OrderLine
from groupbuy.pickup.models import Handover, Pickup

PAGE_SIZE = 50
SORTS = ("newest", "oldest", "roll", "amount", "point")
_ROLL_NO = re.compile("#?[0-9]{1,6}")
_PHONE_TAIL = re.compile("[0-9]{4,11}")
_NUMBER = re.compile("[0-9]{8}-[0-9A-Z]{8}")


@dataclass(frozen=True)
class Wanted:
    """What is looked for; an empty value asks for nothing. `only` holds names of ONLY.

    `who`: a roll number, the last digits of a phone, an order number, or part of a name.
    `since` and `until`: when it was ordered, the second exclusive.
    """

    state: str = ""
    point_id: int | None = None
    item_id: int | None = None
    who: str = ""
    since: datetime | None = None
    until: datetime | None = None
    only: frozenset[str] = frozenset()
    sort: str = "newest"


class Found(NamedTuple):
    """An order, its household's bag if there is one, and when that was last handed over."""

    order: Order
    bag: Pickup | None
    collected_at: datetime | None


class Totals(NamedTuple):
    """What matches in all: orders, members, pieces still theirs, fen due, fen that went back."""

    orders: int
    persons: int
    pieces: int
    due_fen: int
    refunded_fen: int


def _has_line(*conditions: Any) -> sa.ColumnElement[bool]:
    own = sa.select(OrderLine.id).where(OrderLine.order_id == Order.id, *conditions)
    return own.correlate(Order).exists()


_COLD = OrderLine.item.has(DealItem.storage_class != "ambient")
_WAITING = sa.and_(
    Pickup.deal_id == Order.deal_id,
    Pickup.member_id == Order.member_id,
    Pickup.point_id == Order.point_id,
)

# What can be asked for with one tap.
ONLY: Mapping[str, sa.ColumnElement[bool]] = {
    "unvouched": Order.state == "pending",
    "waiting": sa.and_(
        Order.state == "confirmed",
        sa.select(Pickup.id).where(_WAITING, Pickup.state == "ready").correlate(Order).exists(),
    ),
    "short": sa.and_(Order.state.in_(LIVE_STATES), _has_line(OrderLine.short_pieces > 0)),
    "cold": sa.and_(Order.state.in_(LIVE_STATES), _has_line(_COLD, OrderLine.kept_pieces > 0)),
    "uncollected": sa.select(Pickup.id)
    .where(_WAITING, Pickup.state == "uncollected")
    .correlate(Order)
    .exists(),
}


def matching(deal: Deal, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    """The conditions on Order. A name or a phone is looked for in the encrypted contacts first."""
    found: list[sa.ColumnElement[bool]] = [Order.deal_id == deal.id]
    if wanted.state in ORDER_STATES:
        found.append(Order.state == wanted.state)
    if wanted.point_id is not None:
        found.append(Order.point_id == wanted.point_id)
    if wanted.item_id is not None:
        found.append(_has_line(OrderLine.item_id == wanted.item_id, OrderLine.quantity > 0))
    if wanted.since:
        found.append(Order.placed_at >= wanted.since)
    if wanted.until:
        found.append(Order.placed_at < wanted.until)
    found += [ONLY[name] for name in sorted(wanted.only) if name in ONLY]
    if who := clean(wanted.who):
        found.append(_of(deal, unicodedata.normalize("NFKC", who)))
    return found


def page_of(wanted: Wanted, conditions: Sequence[Any], page: int) -> list[Found]:
    """The orders of a page, counted from 1, with all a row shows; statements do not grow."""
    given = sa.select(sa.func.max(Handover.at)).where(
        Handover.pickup_id == Pickup.id, Handover.undone_at.is_(None)
    )
    rows = (
        sa.select(Order, Pickup, given.correlate(Pickup).scalar_subquery())
        .join(Order.member)
        .outerjoin(Pickup, _WAITING)
        .where(*conditions)
        .order_by(*_ORDER[wanted.sort if wanted.sort in _ORDER else "newest"])
        .options(
            contains_eager(Order.member),
            joinedload(Order.point),
            selectinload(Order.lines).joinedload(OrderLine.item),
        )
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return [Found(*row) for row in db.session.execute(rows)]


def totals(conditions: Sequence[Any]) -> Totals:
    """What matches, on all pages together."""
    own = sa.select(Order.id).where(*conditions)
    pieces = sa.select(sum_of(OrderLine.kept_pieces)).where(OrderLine.order_id.in_(own))
    counted = sa.select(
        sa.func.count(Order.id),
        sa.func.count(Order.member_id.distinct()),
        pieces.scalar_subquery(),
        sum_of(Order.due_fen),
        sum_of(Order.refunded_fen),
    ).where(*conditions)
    return Totals(*(int(number) for number in db.session.execute(counted).one()))


def counts(deal: Deal) -> dict[str, int]:
    """How many orders of `deal` there are ("all"), and how many each of ONLY finds."""
    columns = [sum_of(sa.case((asked, 1), else_=0)) for asked in ONLY.values()]
    counted = sa.select(sa.func.count(Order.id), *columns).where(Order.deal_id == deal.id)
    return dict(zip(("all", *ONLY), db.session.execute(counted).one(), strict=True))


def ids_of(conditions: Sequence[Any]) -> list[int]:
    """Ids of all that match, the earliest first."""
    return list(db.session.scalars(sa.select(Order.id).where(*conditions).order_by(Order.id)))


def orders_by_id(deal: Deal, ids: Sequence[int]) -> list[Order]:
    """Those of `ids` that are orders of `deal`, with their members, by id."""
    own = sa.select(Order).where(Order.deal_id == deal.id, Order.id.in_(ids))
    shown = own.options(joinedload(Order.member), joinedload(Order.point)).order_by(Order.id)
    return list(db.session.scalars(shown))


def contact_of(order: Order) -> dict[str, str]:
    """Who to call and where they live: what was said with the order, else what is known."""
    known = {"name": order.member.name, "phone": order.member.phone or ""}
    said = {name: text for name, text in (order.contact or {}).items() if text}
    return {"building": "", "unit": "", "room": ""} | known | said


_ORDER: dict[str, tuple[Any, ...]] = {
    "newest": (Order.placed_at.desc(), Order.id.desc()),
    "oldest": (Order.placed_at, Order.id),
    "roll": (Order.roll_no.is_(None), Order.roll_no, Order.id),
    "amount": (Order.due_fen.desc(), Order.id),
    "point": (Order.point_id, Order.roll_no.is_(None), Order.roll_no, Order.id),
}


def _of(deal: Deal, who: str) -> sa.ColumnElement[bool]:
    """The condition that an order is the one, or of the person, that `who` means."""
    if _NUMBER.fullmatch(who.upper()):
        return Order.number == who.upper()
    means: list[sa.ColumnElement[bool]] = []
    if _ROLL_NO.fullmatch(who):
        means.append(Order.roll_no == int(who.removeprefix("#")))
    if _PHONE_TAIL.fullmatch(who) or not means:
        means.append(Order.id.in_(_by_contact(deal, who)))
    return sa.or_(*means)


def _by_contact(deal: Deal, who: str) -> list[int]:
    """Ids of the orders whose contact has `who` in its name, or at the end of its phone."""
    columns = sa.select(Order.id, Order.contact, Member.name, Member.phone)
    rows = db.session.execute(columns.join(Order.member).where(Order.deal_id == deal.id))
    if _PHONE_TAIL.fullmatch(who):
        return [r.id for r in rows if _said(r, "phone").endswith(who)]
    return [r.id for r in rows if who in _said(r, "name") or who in r.name]


def _said(row: Any, name: str) -> str:
    """What the order's contact says, else the member's row."""
    return str((row.contact or {}).get(name) or getattr(row, name) or "")
