"""Where providers tell what happened: once, believed by its signature, answered after COMMIT."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.extensions import csrf, db
from groupbuy.orders import paying
from groupbuy.orders.models import OrderEvent
from groupbuy.payments.models import LedgerTxn, MoneyCase, Payment
from groupbuy.payments.providers import sandbox
from tests.checks import count
from tests.paying.stage import begun, fresh, notify, refunds, shopper, told_of
from tests.races.together import together


def test_the_same_notification_ten_times_confirms_once(app: Flask):
    someone = shopper(app)
    payment = begun(someone)
    headers, body = told_of(payment)
    for _ in range(10):
        answer = notify(app, headers, body)
        assert (answer.status_code, answer.text) == (200, "ok")
    assert someone.now_is() == ("placed", 3780, 0)
    assert count(LedgerTxn, LedgerTxn.order_id == someone.order.id) == 1
    assert count(OrderEvent, OrderEvent.kind == "paid") == 1
    assert count(MoneyCase) == 0


def test_ten_at_the_same_moment_confirm_once(shared_app: Flask):
    someone = shopper(shared_app)
    payment = begun(someone)
    headers, body = told_of(payment)
    fresh()
    answers = together(shared_app, [lambda: notify(shared_app, headers, body).status_code] * 10)
    assert set(answers) == {200}
    assert someone.now_is() == ("placed", 3780, 0)
    assert count(LedgerTxn, LedgerTxn.order_id == someone.order.id) == 1
    assert count(OrderEvent, OrderEvent.kind == "paid") == 1


def test_a_forged_one_changes_nothing_and_asks_nobody(app: Flask, monkeypatch):
    someone = shopper(app)
    headers, body = told_of(begun(someone))
    monkeypatch.setattr(sandbox, "query", lambda number: pytest.fail("asked"))
    for made, content in (({}, body), (headers, body + b" "), (headers, b""), ({}, b"\x00" * 99)):
        answer = notify(app, made, content)
        assert (answer.status_code, answer.data) == (401, b"")
    for way in ("wechat", "alipay"):  # not set up here
        assert notify(app, headers, body, way).status_code == 404
    assert someone.now_is() == ("pending", 0, 0)


@pytest.mark.parametrize("way", ["cash", "paypal", "%00", "sandbox%20"])
def test_nobody_else_can_tell_anything(app: Flask, way: str):
    assert notify(app, {}, b"", way).status_code == 404


def test_an_endless_one_is_not_read(app: Flask):
    assert notify(app, {}, b"x" * (64 * 1024 + 1)).status_code == 413


def test_it_needs_no_token_of_a_form_and_is_the_only_one(app: Flask, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    someone = shopper(app)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    payment = begun(someone)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert notify(app, *told_of(payment)).status_code == 200
    assert csrf._exempt_views == {"groupbuy.paying.notifications.take"}


@pytest.mark.parametrize(
    "other",
    [{"amount_fen": 1}, {"amount_fen": 3781}, {"currency": "USD"}],
    ids=["too little", "too much", "another currency"],
)
def test_another_sum_or_currency_pays_nothing_and_becomes_a_case(app: Flask, other):
    someone = shopper(app)
    payment = begun(someone)
    for _ in range(2):
        assert notify(app, *told_of(payment, **other)).status_code == 200
    assert someone.now_is() == ("pending", 0, 0)
    assert count(MoneyCase, MoneyCase.kind == "wrong_payment") == 1


def test_money_for_a_number_that_is_not_ours_becomes_a_case(app: Flask):
    someone = shopper(app)
    payment = begun(someone)
    for _ in range(2):
        answer = notify(app, *told_of(payment, out_trade_no="GBNOBODY"))
        assert answer.status_code == 200
    assert count(MoneyCase, MoneyCase.kind == "unknown_payment") == 1


def test_it_is_not_taken_when_it_could_not_be_written_down(app: Flask, monkeypatch):
    someone = shopper(app)
    payment = begun(someone)

    def locked(*given, **more):
        raise sa.exc.OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(paying, "receive", locked)
    assert notify(app, *told_of(payment)).status_code == 503
    monkeypatch.undo()
    assert someone.now_is() == ("pending", 0, 0)
    assert notify(app, *told_of(payment)).status_code == 200
    assert someone.now_is() == ("placed", 3780, 0)


def test_two_attempts_both_paid_keep_the_first(app: Flask):
    someone = shopper(app)
    first = begun(someone)
    number = first.out_trade_no
    second = paying.begin_anew(someone.order, "page", now=first.begun_at)
    db.session.commit()
    late_first = told_of(first, transaction_no="SBfirst")
    assert notify(app, *told_of(second)).status_code == 200
    assert notify(app, *late_first).status_code == 200
    assert someone.now_is() == ("placed", 7560, 3780)
    [back] = refunds(someone.order)
    assert (back.why, back.payment.out_trade_no) == ("duplicate", number)
    assert count(Payment, Payment.state == "confirmed") == 2
