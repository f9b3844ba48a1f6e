"""Cancelling while the window is open."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from groupbuy.core.db import on_postgresql, transaction
from groupbuy.core.errors import WrongState
from groupbuy.extensions import db
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.models import Order, OrderEvent
from tests import factories
from tests.checks import assert_everything_true, in_thread, refused
from tests.conftest import NOON
from tests.orders.asking import asked_for, change, kept, refunds, sold, three_items


def test_cancelling_an_unpaid_order_frees_its_goods_and_voids_its_payment(app):
    order = factories.make_order(three_items(stock=2), 2)
    assert cancel_order(order, now=NOON, actor_id=None, why="  出差\x00 ") == 0
    assert (order.state, order.due_fen, kept(order)) == ("cancelled", 0, [0, 0, 0])
    assert asked_for(order) == [("void", 2000)]
    assert sold(order.deal) == [0, 0, 0]
    event = db.session.scalars(sa.select(OrderEvent).order_by(OrderEvent.id.desc())).first()
    assert (event.kind, event.why) == ("cancelled", "出差")


def test_cancelling_a_paid_order_gives_everything_back(app):
    order = factories.make_placed(three_items(), 2)
    change(order, 1)
    assert cancel_order(order, now=NOON, actor_id=None) == 1000
    assert refunds(order) == [(1000, "requested"), (1000, "requested")]
    assert (order.refunded_fen, order.paid_fen, order.roll_no) == (2000, 2000, 1)


def test_an_order_is_cancelled_once(app):
    order = factories.make_placed(three_items(), 2)
    cancel_order(order, now=NOON, actor_id=None)
    with refused(WrongState, "cancelled"):
        cancel_order(order, now=NOON, actor_id=None)


def test_a_free_order_is_placed_changed_and_cancelled_without_money(app):
    leader = factories.make_leader()
    deal = factories.make_deal(leader=leader, skus=[factories.make_sku(leader, price_fen=0)])
    order = factories.make_placed(deal, 3)
    change(order, 1)
    assert cancel_order(order, now=NOON, actor_id=None) == 0
    assert refunds(order) == []


@pytest.mark.postgres
def test_an_order_that_shrank_meanwhile_gives_back_only_what_it_still_held(shared_app):
    if not on_postgresql():
        pytest.skip("SQLite has a single writer")
    with transaction():
        order_id = factories.make_placed(three_items(), 3).id

    def shrink() -> None:
        with transaction():
            change(db.session.get_one(Order, order_id), 1)

    with transaction():
        order = db.session.get_one(Order, order_id)
        [seen] = order.lines  # before the other change, and still in somebody's hands
        in_thread(shared_app, shrink)()
        assert cancel_order(order, now=NOON, actor_id=None) == 1000
    assert seen.cancelled_pieces == 3
    assert sold(order.deal) == [0, 0, 0]
    assert kept(order) == [0, 0, 0]
    assert order.refunded_fen == 3000
    assert_everything_true()
