"""Money that goes back. Counted when requested; the database refuses more than was paid.

A refund of cash is a task for the leader: it stays `requested` until he says he gave it back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.core.db import rowcount
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments import attempts, ledger
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers import online


def overpaid_fen(order: Order) -> int:
    """What `order` has been paid beyond what it costs now and what already goes back."""
    return max(0, order.paid_fen - order.refunded_fen - order.due_fen)


def request(
    order: Order,
    amount_fen: int,
    *,
    why: str,
    key: str,
    now: datetime,
    only: Payment | None = None,
) -> list[Refund]:
    """Ask for `amount_fen` of `order` to go back, from its payments in turn, or from one `only`.

    `key` names the reason within the order: the same key again breaks a unique constraint
    instead of paying twice. Raises ValueError when less than `amount_fen` is left to give back.
    """
    refunds = []
    payments = db.session.scalars(
        sa.select(Payment)
        .where(Payment.order_id == order.id, Payment.state == "confirmed")
        .order_by(Payment.id)
    )
    left = amount_fen
    for payment in [only] if only else payments:
        part = min(left, payment.amount_fen - payment.refunded_fen)
        if part > 0 and _count(Payment, payment.id, part, Payment.amount_fen):
            refunds.append(_row(payment, part, why=why, key=key, now=now))
            left -= part
    if left or not _count(Order, order.id, amount_fen, Order.paid_fen):
        raise ValueError(f"order {order.id}: {left} fen more than was paid cannot go back")
    db.session.add_all(refunds)
    db.session.flush()
    ids = [refund.id for refund in refunds]
    ledger.refunds_requested(sa.select(Refund.id).where(Refund.id.in_(ids)))
    db.session.refresh(order)
    return refunds


def settle(order: Order, *, why: str, key: str, now: datetime) -> int:
    """Bring the money in line with what `order` costs now; returns the fen that go back.

    An attempt that is still open asks for the new sum.
    """
    db.session.refresh(order)
    attempts.reprice(sa.select(Order.id).where(Order.id == order.id))
    amount_fen = overpaid_fen(order)
    if amount_fen:
        request(order, amount_fen, why=why, key=key, now=now)
    return amount_fen


def finish_cash(refund: Refund, *, by_id: int | None, now: datetime) -> None:
    """The leader gave the cash back. Raises WrongState when that was said before."""
    refund.advance("succeeded", finished_at=now, finished_by_id=by_id)
    ledger.refund_succeeded(refund)


def _count(model: Any, row_id: int, part: int, whole: Any) -> bool:
    counted = (
        sa.update(model)
        .where(model.id == row_id, model.refunded_fen + part <= whole)
        .values(refunded_fen=model.refunded_fen + part)
    )
    return rowcount(counted) == 1


def _row(payment: Payment, fen: int, *, why: str, key: str, now: datetime) -> Refund:
    return Refund(
        leader_id=payment.leader_id,
        order_id=payment.order_id,
        payment_id=payment.id,
        out_refund_no=f"{payment.out_trade_no}-{key}",
        state="requested",
        amount_fen=fen,
        why=why,
        requested_at=now,
        next_try_at=now if online(payment.way) else None,
    )
