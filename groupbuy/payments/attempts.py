"""Attempts to pay: begun, then confirmed once, or void.

An order that waits for money has one attempt begun at a time, in one way. Once a provider has
been told of it (`next_ask_at`), its sum cannot change any more: then it is void, and another one
takes its place. A void attempt is asked about until the provider has ended it, because money
that comes all the same is money.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, rowcount
from groupbuy.core.inserts import insert_object
from groupbuy.core.tokens import public_id
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments import ledger
from groupbuy.payments.models import Payment

_IS_TOLD = Payment.next_ask_at.is_not(None)
ASK_AFTER = tuple(timedelta(seconds=s) for s in (15, 60, 180, 600))
ASK_AGAIN = timedelta(hours=1)
ASK_UNTIL = timedelta(hours=24)


def beginning(order: Order, *, now: datetime, way: str | None = None) -> dict[str, Any]:
    """The row that asks for what `order` still costs, in its own way or another."""
    return {
        "leader_id": order.leader_id,
        "order_id": order.id,
        "way": way or order.way,
        "method": "",
        "out_trade_no": f"GB{now:%Y%m%d}{public_id(16)}".upper(),
        "state": "begun",
        "amount_fen": order.owed_fen,
        "refunded_fen": 0,
        "begun_at": now,
        "asked": 0,
    }


def begun(order: Order, *, now: datetime) -> Payment:
    """The attempt that is open for `order`; begun anew when there is none."""
    found = db.session.scalars(
        sa.select(Payment)
        .where(Payment.order_id == order.id, Payment.state == "begun")
        .order_by(Payment.id.desc())
        .limit(1)
    ).first()
    return found or insert_object(Payment, beginning(order, now=now))


def switch(order: Order, way: str, *, now: datetime) -> Payment:
    """The attempt that is open for `order` in `way`; one that was open in another way is void."""
    payment = begun(order, now=now)
    if payment.way == way and payment.amount_fen == order.owed_fen:
        return payment
    void_begun(sa.select(Order.id).where(Order.id == order.id))
    order.way = way
    db.session.flush()
    fresh: Payment = insert_object(Payment, beginning(order, now=now))
    return fresh


def tell(payment: Payment, method: str, expires_at: datetime, *, now: datetime) -> None:
    """Note that the provider is about to be told: from now on it must be asked.

    The times for asking count from here, not from when the order was written down days ago.
    """
    told = sa.update(Payment).where(Payment.id == payment.id, Payment.state == "begun")
    values = {"method": method, "expires_at": expires_at, "next_ask_at": now + ASK_AFTER[0]}
    rowcount(told.values(begun_at=now, **values))
    db.session.refresh(payment)


def note_begun(payment_id: int, begun_with: dict[str, Any]) -> None:
    """Keep what the provider answered, for whoever opens the page again."""
    kept = sa.update(Payment).where(Payment.id == payment_id, Payment.state == "begun")
    rowcount(kept.values(begun_with=begun_with))


def confirm(payment: Payment, *, now: datetime, by_id: int | None, **provider: Any) -> None:
    """Book the money of `payment` on its order. Raises WrongState when it already was.

    `provider` may give transaction_no and paid_at as the provider told them.
    """
    payment.advance(
        "confirmed", confirmed_at=now, confirmed_by_id=by_id, next_ask_at=None, **provider
    )
    rowcount(
        sa.update(Order)
        .where(Order.id == payment.order_id)
        .values(paid_fen=Order.paid_fen + payment.amount_fen)
    )
    ledger.payments_confirmed(sa.select(Payment.id).where(Payment.id == payment.id))


def void_begun(orders: AnySelect) -> None:
    """End the attempts of the orders whose ids `orders` selects; late money would be a new fact.

    Those a provider knows of are ended there as soon as somebody can ask.
    """
    soon = sa.case((_IS_TOLD, Payment.begun_at))
    mine = (Payment.state == "begun", Payment.order_id.in_(orders))
    Payment.advance_all("void", *mine, next_ask_at=soon)


def reprice(orders: AnySelect) -> None:
    """Let the attempts of these orders ask for what the orders cost now."""
    mine = (Payment.state == "begun", Payment.order_id.in_(orders))
    Payment.advance_all("void", *mine, _IS_TOLD, next_ask_at=Payment.begun_at)
    owed = Order.due_fen - Order.paid_fen + Order.refunded_fen
    new = sa.select(sa.case((owed > 0, owed), else_=0)).where(Order.id == Payment.order_id)
    repriced = sa.update(Payment).where(*mine).values(amount_fen=new.scalar_subquery())
    db.session.execute(repriced.execution_options(synchronize_session=False))


def due(now: datetime, most: int = 200) -> list[int]:
    """Ids of the attempts to ask a provider about, the longest waiting first."""
    waiting = sa.select(Payment.id).where(Payment.next_ask_at <= now)
    return list(db.session.scalars(waiting.order_by(Payment.next_ask_at).limit(most)))


def claim(payment_id: int, *, now: datetime) -> bool:
    """Take the asking for this process; of several one gets it. The next time is set with it."""
    payment = db.session.get_one(Payment, payment_id)
    asked = payment.asked + 1
    after = payment.begun_at + ASK_AFTER[asked] if asked < len(ASK_AFTER) else now + ASK_AGAIN
    following = max(after, now + ASK_AFTER[0])
    over = following > payment.begun_at + ASK_UNTIL
    mine = sa.update(Payment).where(
        Payment.id == payment_id, Payment.asked == payment.asked, Payment.next_ask_at <= now
    )
    return rowcount(mine.values(asked=asked, next_ask_at=None if over else following)) == 1


def end(payment_id: int, *, now: datetime) -> None:
    """The provider has ended the attempt: nobody can pay it, so nobody need ask."""
    ended = sa.update(Payment).where(Payment.id == payment_id, Payment.state != "confirmed")
    rowcount(ended.values(ended_at=now, next_ask_at=None))
    Payment.advance_all("void", Payment.id == payment_id, Payment.state == "begun")
    db.session.expire_all()
