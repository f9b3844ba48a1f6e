"""What the leader's workbook is made of: orders of a deal, gathered by customer and by point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from groupbuy.accounts.models import Member, PickupPoint
from groupbuy.deals.models import DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import LIVE_STATES, Order, OrderLine
from groupbuy.orders.searching import contact_of


@dataclass
class Sold:
    """Pieces of an item at one price: what the customer gets, and what did not come."""

    item: DealItem
    price_fen: int
    pieces: int = 0
    short: int = 0
    short_fen: int = 0

    @property
    def amount_fen(self) -> int:
        return self.pieces * self.price_fen


@dataclass
class Customer:
    """The live orders of one member for one recipient at one point, by roll number."""

    member: Member
    point: PickupPoint
    contact: dict[str, str]
    orders: list[Order] = field(default_factory=list)
    sold: dict[tuple[int, int], Sold] = field(default_factory=dict)

    @property
    def due_fen(self) -> int:
        return sum(order.due_fen for order in self.orders)

    @property
    def paid_fen(self) -> int:
        return sum(order.paid_fen for order in self.orders)

    @property
    def refunded_fen(self) -> int:
        return sum(order.refunded_fen for order in self.orders)

    @property
    def owed_fen(self) -> int:
        return sum(order.owed_fen for order in self.orders)

    def answer(self, question_id: int) -> str:
        """What was answered, each answer once."""
        return self.joined(str((o.answers or {}).get(str(question_id), "")) for o in self.orders)

    @staticmethod
    def joined(texts: Iterable[str]) -> str:
        """Different texts under each other, empty ones left out."""
        return "\n".join(dict.fromkeys(filter(None, texts)))


def customers(conditions: Sequence[Any]) -> list[Customer]:
    """Those with live orders that meet `conditions` (on Order), point by point, by roll number.

    One statement; orders that were cancelled or ran out, and lines taken back, are left out.
    """
    found: dict[tuple[Any, ...], Customer] = {}
    for line in db.session.scalars(_lines(conditions)):
        order = line.order
        contact = contact_of(order)
        key = (order.point_id, order.member_id, *sorted(contact.items()))
        customer = found.get(key)
        if customer is None:
            customer = found[key] = Customer(order.member, order.point, contact)
        if not customer.orders or customer.orders[-1] is not order:
            customer.orders.append(order)
        _add(customer, line)
    return sorted(found.values(), key=lambda c: (c.point.id, *_by_roll_no(c.orders[0])))


def _add(customer: Customer, line: OrderLine) -> None:
    if line.quantity == line.cancelled_pieces:
        return
    key = (line.item_id, line.price_fen)
    sold = customer.sold.setdefault(key, Sold(line.item, line.price_fen))
    sold.pieces += line.kept_pieces
    sold.short += line.short_pieces
    sold.short_fen += line.short_fen


def _by_roll_no(order: Order) -> tuple[bool, int, int]:
    """Orders that have no number yet come last, as they were made."""
    return order.roll_no is None, order.roll_no or 0, order.id


def _lines(conditions: Sequence[Any]) -> sa.Select[Any]:
    return (
        sa.select(OrderLine)
        .join(OrderLine.order)
        .join(Order.member)
        .join(Order.point)
        .join(OrderLine.item)
        .where(*conditions, Order.state.in_(LIVE_STATES))
        .options(
            contains_eager(OrderLine.order).contains_eager(Order.member),
            contains_eager(OrderLine.order).contains_eager(Order.point),
            contains_eager(OrderLine.item).joinedload(DealItem.supplier),
        )
        .order_by(Order.roll_no.is_(None), Order.roll_no, Order.id, OrderLine.position)
    )
