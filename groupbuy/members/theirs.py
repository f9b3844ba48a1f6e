"""What of a deal belongs to whoever asks: their orders and their cart."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.members.basket import guest_cart
from groupbuy.members.person import me, whose
from groupbuy.orders.cart import Held
from groupbuy.orders.models import LIVE_STATES, CartLine, Order


class OwnOrder(NamedTuple):
    """What the page of the deal tells people of an order of theirs."""

    number: str
    state: str
    roll_no: int | None
    due_fen: int


class Theirs(NamedTuple):
    """Live orders, the first one first, and item id -> what is in the cart."""

    orders: list[OwnOrder]
    cart: dict[int, Held]


def theirs_in(deal_id: int) -> Theirs:
    """Read at most one statement; strangers are not looked up."""
    person = me()
    theirs = Theirs([], {} if person.user else guest_cart(deal_id))
    if not person.user and not person.guest_members:
        return theirs
    asked = {
        "deal_id": deal_id,
        "user_id": person.user.id if person.user else 0,
        "guests": person.guest_members,
    }
    for row_id, number, *rest in sorted(db.session.execute(_finding(), asked), key=_by_id):
        if number is None:
            theirs.cart[row_id] = Held(*rest[1:])
        else:
            theirs.orders.append(OwnOrder(number, *rest))
    return theirs


def _by_id(row: Any) -> int:
    return int(row[0])


@cache
def _finding() -> sa.CompoundSelect[Any]:
    """Orders, and below them the lines of the cart, which have no number; made once."""
    deal_id: Any = sa.bindparam("deal_id")
    user_id: Any = sa.bindparam("user_id")
    orders = (
        sa.select(Order.id, Order.number, Order.state, Order.roll_no, Order.due_fen)
        .join(Order.member)
        .where(Order.deal_id == deal_id, Order.state.in_(LIVE_STATES))
        .where(whose(user_id, sa.bindparam("guests", expanding=True)))
    )
    lines = sa.select(
        CartLine.item_id, sa.null(), sa.null(), CartLine.pieces, CartLine.price_fen
    ).where(CartLine.deal_id == deal_id, CartLine.user_id == user_id)
    return sa.union_all(orders, lines)
