"""One notification, ten times at the same moment and ten times later: the money is booked once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import money_jobs
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.tokens import public_id
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.orders import paying
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.models import Order, OrderEvent
from groupbuy.payments import ledger
from groupbuy.payments.ledger import Leg
from groupbuy.payments.models import LedgerTxn, MoneyCase, Payment, Refund
from groupbuy.payments.providers.reports import Paid
from tests.checks import count
from tests.paying.stage import begun, notify, shopper, told_of
from tests.paying.tellers import FEN, WAYS, Teller, telling
from tests.races.together import Answers, together

pytestmark = pytest.mark.races
TEN = 10


@pytest.fixture(autouse=True)
def wide_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """More connections than a web process has, so that all really are inside at once."""
    monkeypatch.setenv("DATABASE_POOL_SIZE", "16")


def tell_ten_times_at_once(app: Flask, teller: Teller, *others: Callable[[], Any]) -> Answers:
    """Ten copies, each sent by a thread of its own to the application; the HTTP statuses."""
    copies = [teller.copy() for _turn in range(TEN)]
    db.session.rollback()
    sends = [lambda copy=copy: notify(app, *copy, teller.way).status_code for copy in copies]
    return together(app, [*sends, *others])


def facts(teller: Teller) -> dict[str, int]:
    """How often what a payment brings about has been written down."""
    db.session.rollback()
    mine = Payment.order_id == teller.order_id
    return {
        "payments": count(Payment, mine, Payment.state == "confirmed"),
        "in the ledger": count(LedgerTxn, LedgerTxn.order_id == teller.order_id),
        "in the history": count(
            OrderEvent, OrderEvent.order_id == teller.order_id, OrderEvent.kind == "paid"
        ),
        "messages": count(Notice, Notice.order_id == teller.order_id, Notice.kind == "paid"),
        "cases": count(MoneyCase),
        "refunds": count(Refund),
    }


ONCE = {"payments": 1, "in the ledger": 1, "in the history": 1, "messages": 1}
ONCE |= {"cases": 0, "refunds": 0}


@pytest.mark.parametrize("way", WAYS)
def test_ten_at_once_and_ten_later_confirm_once(shared_app: Flask, way: str):
    with telling(shared_app, way) as teller:
        assert tell_ten_times_at_once(shared_app, teller) == [200] * TEN
        assert (teller.now_is(), facts(teller)) == (("placed", FEN, 0), ONCE)
        for _turn in range(TEN):
            assert notify(shared_app, *teller.copy(), way).status_code == 200
        assert (teller.now_is(), facts(teller)) == (("placed", FEN, 0), ONCE)


@pytest.mark.parametrize("way", WAYS)
def test_ten_at_once_while_the_poller_finds_the_same_money_confirm_once(
    shared_app: Flask, way: str
):
    with telling(shared_app, way) as teller:

        def poll() -> str:
            told = money_jobs.ask_about(teller.payment_id, now=clock.now())
            return told.state if told else "silence"

        answers = tell_ten_times_at_once(shared_app, teller, poll, poll)
        assert answers == [*[200] * TEN, "paid", "paid"]
        assert (teller.now_is(), facts(teller)) == (("placed", FEN, 0), ONCE)


@pytest.mark.parametrize("way", WAYS)
def test_ten_at_once_for_an_order_that_was_cancelled_go_back_once(shared_app: Flask, way: str):
    with telling(shared_app, way) as teller:
        with transaction():
            order = db.session.get_one(Order, teller.order_id)
            cancel_order(order, now=clock.now(), actor_id=None)
        assert tell_ten_times_at_once(shared_app, teller) == [200] * TEN
        assert teller.now_is() == ("cancelled", FEN, FEN)
        [back] = db.session.scalars(sa.select(Refund))
        assert (back.amount_fen, back.why) == (FEN, "late")


def test_ten_at_once_of_a_refund_book_it_once(shared_app: Flask):
    """Only WeChat Pay tells by itself that one refund has arrived."""
    with telling(shared_app, "wechat") as teller:
        with transaction():
            order = db.session.get_one(Order, teller.order_id)
            cancel_order(order, now=clock.now(), actor_id=None)
        assert notify(shared_app, *teller.copy(), "wechat").status_code == 200
        [(refund_id, number)] = db.session.execute(sa.select(Refund.id, Refund.out_refund_no))
        money_jobs.send_refund(refund_id, now=clock.now())
        teller.fake.finish_refund(number)
        notice = teller.fake.refund_notice(number)
        arrived = teller._replace(copy=lambda: teller.fake.sealed(notice))
        assert tell_ten_times_at_once(shared_app, arrived) == [200] * TEN
        assert notify(shared_app, *arrived.copy(), "wechat").status_code == 200
        assert db.session.scalars(sa.select(Refund.state)).all() == ["succeeded"]
        assert count(LedgerTxn, LedgerTxn.kind == "refund_succeeded") == 1
        assert count(Notice, Notice.kind == "refunded") == 1


def test_one_transaction_told_of_two_attempts_at_once_is_booked_once(shared_app: Flask):
    """By number of transaction: were it a fault of the provider's, one order would be paid."""
    payments = [begun(shopper(shared_app)) for _order in range(2)]
    copies = [told_of(payment, transaction_no="SBone") for payment in payments]
    db.session.rollback()
    sends = [lambda copy=copy: notify(shared_app, *copy).status_code for copy in copies] * 5
    answers = together(shared_app, sends)
    db.session.rollback()
    assert set(answers) <= {200, 500}  # at the same instant the unique key refuses; they come again
    assert [send() for send in sends] == [200] * TEN
    assert count(MoneyCase, MoneyCase.kind == "same_transaction") == 1
    assert sorted(db.session.scalars(sa.select(Order.paid_fen))) == [0, FEN]
    assert count(LedgerTxn) == 1


@pytest.mark.parametrize("way", WAYS)
def test_control_without_lock_guard_and_unique_key_ten_at_once_are_ten_payments(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, way: str
):
    app: Flask = request.getfixturevalue("shared_app")  # unseen by the fixture that checks all
    everybody = threading.Barrier(TEN)

    def receive_naively(told: Paid, way: str, *, now: datetime) -> str:
        """Look whether it is paid, then write; nothing makes sure that this is still so."""
        [payment] = db.session.scalars(
            sa.select(Payment).where(Payment.out_trade_no == told.out_trade_no)
        )
        payment_id, order_id, state = payment.id, payment.order_id, payment.state
        db.session.rollback()
        everybody.wait(60)
        if state == "confirmed":
            return "again"
        confirmed = {"state": "confirmed", "transaction_no": told.transaction_no}
        db.session.execute(sa.update(Payment).where(Payment.id == payment_id).values(confirmed))
        more = {"paid_fen": Order.paid_fen + told.amount_fen}
        db.session.execute(sa.update(Order).where(Order.id == order_id).values(more))
        legs = Leg(f"cash:{way}", 0, told.amount_fen), Leg("order", order_id, -told.amount_fen)
        ledger.enter("payment", f"payment:{public_id(8)}", legs, now=now, order_id=order_id)
        return "paid"

    monkeypatch.setattr(paying, "receive", receive_naively)
    with telling(app, way) as teller:
        assert tell_ten_times_at_once(app, teller) == [200] * TEN
        assert teller.now_is() == ("pending", TEN * FEN, 0)
        assert facts(teller)["in the ledger"] == TEN
