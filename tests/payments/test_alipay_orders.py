"""An order paid by Alipay, from the button to the refund, with answers that get lost on the way."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from groupbuy import money_jobs
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch
from groupbuy.payments import attempts, refunding
from groupbuy.payments.models import MoneyCase, Payment, Refund
from groupbuy.payments.providers import alipay, alipay_gateway
from groupbuy.payments.providers.reports import Attempt, Unreachable
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def begun(alipay_there) -> tuple[Order, Payment]:
    """An order whose resident has opened Alipay's page."""
    with transaction():
        order = factories.make_order(factories.make_deal(), 2)
        payment = paying.begin(order, "alipay", "wap", now=NOON)
    told = Attempt(
        payment.out_trade_no,
        payment.amount_fen,
        "鸡蛋",
        payment.method,
        payment.expires_at,
        "https://tuan.example/o/1",
        "https://tuan.example/pay/alipay/notify",
    )
    alipay_there.visit(alipay.begin(told).url)
    return order, payment


def notify(fake) -> list[str]:
    """Book what waits to be sent, as the page of notifications does."""
    outcomes = []
    for _url, headers, body in fake.waiting:
        with transaction():
            outcomes.append(paying.receive(alipay.parse(headers, body), "alipay", now=NOON))
    fake.waiting.clear()
    return outcomes


def test_a_notification_places_the_order_and_ten_more_change_nothing(alipay_there, begun):
    order, payment = begun
    for _ in range(11):
        alipay_there.pay(payment.out_trade_no, NOON)
    assert notify(alipay_there) == ["paid"] + ["again"] * 10
    assert (order.state, order.paid_fen, payment.state) == ("placed", 7560, "confirmed")


def test_without_a_notification_the_order_is_placed_because_we_ask(alipay_there, begun):
    order, payment = begun
    alipay_there.pay(payment.out_trade_no, NOON)
    money_jobs.ask_once(payment.id, now=NOON + attempts.ASK_AFTER[0])
    assert (order.state, payment.paid_at) == ("placed", NOON)


def test_another_sum_than_was_asked_for_places_nothing(alipay_there, begun):
    order, payment = begun
    alipay_there.say = {"total_amount": "0.01"}
    alipay_there.pay(payment.out_trade_no, NOON)
    assert notify(alipay_there) == ["wrong"]
    assert (order.state, order.paid_fen) == ("pending", 0)
    alipay_there.say = {}
    alipay_there.pay(payment.out_trade_no, NOON)
    assert notify(alipay_there) == ["paid"]


@pytest.fixture
def owed_back(alipay_there, begun) -> Refund:
    """Money that came by Alipay for an order which somebody had paid in cash by then."""
    order, payment = begun
    with transaction():
        vouch(order, by_id=None, now=NOON)
    alipay_there.pay(payment.out_trade_no, NOON)
    assert notify(alipay_there) == ["duplicate"]
    return db.session.scalars(sa.select(Refund)).one()


def test_what_came_twice_goes_back_and_its_notification_books_nothing(alipay_there, owed_back):
    money_jobs.send_refund(owed_back.id, now=NOON)
    assert (owed_back.state, owed_back.finished_at) == ("succeeded", NOON)
    [told] = alipay_there.waiting
    refunded = alipay.parse(told.headers, told.body)
    with transaction():
        assert not refunding.write_down(refunded, now=NOON)
    assert owed_back.state == "succeeded"


def test_a_refund_whose_answer_was_lost_goes_back_once(alipay_there, owed_back, monkeypatch):
    monkeypatch.setattr(alipay_gateway, "TIME_OUTS", (0.5, 0.5))
    alipay_there.lost.add("alipay.trade.refund")
    with pytest.raises(Unreachable):
        money_jobs.send_refund(owed_back.id, now=NOON)
    assert (owed_back.state, owed_back.tries) == ("submitted", 1)
    alipay_there.lost.clear()
    money_jobs.send_refund(owed_back.id, now=owed_back.next_try_at)
    assert (owed_back.state, owed_back.tries) == ("succeeded", 2)
    [trade] = alipay_there.trades.values()
    assert trade.refunds == {owed_back.out_refund_no: 7560}
    assert alipay_there.asked.count("alipay.trade.refund") == 1


def test_a_refund_that_takes_its_time_is_done_when_its_notification_makes_us_look(
    alipay_there, owed_back
):
    alipay_there.slow_refunds = True
    money_jobs.send_refund(owed_back.id, now=NOON)
    assert owed_back.state == "submitted"
    alipay_there.finish_refunds()
    money_jobs.send_refund(owed_back.id, now=owed_back.next_try_at)
    assert owed_back.state == "succeeded"


def test_money_nobody_asked_to_give_back_becomes_a_case(alipay_there, begun):
    _order, payment = begun
    alipay_there.pay(payment.out_trade_no, NOON)
    notify(alipay_there)
    told = alipay_there.note(payment.out_trade_no, gmt_refund="2035-05-12 12:00:00.320")
    with transaction():
        refunding.write_down(alipay.parse(told.headers, told.body), now=NOON)
    assert [case.kind for case in db.session.scalars(sa.select(MoneyCase))] == ["unknown_refund"]
