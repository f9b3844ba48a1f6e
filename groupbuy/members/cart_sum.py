"""What a cart comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from groupbuy.deals.models import DealItem
from groupbuy.members.tiles import Tile
from groupbuy.orders.cart import Held


class CartSum(NamedTuple):
    """Kinds of goods, pieces of all of them, and what they cost today in fen."""

    kinds: int
    pieces: int
    total_fen: int


def sum_up(items: Iterable[DealItem | Tile], held: Mapping[int, Held]) -> CartSum:
    """Count `held` at today's prices of `items`; what is none of them does not count."""
    prices = {item.id: item.price_fen for item in items}
    kept = {item_id: one.pieces for item_id, one in held.items() if item_id in prices}
    total_fen = sum(prices[item_id] * pieces for item_id, pieces in kept.items())
    return CartSum(len(kept), sum(kept.values()), total_fen)
