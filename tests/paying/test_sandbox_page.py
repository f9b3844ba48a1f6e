"""Paying by the sandbox from the order to the money, however it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import jobs
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.payments.models import Payment
from groupbuy.payments.providers import sandbox
from tests.paying.stage import begun, payments, refunds, shopper

LATER = timedelta(seconds=30)


def kinds_told(order) -> set[str]:
    wanted = sa.select(Notice.kind).where(Notice.order_id == order.id)
    return set(db.session.scalars(wanted))


def send_refunds() -> None:
    db.session.rollback()
    jobs.send_refunds(clock.now() + timedelta(minutes=1))


def test_paying_leads_back_to_a_page_that_says_so(app: Flask):
    someone = shopper(app)
    assert "¥ 37.80" in someone.read()
    answer = someone.end_with("pay")
    assert (answer.status_code, answer.location) == (303, someone.page)
    assert someone.now_is() == ("placed", 3780, 0)
    page = someone.read()
    assert "Paid" in page
    assert "number 1 in the roll" in page
    assert "Demo payment" in someone.read(f"/o/{someone.order.number}")
    assert kinds_told(someone.order) == {"ordered_online", "paid"}


def test_after_a_failure_another_way_is_as_good(app: Flask):
    someone = shopper(app)
    someone.end_with("fail")
    assert someone.now_is() == ("pending", 0, 0)
    page = someone.read()
    assert "choose another way" in page
    asked = someone.client.post(f"{someone.page}/ask")
    assert asked.status_code == 303
    assert "has no payment of yours yet" in someone.read()
    answer = someone.go_to_pay("cash")
    assert (answer.status_code, answer.location) == (303, f"/o/{someone.order.number}")
    first, second = payments(someone.order)
    assert (first.state, first.way, second.state, second.way) == (
        "void",
        "sandbox",
        "begun",
        "cash",
    )
    assert (someone.order.way, someone.order.pay_by) == ("cash", None)


def test_after_a_failure_the_same_attempt_can_be_paid(app: Flask):
    someone = shopper(app)
    someone.end_with("fail")
    someone.end_with("pay")
    assert someone.now_is() == ("placed", 3780, 0)
    assert len(payments(someone.order)) == 1


def test_what_came_twice_goes_back_by_itself(app: Flask):
    someone = shopper(app)
    someone.end_with("twice")
    assert someone.now_is() == ("placed", 7560, 3780)
    [back] = refunds(someone.order)
    assert (back.why, back.state, back.amount_fen) == ("duplicate", "requested", 3780)
    page = someone.read()
    assert "Paid more than once" in page
    assert "On its way back" in page
    send_refunds()
    [back] = refunds(someone.order)
    assert back.state == "succeeded"
    assert "Paid back" in someone.read()
    assert "Paid back" in someone.read(f"/o/{someone.order.number}")
    assert kinds_told(someone.order) == {"ordered_online", "paid", "duplicate_money", "refunded"}


def test_money_that_came_too_late_goes_back_by_itself(app: Flask):
    someone = shopper(app)
    someone.end_with("late")
    assert someone.now_is() == ("cancelled", 3780, 3780)
    [back] = refunds(someone.order)
    assert back.why == "late"
    assert "came too late" in someone.read()
    send_refunds()
    assert refunds(someone.order)[0].state == "succeeded"
    assert {"late_money", "refunded"} < kinds_told(someone.order)


def test_a_payment_that_nobody_told_of_is_found_by_asking(app: Flask):
    someone = shopper(app)
    someone.end_with("silent")
    assert someone.now_is() == ("pending", 0, 0)
    assert "Waiting to hear" in someone.read()
    db.session.rollback()
    jobs.ask_payments(clock.now() + LATER)
    assert someone.now_is() == ("placed", 3780, 0)


def test_whoever_says_that_they_paid_has_the_provider_asked(app: Flask):
    someone = shopper(app)
    someone.end_with("silent")
    assert someone.client.post(f"{someone.page}/ask").location == someone.page
    assert someone.now_is() == ("placed", 3780, 0)


def test_what_has_ended_cannot_be_paid_on_its_page(app: Flask):
    someone = shopper(app)
    payment = begun(someone)
    address = f"/sandbox/pay/{payment.out_trade_no}"
    sandbox.close(payment.out_trade_no)
    for act in ("pay", "fail", "twice", "silent"):
        assert someone.client.post(address, data={"act": act}).location == address
    assert "has ended" in someone.read(address)
    assert someone.now_is() == ("pending", 0, 0)
    someone.client.post(address, data={"act": "late"})
    assert someone.now_is() == ("cancelled", 3780, 3780)
    assert someone.client.post(address, data={"act": "late"}).location == address
    assert someone.now_is() == ("cancelled", 3780, 3780)
    assert "This is paid" in someone.read(address)


@pytest.mark.parametrize("act", ["", "steal", "\x00"])
def test_an_unknown_ending_is_none(app: Flask, act: str):
    someone = shopper(app)
    address = f"/sandbox/pay/{begun(someone).out_trade_no}"
    assert someone.client.post(address, data={"act": act}).status_code == 400
    assert someone.now_is() == ("pending", 0, 0)


@pytest.mark.parametrize("number", ["GBNOBODY", "%00", "x" * 40, "é"])
def test_there_is_no_page_for_a_number_that_is_none(app: Flask, number: str):
    assert app.test_client().get(f"/sandbox/pay/{number}").status_code == 404
    assert app.test_client().post(f"/sandbox/pay/{number}").status_code == 404


def test_there_is_no_such_page_where_money_is_real(app: Flask, monkeypatch):
    someone = shopper(app)
    address = f"/sandbox/pay/{begun(someone).out_trade_no}"
    monkeypatch.setitem(app.config, "SANDBOX_PAY", False)
    assert someone.client.get(address).status_code == 404
    assert someone.client.post(address, data={"act": "pay"}).status_code == 404
    assert someone.go_to_pay().status_code == 422
    assert db.session.scalars(sa.select(Payment.state)).all() == ["begun"]
