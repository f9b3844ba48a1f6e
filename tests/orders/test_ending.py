"""What expires by itself, and deals that are called off."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from groupbuy.core.errors import BadInput, WrongState
from groupbuy.deals.window import DealClosed
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from groupbuy.orders.changing import ChangedMeanwhile, expire_order, unpaid_past_due
from groupbuy.orders.ending import cancel_deal
from groupbuy.orders.models import Order, OrderEvent
from groupbuy.orders.vouching import vouch
from groupbuy.payments.models import Payment, Refund
from tests import factories
from tests.checks import count, refused
from tests.conftest import NOON

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)


def test_an_unpaid_order_is_let_go_when_its_time_is_over(app):
    deal = factories.make_deal(stock=1, hold_minutes=15)
    order = factories.make_order(deal)
    expire_order(order, now=NOON + 15 * MINUTE)
    assert (order.state, order.due_fen) == ("expired", 0)
    assert factories.make_order(deal, now=NOON + 15 * MINUTE)
    notice = db.session.scalars(sa.select(Notice).where(Notice.kind == "expired")).one()
    assert order.number in words(notice)


def test_an_order_is_not_let_go_a_moment_early(app):
    order = factories.make_order(factories.make_deal(hold_minutes=15))
    with refused(ChangedMeanwhile):
        expire_order(order, now=NOON + 15 * MINUTE - TICK)
    assert order.state == "pending"


def test_what_was_paid_meanwhile_is_not_let_go(app):
    order = factories.make_order(factories.make_deal(hold_minutes=15))
    vouch(order, by_id=None, now=NOON)
    with refused(WrongState, "placed"):
        expire_order(order, now=NOON + 15 * MINUTE)


def test_without_a_time_to_pay_goods_are_held_until_the_closing(app):
    order = factories.make_order(factories.make_deal())
    assert unpaid_past_due(NOON + 7 * 60 * MINUTE) == []
    with refused(ChangedMeanwhile):
        expire_order(order, now=NOON + 7 * 60 * MINUTE)


def test_due_orders_are_found_however_old_and_longest_first(app):
    deal = factories.make_deal(hold_minutes=15, closes_at=NOON + timedelta(days=50))
    late = factories.make_order(deal, now=NOON + 2 * MINUTE)
    early = factories.make_order(deal, now=NOON)
    paid = factories.make_placed(deal)
    assert unpaid_past_due(NOON + 15 * MINUTE - TICK) == []
    assert unpaid_past_due(NOON + 15 * MINUTE) == [early.id]
    assert unpaid_past_due(NOON + timedelta(days=40)) == [early.id, late.id]
    assert paid.state == "placed"


def test_at_and_after_the_closing_the_closing_decides(app):
    deal = factories.make_deal(hold_minutes=15)
    order = factories.make_order(deal)
    assert unpaid_past_due(deal.closes_at) == []
    with refused(DealClosed):
        expire_order(order, now=deal.closes_at)


def test_a_deal_that_is_called_off_frees_refunds_and_tells_everybody_once(app):
    deal = factories.make_deal(stock=9)
    pending, paid = factories.make_order(deal, 2), factories.make_placed(deal, 3)
    assert cancel_deal(deal, because="大棚\u202e 停电\n", now=NOON + MINUTE) == 2
    db.session.expire_all()
    assert (deal.state, deal.ended_because, deal.closed_at) == (
        "cancelled",
        "大棚 停电",
        NOON + MINUTE,
    )
    assert [(order.state, order.due_fen) for order in (pending, paid)] == [("cancelled", 0)] * 2
    assert (pending.refunded_fen, paid.refunded_fen, paid.roll_no) == (0, 11340, 1)
    assert deal.items[0].sold == 0
    [refund] = db.session.scalars(sa.select(Refund))
    assert (refund.order_id, refund.amount_fen, refund.why) == (paid.id, 11340, "大棚 停电")
    assert {state for (state,) in db.session.execute(sa.select(Payment.state))} == {
        "void",
        "confirmed",
    }
    notices = db.session.scalars(sa.select(Notice).where(Notice.kind == "deal_cancelled")).all()
    assert {notice.order_id for notice in notices} == {pending.id, paid.id}
    assert all("大棚 停电" in words(notice) for notice in notices)
    last = sa.select(sa.func.max(OrderEvent.id)).group_by(OrderEvent.order_id)
    events = db.session.scalars(sa.select(OrderEvent).where(OrderEvent.id.in_(last))).all()
    assert {(event.from_state, event.to_state, event.why) for event in events} == {
        ("pending", "cancelled", "大棚 停电"),
        ("placed", "cancelled", "大棚 停电"),
    }


def test_only_the_orders_of_that_deal_end(app):
    deal, other = factories.make_deal(), factories.make_deal()
    factories.make_placed(deal)
    spared = factories.make_placed(other)
    cancel_deal(deal, because="下雨", now=NOON)
    db.session.expire_all()
    assert (spared.state, other.items[0].sold, count(Refund)) == ("placed", 1, 1)


def test_calling_off_needs_a_reason_and_happens_once(app):
    deal = factories.make_deal()
    for nothing in ("", "  ", "\u202e\x00"):
        with refused(BadInput) as caught:
            cancel_deal(deal, because=nothing, now=NOON)
        assert caught.value.field == "because"
    cancel_deal(deal, because="因" * 1000, now=NOON)
    assert deal.ended_because == "因" * 300
    with refused(WrongState):
        cancel_deal(deal, because="再来", now=NOON)


def test_a_deal_without_orders_can_be_called_off(app):
    assert cancel_deal(factories.make_deal(), because="下雨", now=NOON) == 0
    assert count(Order) == 0
