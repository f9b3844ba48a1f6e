"""Money for an order: a provider says it is there, and the order gets its place, or it goes back.

Whatever comes is booked first. The first money wins; what comes twice, too late or for too little
goes back by itself, in full, from the payment it came with.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import moment
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.models import Deal
from groupbuy.deals.window import DealClosed, lock_for_paying
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders import roll
from groupbuy.orders.models import LIVE_STATES, Order
from groupbuy.orders.moving import record
from groupbuy.orders.placing import about, pay_by
from groupbuy.orders.ways import HOLD, check_way
from groupbuy.payments import attempts, cases, earning, refunds
from groupbuy.payments.models import Payment
from groupbuy.payments.providers.reports import Paid

_PAID = ("placed", "confirmed", "fulfilled")
GRACE = timedelta(minutes=10)  # paid in time by the provider's clock, but known a little later
Outcome: TypeAlias = Literal["paid", "again", "duplicate", "late", "wrong", "unknown"]


class NothingToPay(RuleBroken):
    """The order is paid, or has ended."""

    message = _l("There is nothing to pay for this order.")


def begin(order: Order, way: str, method: str, *, now: datetime) -> Payment:
    """Begin, or go on with, paying `order` in `way`; the provider is to be told afterwards.

    Raises DealClosed, NothingToPay, CashOnlyAbove, or BadInput for a way this deal does not take.
    """
    check_way(way, order.deal, order.member, order.due_fen)
    if order.state == "pending":
        lock_for_paying(order.deal)
    else:
        _is_open(order.deal)  # for its lock: an order that is placed may be paid at any time
    _lock(order)
    now = moment(now)
    if order.state not in LIVE_STATES or not order.owed_fen:
        raise NothingToPay
    if order.state == "pending" and order.deal.closes_at and order.deal.closes_at <= now:
        raise DealClosed  # it may still be deciding, but not about money that was begun now
    if order.state == "pending" and order.pay_by and order.pay_by <= now:
        raise NothingToPay
    payment = attempts.switch(order, way, now=now)
    over = payment.expires_at and payment.expires_at <= now
    if over or payment.method not in ("", method):  # a number is good for one method only
        return begin_anew(order, method, now=now)
    return _told_of(order, payment, method, now)


def begin_anew(order: Order, method: str, *, now: datetime) -> Payment:
    """Another attempt of `order` in its way, the begun one being void."""
    attempts.void_begun(sa.select(Order.id).where(Order.id == order.id))
    return _told_of(order, attempts.begun(order, now=now), method, now)


def _told_of(order: Order, payment: Payment, method: str, now: datetime) -> Payment:
    """The provider is about to be told. For cash there is as much time as if chosen first."""
    if method == "cash":
        if order.state == "pending":
            order.pay_by = pay_by("cash", order.deal, order.placed_at)
            db.session.flush()
    elif payment.next_ask_at is None:
        attempts.tell(payment, method, _expiry(order, now), now=now)
    return payment


def receive(told: Paid, way: str, *, now: datetime) -> Outcome:
    """Book what a provider says came in; the same again changes nothing.

    The order is placed if it waits for just that money and it came in time. Otherwise the money
    goes back. A sum or currency other than asked for, or an unknown number, becomes a case.
    """
    payment = db.session.scalars(
        sa.select(Payment).where(Payment.out_trade_no == told.out_trade_no, Payment.way == way)
    ).one_or_none()
    if payment is None:
        return cases.unknown_money(told, way, now=now)
    order = db.session.get_one(Order, payment.order_id)
    taken = _is_open(order.deal)
    _lock(order)
    db.session.refresh(payment, with_for_update={"key_share": True})
    if payment.state == "confirmed" and payment.transaction_no == told.transaction_no:
        return "again"
    if payment.state == "confirmed" or (told.amount_fen, told.currency) != (
        payment.amount_fen,
        "CNY",
    ):
        return cases.wrong_money(payment, told, now=now)
    same = (Payment.way == way, Payment.transaction_no == told.transaction_no)
    if db.session.scalar(sa.select(Payment.id).where(*same)):
        return cases.same_money(payment, told, now=now)
    return _book(order, payment, told, taken, now)


def _book(order: Order, payment: Payment, told: Paid, taken: bool, now: datetime) -> Outcome:
    owed, state = order.owed_fen, order.state
    paid_at = told.paid_at or now
    closes_at = order.deal.closes_at
    in_time = taken and (closes_at is None or paid_at <= closes_at + GRACE)
    enough = 0 < owed <= payment.amount_fen
    attempts.confirm(
        payment, now=now, by_id=None, transaction_no=told.transaction_no, paid_at=paid_at
    )
    detail: dict[str, Any] = {"fen": payment.amount_fen, "way": payment.way}
    if enough and state == "pending" and in_time:
        roll.enter(order, "paid", now=now, detail=detail)
    elif enough and state in _PAID:
        record(order, "paid", from_state=state, now=now, detail=detail)
        db.session.refresh(order)
        earning.paid_later(order, payment, now=now)
    else:
        return _send_back(order, payment, detail, now)
    attempts.void_begun(sa.select(Order.id).where(Order.id == order.id))
    refunds.settle(order, why="overpaid", key=f"over-{payment.id}", now=now)
    owe("paid", str(payment.id), now=now, detail={"due_fen": payment.amount_fen}, **about(order))
    return "paid"


def _send_back(order: Order, payment: Payment, detail: dict[str, Any], now: datetime) -> Outcome:
    """The whole of a payment goes back: the order is paid, has ended, or costs more by now."""
    db.session.refresh(order)
    is_double = order.state in _PAID
    why: Literal["late", "duplicate"] = "duplicate" if is_double else "late"
    refunds.request(order, payment.amount_fen, why=why, key=why, now=now, only=payment)
    record(order, f"{why}_money", from_state=order.state, now=now, detail=detail)
    told = {"due_fen": payment.amount_fen}
    references = {"detail": told, **about(order)}
    owe("duplicate_money" if is_double else "late_money", str(payment.id), now=now, **references)
    return why


def _is_open(deal: Deal) -> bool:
    """Whether the deal still takes money; its shared lock is held either way."""
    try:
        lock_for_paying(deal)
    except DealClosed:
        return False
    return True


def _lock(order: Order) -> None:
    db.session.flush()
    db.session.refresh(order, with_for_update={"key_share": True})


def _expiry(order: Order, now: datetime) -> datetime:
    """A pending order must be paid while its goods are held, and before the window closes."""
    ends = [now + HOLD]
    if order.state == "pending":
        ends += [at for at in (order.pay_by, order.deal.closes_at) if at and at > now]
    return min(ends)
