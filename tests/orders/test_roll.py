"""The roll: numbered by vouching, without gaps, for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.core.errors import WrongState
from groupbuy.deals.window import DealClosed
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch, vouch_all
from groupbuy.payments.models import Payment
from groupbuy.purchasing import closing
from tests import factories
from tests.checks import refused, refused_by_the_database, run_sql
from tests.conftest import NOON


def test_vouching_books_the_money_and_gives_the_next_number(app):
    deal = factories.make_deal()
    first, second = (factories.make_order(deal, 2) for _ in range(2))
    vouch(second, by_id=deal.leader.user_id, now=NOON + timedelta(hours=1))
    assert (second.state, second.roll_no) == ("placed", 1)
    assert (second.paid_fen, second.due_fen) == (7560, 7560)
    [payment] = db.session.scalars(sa.select(Payment).where(Payment.order_id == second.id))
    assert (payment.state, payment.confirmed_by_id) == ("confirmed", deal.leader.user_id)
    assert payment.confirmed_at == NOON + timedelta(hours=1)
    vouch(first, by_id=None, now=NOON)
    assert first.roll_no == 2


def test_the_member_is_told_the_number_once(app):
    order = factories.make_placed(factories.make_deal())
    told = sa.select(Notice).where(Notice.kind == "vouched", Notice.order_id == order.id)
    assert "1" in words(db.session.scalars(told).one())


def test_nobody_is_vouched_for_twice(app):
    order = factories.make_placed(factories.make_deal())
    with refused(WrongState, "placed"):
        vouch(order, by_id=None, now=NOON)
    assert (order.roll_no, order.paid_fen, order.deal.last_roll_no) == (1, 3780, 1)


def test_a_cancelled_order_is_not_vouched_for(app):
    order = factories.make_order(factories.make_deal())
    cancel_order(order, now=NOON, actor_id=None)
    with refused(WrongState, "cancelled"):
        vouch(order, by_id=None, now=NOON)


def test_vouching_is_possible_after_the_clock_and_not_after_the_decision(app):
    deal = factories.make_deal()
    late, later = (factories.make_order(deal) for _ in range(2))
    closing.begin(deal, now=deal.closes_at)
    vouch(late, by_id=None, now=deal.closes_at + timedelta(hours=1))
    closing.finish(deal, now=deal.closes_at)
    assert late.roll_no == 1
    with refused(DealClosed):
        vouch(later, by_id=None, now=deal.closes_at)


def test_a_number_that_was_rolled_back_is_given_again(app):
    with transaction():
        orders = [factories.make_order(factories.make_deal())]
        orders += [factories.make_order(orders[0].deal) for _ in range(2)]
    with transaction():
        vouch(orders[0], by_id=None, now=NOON)
    with pytest.raises(ZeroDivisionError), transaction():  # noqa: PT012
        vouch(orders[1], by_id=None, now=NOON)
        assert orders[1].roll_no == 2
        _ = 1 / 0
    with transaction():
        vouch(orders[2], by_id=None, now=NOON)
    assert [order.roll_no for order in orders] == [1, None, 2]


def test_many_are_vouched_for_in_order_of_placing_and_the_others_told_apart(app):
    deal = factories.make_deal()
    orders = [factories.make_order(deal) for _ in range(5)]
    vouch(orders[1], by_id=None, now=NOON)
    cancel_order(orders[3], now=NOON, actor_id=None)
    outcome = vouch_all(deal, list(reversed(orders)), by_id=None, now=NOON)
    assert outcome.done == [orders[0], orders[2], orders[4]]
    assert [order.roll_no for order in orders] == [2, 1, 3, None, 4]
    assert [order for order, _why in outcome.skipped] == [orders[1], orders[3]]
    assert "已接龙" in outcome.skipped[0][1]
    assert "已取消" in outcome.skipped[1][1]
    db.session.refresh(deal)
    assert deal.last_roll_no == 4


def test_vouching_for_none_does_nothing(app):
    assert vouch_all(factories.make_deal(), [], by_id=None, now=NOON) == ([], [])


def test_orders_of_another_deal_are_a_mistake_of_the_caller(app):
    order = factories.make_order(factories.make_deal())
    with pytest.raises(ValueError, match="is not of deal"):
        vouch_all(factories.make_deal(), [order], by_id=None, now=NOON)


def test_a_number_is_not_taken_back_when_its_order_is_cancelled(app):
    deal = factories.make_deal()
    first, second = factories.make_placed(deal), factories.make_placed(deal)
    cancel_order(first, now=NOON, actor_id=None)
    third = factories.make_placed(deal)
    assert [first.roll_no, second.roll_no, third.roll_no] == [1, 2, 3]


def test_deals_count_for_themselves(app):
    assert [factories.make_placed(factories.make_deal()).roll_no for _ in range(2)] == [1, 1]


def test_the_database_gives_no_number_twice_and_no_place_without_one(app):
    deal = factories.make_deal()
    orders = [factories.make_placed(deal) for _ in range(2)]
    with refused_by_the_database("roll_no"):
        run_sql("UPDATE customer_order SET roll_no = 1 WHERE id = :id", id=orders[1].id)
    with refused_by_the_database("ck_customer_order_numbered"):
        run_sql("UPDATE customer_order SET roll_no = NULL WHERE id = :id", id=orders[1].id)
    assert db.session.scalars(sa.select(Order.roll_no).order_by(Order.id)).all() == [1, 2]
