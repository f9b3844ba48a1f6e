"""Cash of a deal that has not changed hands yet: who still pays, and who gets some back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from groupbuy.accounts.models import PickupPoint
from groupbuy.core.db import AnySelect, sum_of
from groupbuy.core.text import mask_name
from groupbuy.deals.board import COUNTED_STATES
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.orders.searching import contact_of
from groupbuy.payments import refunds
from groupbuy.payments.models import Payment, Refund
from groupbuy.pickup import handover
from groupbuy.pickup.bags import OrdersChanged
from groupbuy.pickup.models import Pickup
from groupbuy.pickup.packing import place_of

KINDS = ("vouch", "collect", "give")
PAGE_SIZE = 50
_OWED = Order.due_fen - Order.paid_fen + Order.refunded_fen


@dataclass
class Debt:
    """`fen` of one kind that is to change hands with one household at one point.

    Of the kind "vouch" each order stands alone: that is how the leader vouches. `orders` are
    those it is about, by roll number; `pickup` is the household's bag, None before the closing.
    """

    fen: int
    orders: list[Order]
    pickup: Pickup | None = None

    @property
    def point(self) -> PickupPoint:
        return self.orders[0].point

    @property
    def contact(self) -> dict[str, str]:
        """As orders.searching.contact_of says."""
        return contact_of(self.orders[0])

    @property
    def masked_name(self) -> str:
        return mask_name(self.contact["name"])

    @property
    def place(self) -> str:
        """“3-2-501”, as much of it as is known."""
        return place_of(self.contact)

    @property
    def order_ids(self) -> list[int]:
        return [order.id for order in self.orders]


class Sum(NamedTuple):
    """What is to change hands: fen, of `many` orders (to vouch for) or households."""

    fen: int
    many: int


class _Kind(NamedTuple):
    """Which rows are meant, and their sum; `apart`: one debt per order."""

    fen: Any
    conditions: tuple[Any, ...]
    apart: bool = False


_MEANT: Mapping[str, _Kind] = {
    "vouch": _Kind(Order.due_fen, (Order.state == "pending",), apart=True),
    "collect": _Kind(_OWED, (Order.state.in_(COUNTED_STATES), _OWED > 0)),
    "give": _Kind(Refund.amount_fen, (Refund.state != "succeeded", Payment.way == "cash")),
}


def sums(deal: Deal) -> dict[int, dict[str, Sum]]:
    """Point id -> kind -> what is open there, in one statement per kind; settled points are not in.

    Added up they are what orders.figures tells of the deal.
    """
    found: dict[int, dict[str, Sum]] = {}
    for kind, meant in _MEANT.items():
        counted = Order.id if meant.apart else Order.member_id
        rows = _about(deal, kind, Order.point_id, sum_of(meant.fen), _number_of(counted))
        for point_id, fen, many in db.session.execute(rows.group_by(Order.point_id)):
            found.setdefault(point_id, {})[kind] = Sum(fen, many)
    return found


def debts(deal: Deal, kind: str, *, point_id: int | None, page: int) -> list[Debt]:
    """A page, counted from 1, of the debts of `kind`, point by point, by roll number.

    In three statements, however many there are.
    """
    meant = _MEANT[kind]
    key = (Order.point_id, Order.member_id, *((Order.id,) if meant.apart else ()))
    rows = _about(deal, kind, *key, sum_of(meant.fen).label("fen"))
    if point_id is not None:
        rows = rows.where(Order.point_id == point_id)
    first = sa.func.min(Order.roll_no)
    rows = rows.group_by(*key).order_by(Order.point_id, first.is_(None), first, *key[1:])
    shown = db.session.execute(rows.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    return _filled(deal, kind, shown) if shown else []


def take(pickup: Pickup, fen: int, *, by_id: int | None, now: datetime) -> None:
    """The household paid the `fen` that its bag still costs.

    Raises OrdersChanged, and books nothing, when by now another sum is owed.
    """
    if handover.collect_cash(pickup, by_id=by_id, now=now) != fen:
        raise OrdersChanged


def give_back(deal: Deal, ids: Sequence[int], fen: int, *, by_id: int | None, now: datetime) -> int:
    """The leader gave back in cash the refunds of these order ids: `fen` in all; returns how many.

    Raises OrdersChanged when by now another sum is to go back, or somebody else gave it.
    """
    own = sa.select(Refund).join(Order, Order.id == Refund.order_id).join(Refund.payment)
    own = own.where(Order.deal_id == deal.id, Order.id.in_(ids), *_MEANT["give"].conditions)
    open_ones = db.session.scalars(own.order_by(Refund.id).with_for_update(of=Refund)).all()
    if not open_ones or sum(refund.amount_fen for refund in open_ones) != fen:
        raise OrdersChanged
    for refund in open_ones:
        refunds.finish_cash(refund, by_id=by_id, now=now)
    return len(open_ones)


def orders_to_give(deal: Deal, point_id: int | None) -> list[int]:
    """Ids of the orders of which cash is to go back, at one point or at all."""
    rows = _about(deal, "give", Order.id).distinct()
    if point_id is not None:
        rows = rows.where(Order.point_id == point_id)
    return list(db.session.scalars(rows.order_by(Order.id)))


def _about(deal: Deal, kind: str, *columns: Any) -> AnySelect:
    rows = sa.select(*columns).select_from(Order)
    if kind == "give":
        rows = rows.join(Refund, Refund.order_id == Order.id).join(Refund.payment)
    return rows.where(Order.deal_id == deal.id, *_MEANT[kind].conditions)


def _number_of(column: Any) -> sa.ColumnElement[int]:
    return sa.func.count(column.distinct())


def _filled(deal: Deal, kind: str, shown: Sequence[Any]) -> list[Debt]:
    """The debts of the rows (point id, member id, perhaps order id, fen)."""
    places = {(row.point_id, row.member_id) for row in shown}
    there = sa.tuple_(Order.point_id, Order.member_id).in_(places)
    meant = _about(deal, kind, Order.id).where(there)
    loaded = sa.select(Order).join(Order.member).where(Order.id.in_(meant))
    eager = (contains_eager(Order.member), joinedload(Order.point))
    by_place: dict[Any, list[Order]] = {}
    for order in db.session.scalars(loaded.options(*eager).order_by(Order.roll_no, Order.id)):
        place = (order.point_id, order.member_id)
        by_place.setdefault(place, []).append(order)
        by_place.setdefault((*place, order.id), []).append(order)
    bags = _bags(deal, [place[1] for place in places]) if kind == "collect" else {}
    return [Debt(r.fen, by_place[tuple(r[:-1])], bags.get(tuple(r[:2]))) for r in shown]


def _bags(deal: Deal, member_ids: Sequence[int]) -> dict[tuple[int, int], Pickup]:
    own = sa.select(Pickup).where(Pickup.deal_id == deal.id, Pickup.member_id.in_(member_ids))
    return {(bag.point_id, bag.member_id): bag for bag in db.session.scalars(own)}
