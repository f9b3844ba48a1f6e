"""Money around the closing: what counts, by when it was paid and when it was heard of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.deals.window import DealClosed
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.changing import cancel_order
from groupbuy.payments.models import Payment
from groupbuy.payments.providers.reports import Paid
from groupbuy.purchasing.closing import begin as begin_closing
from tests.checks import refused
from tests.factories import close, make_deal, make_order, make_placed
from tests.paying.stage import refunds

MS, MINUTE, HOUR = timedelta(milliseconds=1), timedelta(minutes=1), timedelta(hours=1)
# (paid at closing +, by the provider's clock; heard of before the closing has decided) -> outcome
TABLE = {
    (-MS, True): "paid",
    (0 * MS, True): "paid",
    (MS, True): "paid",
    (5 * MINUTE, True): "paid",
    (10 * MINUTE, True): "paid",
    (10 * MINUTE + MS, True): "late",
    (2 * HOUR, True): "late",
    (-MS, False): "late",
    (0 * MS, False): "late",
    (MS, False): "late",
    (5 * MINUTE, False): "late",
    (2 * HOUR, False): "late",
}


def paid_of(payment: Payment, at) -> Paid:
    number, fen = payment.out_trade_no, payment.amount_fen
    return Paid(number, "paid", f"T{payment.id}", fen, "CNY", at)


@pytest.mark.parametrize(("when", "outcome"), TABLE.items(), ids=str)
def test_what_money_near_the_closing_comes_to(app: Flask, when, outcome):
    offset, before_decision = when
    deal = make_deal()
    make_placed(deal, 2)
    order = make_order(deal, 1, way="sandbox", now=deal.closes_at - MINUTE)
    payment = paying.begin(order, "sandbox", "page", now=deal.closes_at - MINUTE)
    told = paid_of(payment, deal.closes_at + offset)
    if not before_decision:
        close(deal)
        db.session.refresh(order)
        assert order.state == "expired"
    heard_at = max(told.paid_at, deal.closes_at) + timedelta(seconds=1)
    assert paying.receive(told, "sandbox", now=heard_at) == outcome
    db.session.refresh(order)
    if outcome == "paid":
        assert (order.state, order.refunded_fen) == ("placed", 0)
        close(deal)
        db.session.refresh(order)
        assert order.state == "confirmed"
    else:
        assert (order.paid_fen, order.refunded_fen) == (3780, 3780)
        assert [back.why for back in refunds_of(order)] == ["late"]
    assert paying.receive(told, "sandbox", now=heard_at) == "again"


def refunds_of(order):
    db.session.commit()
    return refunds(order)


def test_at_the_closing_nobody_can_begin_to_pay_any_more(app: Flask):
    deal = make_deal()
    order = make_order(deal, 1, way="sandbox", now=deal.closes_at - MINUTE)
    payment = paying.begin(order, "sandbox", "page", now=deal.closes_at - MINUTE)
    assert payment.expires_at == deal.closes_at


@pytest.mark.parametrize("state", ["open", "closing"])
def test_from_the_closing_on_nobody_begins_even_before_it_has_decided(app: Flask, state):
    deal = make_deal()
    order = make_order(deal, 1, way="sandbox", now=deal.closes_at - MINUTE)
    if state == "closing":
        begin_closing(deal, now=deal.closes_at)
    with refused(DealClosed):
        paying.begin(order, "sandbox", "page", now=deal.closes_at)


def test_after_a_cancellation_money_goes_back(app: Flask):
    deal = make_deal()
    order = make_order(deal, 1, way="sandbox", now=deal.opens_at)
    payment = paying.begin(order, "sandbox", "page", now=deal.opens_at)
    cancel_order(order, now=deal.opens_at, actor_id=None)
    assert paying.receive(paid_of(payment, deal.opens_at), "sandbox", now=deal.opens_at) == "late"
    db.session.refresh(order)
    assert (order.state, order.paid_fen, order.refunded_fen) == ("cancelled", 3780, 3780)
