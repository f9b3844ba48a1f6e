"""What a provider tells may come in any order, twice, or crossed with our own questions."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.payments import attempts, refunding
from groupbuy.payments.models import LedgerEntry, LedgerTxn, Payment, Refund
from groupbuy.payments.providers.reports import Paid, Refunded
from tests import factories
from tests.checks import assert_everything_true
from tests.conftest import NOON

EVENTS = ("created", "paid", "paid again", "refund ok", "closed", "query")


def two_attempts() -> tuple[Order, Payment, Payment]:
    """An order whose first attempt was given up for a second; the provider knows of both."""
    order = factories.make_order(factories.make_deal(), 2)
    first = attempts.switch(order, "wechat", now=NOON)
    attempts.tell(first, "native", NOON, now=NOON)
    second = attempts.switch(order, "alipay", now=NOON)
    attempts.tell(second, "wap", NOON, now=NOON)
    return order, first, second


def told_paid(payment: Payment) -> Paid:
    return Paid(
        payment.out_trade_no, "paid", f"T{payment.id}", payment.amount_fen, "CNY", paid_at=NOON
    )


def tell(event: str, first: Payment, second: Payment) -> None:
    if event == "created":
        attempts.note_begun(first.id, {"kind": "qr", "url": "weixin://"})
    elif event in ("paid", "query"):
        paying.receive(told_paid(first), "wechat", now=NOON)
    elif event == "paid again":
        paying.receive(told_paid(second), "alipay", now=NOON)
    elif event == "closed":
        attempts.end(first.id, now=NOON)
    else:
        refunds_arrive()


def refunds_arrive() -> None:
    for refund in db.session.scalars(sa.select(Refund).where(Refund.state != "succeeded")):
        refunding.write_down(
            Refunded(refund.out_refund_no, "succeeded", refund.amount_fen), now=NOON
        )


def outcome(order: Order) -> dict[str, Any]:
    """What must not depend on the order of events."""
    db.session.expire_all()
    balances: Counter[str] = Counter()
    for account, fen in db.session.execute(sa.select(LedgerEntry.account, LedgerEntry.fen)):
        balances["cash" if account.startswith("cash") else account] += fen
    kinds = db.session.scalars(sa.select(LedgerTxn.kind))
    states = db.session.scalars(sa.select(Refund.state))
    return {
        "order": (order.state, order.roll_no, order.paid_fen, order.refunded_fen),
        "payments": sorted(db.session.scalars(sa.select(Payment.state))),
        "refunds": sorted(states),
        "ledger": {account: fen for account, fen in balances.items() if fen},
        "kinds": Counter(kinds),
    }


@pytest.mark.parametrize(
    "first_event", [EVENTS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in EVENTS[1:])]
)
def test_all_orders_of_six_events_end_alike(app: Flask, first_event: str):
    order, first, second = two_attempts()
    db.session.flush()
    seen = []
    for events in permutations(EVENTS):
        if events[0] != first_event:
            continue
        with db.session.begin_nested() as before:
            for event in events:
                tell(event, first, second)
            refunds_arrive()
            seen.append(outcome(order))
            if len(seen) % 40 == 1:
                assert_everything_true()
            before.rollback()
        db.session.expire_all()
    assert len(seen) == 120
    assert all(each == seen[0] for each in seen)
    due = order.due_fen
    assert seen[0]["order"] == ("placed", 1, 2 * due, due)
    assert seen[0]["ledger"] == {"cash": due, "order": -due}
    assert seen[0]["refunds"] == ["succeeded"]
