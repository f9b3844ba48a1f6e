"""What somebody put aside from a deal before ordering. Nothing is held by it: only orders hold.

Who writes to a cart holds its person first (`people.hold`): another device may write to it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import gettext as _

from groupbuy.core.db import insert_once, rowcount
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.form import MOST_PIECES
from groupbuy.orders.models import CartLine


class Held(NamedTuple):
    """Pieces of one item, and the price in fen at which they were put aside."""

    pieces: int
    price_fen: int


class Fit(NamedTuple):
    """How many pieces of an item make sense, and in words why not as many as were wanted."""

    pieces: int
    why: str


def fit(item: DealItem, wanted: int) -> Fit:
    """Hold `wanted` to what is left and what one person may have. The order checks again."""
    pieces, why = max(0, min(wanted, MOST_PIECES)), ""
    if item.limit_per_person is not None and pieces > item.limit_per_person:
        pieces = item.limit_per_person
        why = _("“%(item)s”: at most %(limit)s each.", item=item.name, limit=pieces)
    if item.stock is not None and pieces > item.stock - item.sold:
        pieces = item.stock - item.sold
        why = _("“%(item)s”: only %(left)s left.", item=item.name, left=pieces)
    return Fit(pieces, why)


def cart_of(user_id: int, deal: Deal) -> dict[int, Held]:
    """Item id -> what `user_id` put aside from `deal`."""
    rows = db.session.execute(
        sa.select(CartLine.item_id, CartLine.pieces, CartLine.price_fen)
        .where(CartLine.user_id == user_id, CartLine.deal_id == deal.id)
        .order_by(CartLine.item_id)
    )
    return {item_id: Held(pieces, price_fen) for item_id, pieces, price_fen in rows}


def put(user_id: int, item: DealItem, pieces: int, *, now: datetime) -> None:
    """Make the cart hold `pieces` of `item`, at today's price; 0 takes it out."""
    _write(user_id, item, Held(pieces, item.price_fen), now=now)


def empty(user_id: int, deal: Deal, item_ids: Iterable[int]) -> None:
    """Take out what has been ordered."""
    ordered = {"user_id": user_id, "deal_id": deal.id, "items": list(item_ids)}
    db.session.connection().execute(_emptying(), ordered)


@cache
def _emptying() -> sa.Delete:
    line = CartLine.__table__.c
    mine = (line.user_id == sa.bindparam("user_id"), line.deal_id == sa.bindparam("deal_id"))
    ordered = line.item_id.in_(sa.bindparam("items", expanding=True))
    return sa.delete(CartLine.__table__).where(*mine, ordered)


def adopt(user_id: int, held: Mapping[int, Held], *, now: datetime) -> None:
    """Take over what a browser held before its person signed in; of two counts the larger stays."""
    items = db.session.scalars(sa.select(DealItem).where(DealItem.id.in_(list(held))))
    for item in items:
        known = cart_of(user_id, item.deal).get(item.id)
        if known is None or known.pieces < held[item.id].pieces:
            _write(user_id, item, held[item.id], now=now)


def _write(user_id: int, item: DealItem, held: Held, *, now: datetime) -> None:
    mine = (CartLine.user_id == user_id, CartLine.item_id == item.id)
    if held.pieces == 0:
        rowcount(sa.delete(CartLine).where(*mine))
        return
    fresh: dict[str, Any] = {"pieces": held.pieces, "price_fen": held.price_fen, "changed_at": now}
    if rowcount(sa.update(CartLine).where(*mine).values(fresh)) == 0:
        whose = {"user_id": user_id, "item_id": item.id, "deal_id": item.deal_id}
        db.session.execute(
            insert_once(CartLine).values(whose | fresh | {"leader_id": item.leader_id})
        )
