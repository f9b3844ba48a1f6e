"""What an act on a deal would touch, in numbers, to be read before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from groupbuy.core.db import sum_of
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.purchasing.models import PurchaseList


class Stakes(NamedTuple):
    """Live orders, those of them that nobody vouched for, and the fen that people have paid."""

    orders: int
    unpaid: int
    kept_fen: int


def stakes(deal: Deal) -> Stakes:
    """Counted in one statement."""
    live = Order.state.in_(("pending", "placed", "confirmed"))
    unpaid = sum_of(sa.case((Order.state == "pending", 1), else_=0))
    kept = sum_of(Order.paid_fen - Order.refunded_fen)
    counted = sa.select(sa.func.count(), unpaid, kept).where(Order.deal_id == deal.id, live)
    return Stakes(*(int(each) for each in db.session.execute(counted).one()))


def lists_of(deal: Deal) -> Sequence[PurchaseList]:
    """The purchase lists of `deal` with their suppliers."""
    own = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    loaded = own.options(joinedload(PurchaseList.supplier))
    return db.session.scalars(loaded.order_by(PurchaseList.id)).all()
