"""How far paying an order is, by what is in the database alone."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.members.order_reading import Money, money_of
from groupbuy.orders.models import LIVE_STATES, Order
from groupbuy.payments.models import Payment


class Paying(NamedTuple):
    """`stage` is to_pay, waiting, over, paid, late or ended; the page has words for each.

    `payment` is the attempt its provider was told of last; `until` when the time to pay ends.
    """

    stage: str
    payment: Payment | None
    until: datetime | None
    money: Money
    is_double: bool
    is_stale: bool  # the sum has changed since `payment` was begun, or its time is over


def paying_of(order: Order, now: datetime) -> Paying:
    """How far paying `order` is."""
    payment = db.session.scalars(
        sa.select(Payment)
        .where(Payment.order_id == order.id, Payment.method != "")
        .order_by(Payment.id.desc())
        .limit(1)
    ).first()
    money = money_of(order)
    whys = {refund.why for refund in money.refunds}
    stage = _stage(order, payment, now)
    if stage == "ended" and "late" in whys:
        stage = "late"
    over = payment is not None and (payment.state == "void" or _is_over(payment, now))
    stale = stage == "to_pay" and over
    return Paying(stage, payment, until(order), money, "duplicate" in whys, stale)


def until(order: Order) -> datetime | None:
    """Until when `order` may be paid; None: as long as it is owed."""
    if order.state != "pending":
        return None
    ends = [at for at in (order.pay_by, order.deal.closes_at) if at]
    return min(ends, default=None)


def can_be_paid_online(order: Order, now: datetime) -> bool:
    """Whether the order's page should lead to paying."""
    ends = until(order)
    return order.state in LIVE_STATES and order.owed_fen > 0 and (ends is None or ends > now)


def _stage(order: Order, payment: Payment | None, now: datetime) -> str:
    if order.state not in (*LIVE_STATES, "fulfilled"):
        return "ended"
    if not order.owed_fen:
        return "paid"
    if not can_be_paid_online(order, now):
        return "over"
    if payment is None or payment.state != "begun" or payment.begun_with is None:
        return "to_pay"
    return "to_pay" if _is_over(payment, now) else "waiting"


def _is_over(payment: Payment, now: datetime) -> bool:
    return payment.expires_at is not None and payment.expires_at <= now
