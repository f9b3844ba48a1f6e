"""What providers say of refunds: again, too late, of another sum, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.orders import paying
from groupbuy.orders.changing import cancel_order
from groupbuy.payments import following, refunding
from groupbuy.payments.models import LedgerTxn, MoneyCase, Refund
from groupbuy.payments.providers import alipay, alipay_gateway
from groupbuy.payments.providers.reports import Paid, Refunded, RefundOrder, Refused, Unreachable
from tests import factories
from tests.checks import count
from tests.conftest import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def refund(alipay_there) -> Refund:
    """¥75.60 of a cancelled order, sent once: it is not known how that ended."""
    with transaction():
        order = factories.make_order(factories.make_deal(), 2)
        payment = paying.begin(order, "alipay", "wap", now=NOON)
        told = Paid(payment.out_trade_no, "paid", "T1", 7560, paid_at=NOON)
        paying.receive(told, "alipay", now=NOON)
        cancel_order(order, now=NOON, actor_id=None)
    found = db.session.scalars(sa.select(Refund)).one()
    with transaction():
        assert refunding.claim(found.id, now=NOON)
    return found


def say(refund: Refund, state, fen: int = 7560) -> bool:
    told = Refunded(refund.out_refund_no, state, fen, error="no")
    with transaction():
        new = refunding.write_down(told, now=NOON)
    db.session.refresh(refund)
    return new


def give_by_hand(refund: Refund) -> None:
    by_id = factories.make_user().id
    db.session.commit()
    with transaction():
        following.by_hand(refund, "转账", by_id=by_id, now=NOON)


def kinds() -> list[str]:
    return list(db.session.scalars(sa.select(MoneyCase.kind)))


def test_a_failure_said_twice_is_written_down_once(refund):
    assert (say(refund, "failed"), say(refund, "failed")) == (True, False)
    assert (refund.state, kinds()) == ("failed", [])
    assert refund.next_try_at is not None


def test_a_refund_given_by_hand_that_the_provider_gives_too_becomes_a_case(refund):
    say(refund, "failed")
    give_by_hand(refund)
    assert (say(refund, "succeeded"), say(refund, "succeeded")) == (True, False)
    assert (refund.by_hand, kinds()) == (True, ["refunded_too"])
    assert count(LedgerTxn, LedgerTxn.kind == "refund_succeeded") == 1
    assert count(Notice, Notice.kind == "refunded") == 1  # told once, when it was given by hand


def test_another_sum_becomes_a_case_that_staff_can_end(refund):
    assert say(refund, "succeeded", 1)
    assert (refund.state, refund.next_try_at, kinds()) == ("failed", None, ["wrong_refund"])
    assert not say(refund, "succeeded", 1)
    give_by_hand(refund)
    assert db.session.get_one(Refund, refund.id).state == "succeeded"


def refuse(monkeypatch, call: str) -> None:
    real = alipay_gateway.ask

    def ask(asked: str, *number: str, **content: str):
        if asked == call:
            raise Refused("isv.insufficient-isv-permissions")
        return real(asked, *number, **content)

    monkeypatch.setattr(alipay_gateway, "ask", ask)


def test_a_question_that_is_refused_does_not_make_the_refund_a_failure(
    refund, alipay_there, monkeypatch
):
    refuse(monkeypatch, "alipay.trade.fastpay.refund.query")
    asked: list[RefundOrder] = []

    def give(order: RefundOrder) -> Refunded:
        asked.append(order)
        return Refunded(order.out_refund_no, "processing")

    monkeypatch.setattr(alipay, "refund", give)
    with transaction():
        refunding.put_off(refund.id, "silence", now=NOON)
        assert refunding.claim(refund.id, now=NOON + HOUR)
    assert refunding.send(refund.id, "").state == "processing"
    assert [order.out_refund_no for order in asked] == [refund.out_refund_no]


def test_a_refund_that_alipay_took_stays_on_its_way_when_the_question_is_refused(
    alipay_there, monkeypatch
):
    asked: list[str] = []

    def ask(call: str, _number: str, **_content: str) -> dict[str, str]:
        asked.append(call)
        if call == "alipay.trade.refund":
            return {"code": "10000", "fund_change": "N"}
        raise Refused("isv.insufficient-isv-permissions")

    monkeypatch.setattr(alipay_gateway, "ask", ask)
    told = alipay.refund(RefundOrder("GB1", "GB1-late", 100, 100, "late"))
    assert (told.state, len(asked)) == ("processing", 2)


def test_a_refund_of_a_way_that_was_switched_off_waits(app, refund, monkeypatch):
    monkeypatch.setitem(app.config, "ALIPAY_KEY", None)
    with pytest.raises(Unreachable, match="not set up"):
        refunding.send(refund.id, "")
