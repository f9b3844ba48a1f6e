"""The sandbox's bill of a day, with which reading bills in is tried out."""

from __future__ import annotations

import io
import json

import pytest
import sqlalchemy as sa

from groupbuy import jobs
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.orders import changing
from groupbuy.payments.models import BillImport, MoneyCase, Payment, Refund
from tests.checks import assert_everything_true, count
from tests.leaders.orders import EN
from tests.operators.desks import as_user, make_operator
from tests.pages.reading import words
from tests.paying.stage import fresh, shopper

PAGE = "/operator/bills"


@pytest.fixture
def browser(app):
    operator = make_operator()
    operator.locale = "en"
    return as_user(app, operator)


def today() -> str:
    return clock.local(clock.now()).date().isoformat()


def bill_of(browser, day: str) -> bytes:
    answer = browser.get(f"{PAGE}/sandbox?day={day}")
    assert answer.status_code == 200
    assert f"sandbox-{day}.txt" in answer.headers["Content-Disposition"]
    return answer.data


def read_in(browser, bill: bytes) -> str:
    fields = {"way": "sandbox", "bill": (io.BytesIO(bill), "bill.txt")}
    return words(browser.post(PAGE, data=fields, headers=EN, follow_redirects=True))


def test_what_was_paid_and_given_back_is_in_the_bill_and_agrees(app, browser):
    paid, given_up = shopper(app), shopper(app)
    for someone in (paid, given_up):
        someone.end_with("pay")
    fresh()
    with transaction():
        changing.cancel_order(given_up.order, now=clock.now(), actor_id=None)
    assert jobs.send_refunds(clock.now()).done == 1
    bill = bill_of(browser, today())
    assert [json.loads(line)[0] for line in bill.splitlines()[1:]] == [
        *("payment", "payment"),
        "refund",
    ]
    assert "agree" in read_in(browser, bill)
    assert (count(BillImport), count(MoneyCase)) == (1, 0)
    assert db.session.scalars(sa.select(Refund.state)).all() == ["succeeded"]
    altered = bill.replace(f" {paid.order.due_fen},".encode(), b" 1,", 1)
    assert altered != bill
    assert "1 difference" in read_in(browser, altered)
    [case] = db.session.scalars(sa.select(MoneyCase)).all()
    known = db.session.get_one(Payment, case.payment_id)
    assert (case.kind, case.detail["fen"]) == ("bill_other_sum", 1)
    assert known.order_id == paid.order.id
    assert_everything_true("I17")


def test_a_bill_is_of_one_day_by_the_clock_on_the_wall(app, browser):
    someone = shopper(app)
    someone.end_with("pay")
    number = db.session.scalars(sa.select(Payment.out_trade_no)).one().encode()
    assert number in bill_of(browser, today())
    empty = bill_of(browser, "2026-01-01")
    assert len(empty.splitlines()) == 1
    assert empty != bill_of(browser, "2026-01-02")  # else the second would be the same bill
    assert browser.get(f"{PAGE}/sandbox").data == bill_of(browser, today())


@pytest.mark.parametrize("day", ["x", "2026-02-30", "0001-01-01", "9999-12-31", "2026-1-1"])
def test_what_is_no_day_is_asked_for_once_more(browser, day):
    answer = browser.get(f"{PAGE}/sandbox?day={day}", headers=EN, follow_redirects=True)
    if day == "9999-12-31":
        assert len(answer.data.splitlines()) == 1
    else:
        assert "Choose a day." in words(answer)


def test_where_the_sandbox_is_off_there_is_no_bill_of_it(app, browser, monkeypatch):
    assert "Download this bill" in words(browser.get(PAGE, headers=EN))
    monkeypatch.setitem(app.config, "SANDBOX_PAY", False)
    assert browser.get(f"{PAGE}/sandbox?day={today()}").status_code == 404
    assert "Download this bill" not in words(browser.get(PAGE, headers=EN))
