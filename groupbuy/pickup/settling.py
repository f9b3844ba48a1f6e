"""`refunds.settle` for many orders at once: a shortage can touch ten thousand."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, sum_of, text_of
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments.models import Payment, Refund

_OVERPAID = Order.paid_fen - Order.refunded_fen - Order.due_fen


def settle_all(orders: AnySelect, *, why: str, key: str, now: datetime) -> None:
    """Bring the money of the orders whose ids `orders` selects in line with what they cost now.

    What was paid too much goes back from each order's payments in turn, and attempts still open
    ask for the new sum. The same `key` again breaks a unique constraint. The caller has locked
    the orders. Raises ValueError when the payments do not hold what an order was overpaid.
    """
    _request_overpaid(orders, why, key, now)
    added = (Refund.out_refund_no == _number(key), Refund.payment_id == Payment.id)
    _update(
        sa.update(Payment)
        .where(Payment.order_id.in_(orders), *added)
        .values(refunded_fen=Payment.refunded_fen + Refund.amount_fen)
    )
    back = (
        sa.select(Payment.order_id, sum_of(Refund.amount_fen).label("fen"))
        .where(Payment.order_id.in_(orders), *added)
        .group_by(Payment.order_id)
        .subquery()
    )
    _update(
        sa.update(Order)
        .where(Order.id == back.c.order_id)
        .values(refunded_fen=Order.refunded_fen + back.c.fen)
    )
    _update(
        sa.update(Payment)
        .where(Payment.order_id.in_(orders), Payment.state == "begun", Order.id == Payment.order_id)
        .values(amount_fen=Order.due_fen)
    )
    if db.session.scalar(sa.select(Order.id).where(Order.id.in_(orders), _OVERPAID > 0).limit(1)):
        raise ValueError("an order was overpaid by more than its payments hold")


def _request_overpaid(orders: AnySelect, why: str, key: str, now: datetime) -> None:
    left = Payment.amount_fen - Payment.refunded_fen
    up_to_here = sa.func.sum(left).over(partition_by=Payment.order_id, order_by=Payment.id)
    asked = _OVERPAID - (sa.cast(up_to_here, sa.BigInteger) - left)
    parts = (
        sa.select(
            Payment.leader_id,
            Payment.order_id,
            Payment.id.label("payment_id"),
            _number(key).label("out_refund_no"),
            sa.case((asked < left, asked), else_=left).label("amount_fen"),
        )
        .join(Order, Order.id == Payment.order_id)
        .where(Order.id.in_(orders), _OVERPAID > 0, Payment.state == "confirmed", left > 0)
        .subquery()
    )
    constants = {
        "state": sa.literal("requested"),
        "why": sa.literal(why),
        "requested_at": sa.literal(now, Refund.__table__.c.requested_at.type),
    }
    rows = sa.select(*parts.c, *constants.values()).where(parts.c.amount_fen > 0)
    columns = [*parts.c.keys(), *constants]
    db.session.execute(sa.insert(Refund).from_select(columns, rows))


def _number(key: str) -> sa.ColumnElement[str]:
    return sa.literal("R") + text_of(Payment.id) + sa.literal(f"-{key}")


def _update(statement: sa.Update) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
