"""When providers are asked about an attempt, and that a closing never waits for an answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.jobs import close_deal
from groupbuy.money_jobs import SILENCES, ask_about
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.payments import asking, attempts
from groupbuy.payments.models import Payment
from groupbuy.payments.providers import alipay
from groupbuy.payments.providers.reports import Unreachable
from groupbuy.purchasing import closing
from tests import factories
from tests.conftest import NOON


def told(after: timedelta = timedelta(), **values: Any) -> Payment:
    """An order by Alipay, which is told of the attempt `after` some time."""
    with transaction():
        order = factories.make_order(factories.make_deal(**values), 2, way="alipay")
    with transaction():
        return paying.begin(order, "alipay", "wap", now=NOON + after)


def deal_of(payment: Payment) -> Deal:
    return db.session.get_one(Order, payment.order_id).deal


def asked_after(payment: Payment, since) -> list[float]:
    """Seconds after `since` at which `payment` is asked about, until nobody asks any more."""
    seconds = []
    while payment.next_ask_at:
        at = payment.next_ask_at
        seconds.append((at - since).total_seconds())
        with transaction():
            assert attempts.claim(payment.id, now=at)
        db.session.refresh(payment)
    return seconds


def test_an_attempt_is_asked_about_often_at_first_and_then_hourly_for_a_day(alipay_there):
    seconds = asked_after(told(), NOON)
    assert seconds[:6] == [15, 60, 180, 600, 4200, 7800]
    assert 23 * 3600 < seconds[-1] <= 24 * 3600


def test_the_times_count_from_when_the_provider_was_told_and_not_from_the_order(alipay_there):
    late = timedelta(hours=30)
    payment = told(late, pay_at_pickup=True, closes_at=NOON + 2 * late)
    assert asked_after(payment, NOON + late)[:5] == [15, 60, 180, 600, 4200]


def test_before_the_closing_decides_attempts_given_up_are_asked_about_too(alipay_there):
    given_up = told()
    deal, order = deal_of(given_up), db.session.get_one(Order, given_up.order_id)
    with transaction():
        attempts.switch(order, "cash", now=NOON)
    db.session.refresh(given_up)
    assert given_up.state == "void"
    assert closing.unknown_payments(deal.id) == [given_up.id]
    with transaction():
        attempts.end(given_up.id, now=NOON)
    assert closing.unknown_payments(deal.id) == []


def test_a_way_that_was_switched_off_is_not_asked_and_the_deal_closes(
    app, alipay_there, monkeypatch
):
    payment = told()
    deal = deal_of(payment)
    monkeypatch.setitem(app.config, "ALIPAY_KEY", None)
    with pytest.raises(Unreachable, match="not set up"):
        asking.ask(payment.id, now=NOON)
    close_deal(deal.id, now=deal.closes_at)
    assert db.session.scalar(sa.select(Deal.state)) == "closed"


def test_whatever_breaks_while_asking_the_deal_closes(alipay_there, monkeypatch, caplog):
    deal = deal_of(told())

    def broken(_number: str) -> None:
        raise TypeError("a library")

    monkeypatch.setattr(alipay, "query", broken)
    close_deal(deal.id, now=deal.closes_at)
    assert db.session.scalar(sa.select(Deal.state)) == "closed"
    assert "asking failed" in caplog.text


def test_an_attempt_nobody_has_opened_yet_is_asked_about_after_an_early_closing(alipay_there):
    payment = told()
    deal, early = deal_of(payment), NOON + timedelta(minutes=2)
    with transaction():
        closing.begin_early(deal, because="货够了", now=early)
    heard = ask_about(payment.id, now=early, last_call=True)
    assert heard is not None
    assert heard.state == "unknown"  # its page at Alipay is good until the attempt expires
    with transaction():
        closing.finish(deal, now=early)
    db.session.refresh(payment)
    assert (payment.state, attempts.due(early)) == ("void", [payment.id])
    ask_about(payment.id, now=payment.expires_at)
    db.session.refresh(payment)
    assert (payment.ended_at, payment.next_ask_at) == (payment.expires_at, None)


def test_a_provider_that_is_silent_is_not_waited_for_once_for_each_order(alipay_there):
    with transaction():
        deal = factories.make_deal()
        orders = [factories.make_order(deal, 1, way="alipay") for _order in range(5)]
        for order in orders:
            paying.begin(order, "alipay", "wap", now=NOON)
        closes_at = deal.closes_at
    alipay_there.errors[""] = "40004 ACQ.SYSTEM_ERROR"
    alipay_there.asked.clear()
    close_deal(deal.id, now=closes_at)
    db.session.refresh(deal)
    assert len(alipay_there.asked) == SILENCES
    assert {order.state for order in orders} == {"expired"}
    assert {row.next_ask_at is not None for row in db.session.scalars(sa.select(Payment))} == {True}
