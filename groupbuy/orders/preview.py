"""What a change would cost or give back, before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from groupbuy.deals.models import DealItem
from groupbuy.orders.models import Order


class Difference(NamedTuple):
    """Item name -> pieces taken off and put on; fen that go back and fen to pay on top."""

    less: dict[str, int]
    more: dict[str, int]
    back_fen: int
    extra_fen: int
    total_fen: int  # what the whole costs afterwards


def difference(order: Order, quantities: Mapping[int, int]) -> Difference:
    """Compare `order` with `quantities` of its own items (item id -> pieces), writing nothing.

    Pieces come off the last line of an item first, as `changing.change_order` does it; more
    pieces cost what the item costs today.
    """
    less: dict[str, int] = {}
    more: dict[str, int] = {}
    back_fen = extra_fen = 0
    items = {line.item_id: line.item for line in order.lines}
    for item_id, item in items.items():
        own = [line for line in order.lines if line.item_id == item_id]
        change = quantities.get(item_id, 0) - sum(line.kept_pieces for line in own)
        if change > 0:
            more[item.name] = change
            extra_fen += change * item.price_fen
        left = -change
        for line in reversed(own):
            part = max(0, min(left, line.kept_pieces))
            back_fen += part * line.price_fen
            left -= part
        if change < 0:
            less[item.name] = -change
    return Difference(less, more, back_fen, extra_fen, order.due_fen - back_fen + extra_fen)


def cost_of(order: Order, item: DealItem, pieces: int) -> int:
    """Fen for `pieces` of `item` in `order`: what it has at its own prices, more at today's."""
    fen, left = 0, pieces
    for line in order.lines:
        if line.item_id == item.id:
            part = min(left, line.kept_pieces)
            fen += part * line.price_fen
            left -= part
    return fen + left * item.price_fen
