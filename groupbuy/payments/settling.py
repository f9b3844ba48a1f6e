"""`refunds.settle` for many orders at once: a shortage can touch ten thousand."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, sum_of
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments import attempts, ledger
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers import online_ways

_OVERPAID = Order.paid_fen - Order.refunded_fen - Order.due_fen
_LEFT = Payment.amount_fen - Payment.refunded_fen
_CAN_GO_BACK = (Payment.order_id == Order.id, Payment.state == "confirmed", _LEFT > 0)


def settle_all(orders: AnySelect, *, why: str, key: str, now: datetime) -> None:
    """Bring the money of the orders whose ids `orders` selects in line with what they cost now.

    What was paid too much goes back from each order's payments in turn, and attempts still open
    ask for the new sum. `key` names the reason: a payment is refunded once for it, or a unique
    constraint breaks. The caller has locked the orders. Raises ValueError when an order was
    overpaid by more than its payments hold.
    """
    overpaid = (Order.id.in_(orders), _OVERPAID > 0)
    held = sa.select(sum_of(_LEFT)).where(*_CAN_GO_BACK).scalar_subquery()
    wrong = db.session.scalar(sa.select(Order.id).where(*overpaid, held < _OVERPAID).limit(1))
    if wrong:
        raise ValueError(f"order {wrong} was overpaid by more than its payments hold")
    parts = _parts(overpaid)
    known = db.session.scalar(sa.select(sa.func.max(Refund.id))) or 0
    _insert_refunds(parts, why, key, now)
    its_key = Refund.out_refund_no.endswith(f"-{key}", autoescape=True)
    new = (Refund.id > known, Refund.order_id.in_(orders), its_key)
    ledger.refunds_requested(sa.select(Refund.id).where(*new))
    given_back = sa.update(Payment).where(Payment.id == parts.c.payment_id)
    _run(given_back.values(refunded_fen=Payment.refunded_fen + parts.c.amount_fen))
    _run(sa.update(Order).where(*overpaid).values(refunded_fen=Order.refunded_fen + _OVERPAID))
    attempts.reprice(orders)


def _parts(overpaid: tuple[sa.ColumnElement[bool], ...]) -> sa.Subquery:
    """What each payment gives back: as much as it holds, until its order has everything."""
    up_to_here = sa.func.sum(_LEFT).over(partition_by=Payment.order_id, order_by=Payment.id)
    asked = _OVERPAID - (sa.cast(up_to_here, sa.BigInteger) - _LEFT)
    return (
        sa.select(
            Payment.leader_id,
            Payment.order_id,
            Payment.id.label("payment_id"),
            Payment.way,
            Payment.out_trade_no,
            sa.case((asked < 0, 0), (asked < _LEFT, asked), else_=_LEFT).label("amount_fen"),
        )
        .join(Order, sa.and_(*_CAN_GO_BACK))
        .where(*overpaid)
        .subquery()
    )


def _insert_refunds(parts: sa.Subquery, why: str, key: str, now: datetime) -> None:
    at = sa.literal(now, Refund.__table__.c.requested_at.type)
    columns = {
        "out_refund_no": parts.c.out_trade_no + sa.literal(f"-{key}"),
        "state": sa.literal("requested"),
        "why": sa.literal(why),
        "requested_at": at,
        "next_try_at": sa.case((parts.c.way.in_(online_ways()), at)),
    }
    kept = [column for column in parts.c if column.name not in ("way", "out_trade_no")]
    rows = sa.select(*kept, *columns.values()).where(parts.c.amount_fen > 0)
    _run(sa.insert(Refund).from_select([*(c.name for c in kept), *columns], rows))


def _run(statement: sa.Update | sa.Insert) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
