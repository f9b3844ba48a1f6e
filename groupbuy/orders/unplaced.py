"""Money that could not be placed by rule, and cases about money: a person says what they were."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core import action_log
from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.core.text import clean, label
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.orders.paying import Outcome
from groupbuy.payments import attempts, ledger
from groupbuy.payments.ledger import Leg
from groupbuy.payments.models import LedgerTxn, MoneyCase, Payment
from groupbuy.payments.providers.reports import Paid


class MoneyStillThere(RuleBroken):
    """The case holds money: it is sent back or booked, not talked away."""

    message = _l("This money is still with us. Send it back, or book it to an order.")


class NotForThatOrder(RuleBroken):
    """The attempt that the money came with belongs to another order, or holds other money."""

    message = _l("This money cannot be booked to that order. Send it back instead.")


def suspended_fen(case: MoneyCase) -> int:
    """What of `case` lies in suspense: 0 when it is about no money, or that has been placed."""
    keys = [_key(case), f"closed-{_key(case)}"]
    known = set(
        db.session.scalars(sa.select(LedgerTxn.idem_key).where(LedgerTxn.idem_key.in_(keys)))
    )
    return int(case.detail.get("fen", 0)) if known == {keys[0]} else 0


def close(case: MoneyCase, because: str, *, by_id: int, now: datetime) -> None:
    """A case about no money of its own is dealt with. Raises MoneyStillThere, BadInput, WrongState.

    BadInput: without a reason.
    """
    _lock(case)
    if suspended_fen(case):
        raise MoneyStillThere
    _close(case, because, by_id, now)


def sent_back(case: MoneyCase, because: str, *, by_id: int, now: datetime) -> int:
    """The operator gave the money back on the provider's own site; returns the fen.

    Raises WrongState when there is none of it, or BadInput without a reason.
    """
    _lock(case)
    fen = _out_of_suspense(case, "suspense_sent_back", by_id, now)
    _close(case, because, by_id, now)
    return fen


def book(case: MoneyCase, number: str, because: str, *, by_id: int, now: datetime) -> Outcome:
    """The money is for the order with this number: it is received there as any money is.

    So it places the order, or goes back by itself when that is not what it owes. Raises
    BadInput, NotForThatOrder, or WrongState when there is no money any more.
    """
    own = sa.select(Order).where(Order.number == clean(number))
    order = db.session.scalars(own).one_or_none()
    if order is None:
        raise BadInput("number", _l("There is no order with this number."))
    _lock(case)
    fen = _out_of_suspense(case, "suspense_booked", by_id, now)
    told = _paid(case, fen)
    _make_room(order, told, case.detail["way"], now)
    outcome = paying.receive(told, case.detail["way"], now=now)
    _close(case, because or order.number, by_id, now)
    return outcome


def _lock(case: MoneyCase) -> None:
    db.session.refresh(case, with_for_update=True)


def _out_of_suspense(case: MoneyCase, kind: str, by_id: int, now: datetime) -> int:
    fen = suspended_fen(case)
    if not fen or case.closed_at:
        raise WrongState("closed", "closed")
    legs = (Leg("suspense", 0, fen), Leg(f"cash:{case.detail['way']}", 0, -fen))
    ledger.enter(kind, f"closed-{_key(case)}", legs, now=now, actor_id=by_id)
    return fen


def _make_room(order: Order, told: Paid, way: str, now: datetime) -> None:
    """An attempt of `order` that asks for just this money under the number it came with."""
    its = sa.select(Payment).where(Payment.out_trade_no == told.out_trade_no)
    payment = db.session.scalars(its).one_or_none()
    if payment is None:
        row = attempts.beginning(order, now=now, way=way)
        row |= {"out_trade_no": told.out_trade_no, "amount_fen": told.amount_fen}
        db.session.add(Payment(**row))
    elif payment.order_id != order.id or payment.state == "confirmed" or payment.way != way:
        raise NotForThatOrder
    else:
        payment.amount_fen = told.amount_fen
    db.session.flush()


def _paid(case: MoneyCase, fen: int) -> Paid:
    number = str(case.detail["out_trade_no"])
    if not 0 < len(number) <= 32:
        raise NotForThatOrder
    return Paid(number, "paid", str(case.detail["transaction_no"]), fen)


def _key(case: MoneyCase) -> str:
    """Of the transaction that put the money into suspense."""
    return f"suspense:{case.detail.get('way')}:{case.detail.get('transaction_no')}"


def _close(case: MoneyCase, because: str, by_id: int, now: datetime) -> None:
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say what came of it."))
    if case.closed_at:
        raise WrongState("closed", "closed")
    case.closed_at, case.closed_by_id, case.closed_because = now, by_id, because
    db.session.flush()
    action_log.note(
        "money_case_closed",
        f"case:{case.id}",
        actor_id=by_id,
        leader_id=case.leader_id,
        now=now,
        because=because,
        kind=case.kind,
    )
