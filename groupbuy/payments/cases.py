"""Money that nobody can place by rule: it is kept in suspense and shown to the operator."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from groupbuy.core.db import insert_once
from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.payments.ledger import Leg
from groupbuy.payments.models import MoneyCase, Payment
from groupbuy.payments.providers.reports import Paid


def open_case(
    kind: str, key: str, *, now: datetime, detail: dict[str, Any] | None = None, **about: int | None
) -> bool:
    """Open a case once; False: it is known. `about`: leader_id, payment_id, refund_id."""
    row = {"kind": kind, "key": f"{kind}:{key}", "opened_at": now, "detail": detail or {}, **about}
    found: Any = db.session.execute(
        insert_once(MoneyCase).values(closed_because="", **row),
        execution_options={"preserve_rowcount": True},
    )
    return bool(found.rowcount == 1)


def unknown_money(told: Paid, way: str, *, now: datetime) -> Literal["unknown"]:
    """A provider has money for a number that is not ours."""
    key = f"{way}:{told.out_trade_no}:{told.transaction_no}"
    is_new = open_case("unknown_payment", key, now=now, detail=_of(told, way))
    if is_new and told.currency == "CNY":
        _suspend(told, way, now)
    return "unknown"


def wrong_money(payment: Payment, told: Paid, *, now: datetime) -> Literal["wrong"]:
    """Another sum or currency than was asked for, or the same attempt paid a second time."""
    key = f"{payment.way}:{payment.out_trade_no}:{told.transaction_no}"
    about = {"leader_id": payment.leader_id, "payment_id": payment.id}
    detail = _of(told, payment.way)
    if open_case("wrong_payment", key, now=now, detail=detail, **about) and told.currency == "CNY":
        _suspend(told, payment.way, now)
    return "wrong"


def same_money(payment: Payment, told: Paid, *, now: datetime) -> Literal["wrong"]:
    """A transaction that is booked is told of another attempt, too: it is there once."""
    about = {"leader_id": payment.leader_id, "payment_id": payment.id}
    key = f"{payment.way}:{payment.out_trade_no}:{told.transaction_no}"
    open_case("same_transaction", key, now=now, detail=_of(told, payment.way), **about)
    return "wrong"


def _suspend(told: Paid, way: str, now: datetime) -> None:
    legs = (Leg(f"cash:{way}", 0, told.amount_fen), Leg("suspense", 0, -told.amount_fen))
    ledger.enter("suspense", f"suspense:{way}:{told.transaction_no}", legs, now=now)


def _of(told: Paid, way: str) -> dict[str, Any]:
    return {
        "way": way,
        "out_trade_no": told.out_trade_no,
        "transaction_no": told.transaction_no,
        "fen": told.amount_fen,
        "currency": told.currency,
    }
