"""Refunds are sent by processes that are killed: everything goes back, nothing twice."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from groupbuy import invariants
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.payments.models import Payment, Refund
from tests import factories
from tests.conftest import NOON
from tests.fakes.alipay import FakeAlipay, Trade
from tests.races.children import Child
from tests.races.crowd import fill
from tests.races.refund_children import send_refunds, send_refunds_dying

log = logging.getLogger(__name__)
DUE = NOON + timedelta(hours=8)
MINUTES = timedelta(minutes=3)  # longer than the lease of a try, shorter than most waits


@pytest.fixture
def gateway() -> Iterator[FakeAlipay]:
    with FakeAlipay() as fake:
        yield fake


def failed_deal(gateway: FakeAlipay, orders: int) -> int:
    """A deal that failed with so many orders paid by Alipay; returns the fen that were paid."""
    with transaction():
        deal = factories.make_deal(minimum_kind="persons", minimum=orders + 1)
        fill(deal, placed=orders, way="alipay")
    with transaction():
        factories.close(db.session.scalars(sa.select(Deal)).one())
    assert db.session.scalars(sa.select(Deal.state)).one() == "failed"
    for payment in db.session.scalars(sa.select(Payment)):
        trade = Trade(payment.out_trade_no, payment.out_trade_no, payment.amount_fen, "蛋", "")
        trade.state, trade.paid_at = "TRADE_SUCCESS", NOON
        gateway.trades[payment.out_trade_no] = trade
    paid = db.session.scalars(sa.select(sa.func.sum(Payment.amount_fen))).one()
    db.session.remove()
    return int(paid)


def waiting() -> int:
    found = db.session.scalars(
        sa.select(sa.func.count()).select_from(Refund).where(Refund.state != "succeeded")
    ).one()
    db.session.rollback()
    return found


def finish(app, gateway: FakeAlipay, now: datetime) -> None:
    """Let the job run until nothing waits, time passing between the runs."""
    for _round in range(40):
        if not waiting():
            return
        now += timedelta(minutes=30)
        child = Child(app, send_refunds, now, gateway.settings, 5.0)
        child.go()
        assert child.end()
    pytest.fail("refunds do not come to an end")


def assert_all_went_back_once(gateway: FakeAlipay, paid: int, orders: int) -> None:
    assert [len(trade.refunds) for trade in gateway.trades.values()] == [1] * orders
    assert sum(trade.refunded_fen for trade in gateway.trades.values()) == paid
    assert db.session.scalars(sa.select(sa.func.sum(Refund.amount_fen))).one() == paid
    assert ledger.balance_fen("refunds_in_flight") == 0
    assert ledger.balance_fen("cash:alipay") == 0
    assert {claim: rows for claim, rows in invariants.broken().items() if claim[:4] != "I17 "} == {}
    db.session.rollback()


@pytest.mark.parametrize(
    ("orders", "kills"), [(40, 6), pytest.param(1000, 20, marks=pytest.mark.slow)]
)
def test_all_refunds_of_a_failed_deal_survive_kills(shared_app, gateway, orders, kills):
    paid = failed_deal(gateway, orders)
    seed = random.randrange(10**6)
    log.info("seed %s", seed)
    chance, now, killed = random.Random(seed), DUE, 0
    while killed < kills and waiting():
        most = max(8, 6 * orders // kills)
        told = (now, gateway.settings, 5.0, chance.randrange(1, most))
        child = Child(shared_app, send_refunds_dying, *told)
        child.go()
        killed += not child.end()
        now += MINUTES
    assert killed == kills
    finish(shared_app, gateway, now)
    assert_all_went_back_once(gateway, paid, orders)


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "success then time-out"])
def test_one_refund_may_be_killed_before_every_single_write(shared_app, gateway, lost):
    paid = failed_deal(gateway, 1)
    now, alive = DUE, 0
    if lost:
        gateway.lost.add("alipay.trade.refund")
    for writes in range(60):
        now += timedelta(hours=13)  # beyond every wait: each child tries it
        child = Child(shared_app, send_refunds_dying, now, gateway.settings, 0.5, writes)
        child.go()
        alive = alive + 1 if child.end() else 0
        [trade] = gateway.trades.values()
        assert sum(trade.refunds.values()) in (0, paid)
        assert len(trade.refunds) <= 1
        if writes == 12:
            gateway.lost.clear()
        if not waiting():
            break
    finish(shared_app, gateway, now)
    assert_all_went_back_once(gateway, paid, 1)
    assert gateway.asked.count("alipay.trade.refund") >= 1
