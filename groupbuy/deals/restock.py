"""Telling leaders that little is left of something, while more can still be got."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Sku
from groupbuy.core.db import AnySelect, text_of
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe


def warn_of_little_left(now: datetime) -> int:
    """Owe "restock" for each item of an open deal of which its SKU's `warn_below_pieces` are left.

    Once per item and stock: raising the stock arms the warning again. Returns how many are owed.
    """
    rows = db.session.execute(_running_low(now)).all()
    for row in rows:
        owe(
            "restock",
            row.key,
            now=now,
            leader_id=row.leader_id,
            user_id=row.user_id,
            deal_id=row.deal_id,
            detail={"item": f"{row.name} {row.spec}".strip(), "left": row.left},
        )
    return len(rows)


def _running_low(now: datetime) -> AnySelect:
    key = text_of(DealItem.id) + ":" + text_of(DealItem.stock)
    told = sa.exists().where(Notice.key == sa.literal("restock:") + key)
    left = DealItem.stock - DealItem.sold
    columns = (DealItem.leader_id, DealItem.deal_id, DealItem.name, DealItem.spec, Leader.user_id)
    return (
        sa.select(*columns, left.label("left"), key.label("key"))
        .join(Sku, Sku.id == DealItem.sku_id)
        .join(Deal, Deal.id == DealItem.deal_id)
        .join(Leader, Leader.id == DealItem.leader_id)
        .where(Deal.state == "open", Deal.opens_at <= now, Deal.closes_at > now)
        .where(left <= Sku.warn_below_pieces, ~told)  # a stock without limit is never little
        .order_by(DealItem.id)
    )
