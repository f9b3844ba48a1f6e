"""Ordering the same again: which open deal offers most of what an order had."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order


class Again(NamedTuple):
    """The deal, the pieces wanted of its items, and the names of what it does not offer."""

    deal: Deal
    wanted: dict[DealItem, int]
    missing: list[str]


def again_from(order: Order, now: datetime) -> Again | None:
    """The open deal of the same leader that offers most of `order`'s goods, or None.

    Of two that offer as much, the one that closes first.
    """
    ordered = {line.item.sku_id: line for line in order.lines}
    pieces = {
        sku_id: sum(line.quantity for line in order.lines if line.item.sku_id == sku_id)
        for sku_id in ordered
    }
    open_deals = db.session.scalars(
        sa.select(Deal)
        .where(Deal.leader_id == order.leader_id, Deal.state == "open")
        .where(Deal.opens_at <= now, Deal.closes_at > now)
        .where(Deal.items.any(DealItem.sku_id.in_(pieces)))
        .options(selectinload(Deal.items))
        .order_by(Deal.closes_at)
    )
    offers = [
        Again(
            deal,
            {item: pieces[item.sku_id] for item in deal.items if item.sku_id in pieces},
            _missing(order, deal),
        )
        for deal in open_deals
    ]
    return max(offers, key=lambda offer: len(offer.wanted), default=None)


def _missing(order: Order, deal: Deal) -> list[str]:
    offered = {item.sku_id for item in deal.items}
    return [line.item.name for line in order.lines if line.item.sku_id not in offered]
