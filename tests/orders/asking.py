"""Changing an order of three items, and what became of its pieces and its money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.changing import change_order
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm
from groupbuy.payments.models import Payment, Refund
from tests import factories
from tests.conftest import NOON

HOUR = timedelta(hours=1)


def three_items(**values: Any) -> Deal:
    leader = factories.make_leader()
    skus = [factories.make_sku(leader, price_fen=price) for price in (1000, 200, 30)]
    return factories.make_deal(leader=leader, skus=skus, **values)


def change(order: Order, *pieces: int, version: int | None = None, **values: Any) -> Order | None:
    """Change `order` to `pieces` of the deal's items in their order."""
    form = factories.form_for(order.deal, *pieces, **values)
    version = order.version if version is None else version
    return change_order(order, form, version=version, now=NOON + HOUR, actor_id=None)


def change_to(order: Order, quantities: Mapping[int, int]) -> None:
    form = OrderForm(quantities, order.point_id, "k")
    change_order(order, form, version=order.version, now=NOON, actor_id=None)


def kept(order: Order) -> list[int]:
    """Pieces kept of each item of the deal."""
    return [
        sum(line.kept_pieces for line in order.lines if line.item_id == item.id)
        for item in order.deal.items
    ]


def sold(deal: Deal) -> list[int]:
    db.session.expire_all()
    return [item.sold for item in deal.items]


def asked_for(order: Order) -> list[tuple[str, int]]:
    rows = sa.select(Payment.state, Payment.amount_fen).where(Payment.order_id == order.id)
    return [(state, fen) for state, fen in db.session.execute(rows.order_by(Payment.id))]


def refunds(order: Order) -> list[tuple[int, str]]:
    rows = sa.select(Refund.amount_fen, Refund.state).where(Refund.order_id == order.id)
    return [(fen, state) for fen, state in db.session.execute(rows.order_by(Refund.id))]
