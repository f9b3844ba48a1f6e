"""Attempts to pay: begun, then confirmed once, or void."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, rowcount
from groupbuy.core.tokens import public_id
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments import ledger
from groupbuy.payments.models import Payment


def beginning(order: Order, *, now: datetime) -> dict[str, Any]:
    """The row that asks for what `order` costs; whoever confirms it says the money is there."""
    return {
        "leader_id": order.leader_id,
        "order_id": order.id,
        "way": order.way,
        "out_trade_no": f"GB{now:%Y%m%d}{public_id(16)}".upper(),
        "state": "begun",
        "amount_fen": order.due_fen,
        "refunded_fen": 0,
        "begun_at": now,
    }


def begun(order: Order) -> Payment:
    """The attempt that is open for `order`; there is one as long as the order is pending."""
    return db.session.scalars(
        sa.select(Payment)
        .where(Payment.order_id == order.id, Payment.state == "begun")
        .order_by(Payment.id)
    ).one()


def confirm(payment: Payment, *, now: datetime, by_id: int | None) -> None:
    """Book the money of `payment` on its order. Raises WrongState when it already was."""
    payment.advance("confirmed", confirmed_at=now, confirmed_by_id=by_id)
    rowcount(
        sa.update(Order)
        .where(Order.id == payment.order_id)
        .values(paid_fen=Order.paid_fen + payment.amount_fen)
    )
    ledger.payments_confirmed(sa.select(Payment.id).where(Payment.id == payment.id))


def void_begun(orders: AnySelect) -> None:
    """End the attempts of the orders whose ids `orders` selects; late money would be a new fact."""
    Payment.advance_all("void", Payment.state == "begun", Payment.order_id.in_(orders))
