"""Changing while the window is open: less, more, off, elsewhere; paid or not."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from groupbuy.core.db import on_postgresql, transaction
from groupbuy.core.errors import BadInput
from groupbuy.deals import stock
from groupbuy.deals.models import Deal
from groupbuy.deals.stock import SoldOut
from groupbuy.deals.window import DealClosed, lock_for_buying
from groupbuy.extensions import db
from groupbuy.orders import roll
from groupbuy.orders.changing import ChangedMeanwhile, cancel_order, change_order
from groupbuy.orders.limits import DealLimitReached, LimitReached
from groupbuy.orders.models import Order, OrderEvent
from groupbuy.orders.vouching import vouch
from tests import factories
from tests.checks import in_thread, refused, run_sql
from tests.conftest import NOON
from tests.orders.asking import HOUR, asked_for, change, change_to, kept, refunds, sold, three_items


def test_a_pending_order_takes_less_and_asks_for_less(app):
    order = factories.make_order(three_items(), 3, 2)
    assert change(order, 1, 2) is None
    assert kept(order) == [1, 2, 0]
    assert (order.due_fen, order.version, order.state) == (1400, 2, "pending")
    assert asked_for(order) == [("begun", 1400)]
    assert sold(order.deal) == [1, 2, 0]
    assert refunds(order) == []


def test_a_pending_order_takes_more_on_lines_of_their_own(app):
    order = factories.make_order(three_items(), 1)
    assert change(order, 3, 1) is None
    assert [(line.position, line.quantity) for line in order.lines] == [(1, 1), (2, 2), (3, 1)]
    assert asked_for(order) == [("begun", 3200)]
    assert sold(order.deal) == [3, 1, 0]
    vouch(order, by_id=None, now=NOON)
    assert order.paid_fen == 3200


def test_a_pending_order_is_changed_to_and_fro(app):
    order = factories.make_order(three_items(stock=5), 5)
    for pieces in ((2, 5), (5, 1, 1), (0, 0, 5), (5, 5, 5)):
        change(order, *pieces)
    assert kept(order) == [5, 5, 5]
    assert sold(order.deal) == [5, 5, 5]
    assert asked_for(order) == [("begun", 6150)]
    assert order.version == 5


def test_less_is_taken_from_the_last_line_of_the_item(app):
    order = factories.make_order(three_items(), 2)
    change(order, 5)
    change(order, 1)
    assert [line.kept_pieces for line in order.lines] == [1, 0]


def test_a_paid_order_takes_less_and_the_difference_goes_back(app):
    order = factories.make_placed(three_items(), 3, 2)
    assert change(order, 1, 2) is None
    assert (order.state, order.roll_no) == ("placed", 1)
    assert (order.due_fen, order.paid_fen, order.refunded_fen) == (1400, 3400, 2000)
    assert refunds(order) == [(2000, "requested")]
    assert asked_for(order) == [("confirmed", 3400)]


def test_a_paid_order_that_shrinks_twice_gets_two_refunds(app):
    order = factories.make_placed(three_items(), 3)
    change(order, 2)
    change(order, 1)
    assert refunds(order) == [(1000, "requested"), (1000, "requested")]
    assert order.refunded_fen == 2000


def test_more_of_a_paid_order_is_an_order_of_its_own(app):
    order = factories.make_placed(three_items(), 1, 1)
    more = change(order, 3, 0, 2, note="多两个")
    assert more is not None
    assert (kept(order), kept(more)) == ([1, 0, 0], [2, 0, 2])
    assert (order.state, order.due_fen, order.refunded_fen) == ("placed", 1000, 200)
    assert (more.state, more.due_fen, more.member_id) == ("pending", 2060, order.member_id)
    assert asked_for(more) == [("begun", 2060)]
    assert sold(order.deal) == [3, 0, 2]
    vouch(more, by_id=None, now=NOON)
    assert more.roll_no == 2


def test_with_payment_at_pickup_more_is_numbered_at_once_and_less_refunds_nothing(app):
    order = factories.make_order(three_items(pay_at_pickup=True), 3)
    assert change(order, 1) is None
    assert (order.due_fen, asked_for(order), refunds(order)) == (1000, [("begun", 1000)], [])
    more = change(order, 1, 4)
    assert more is not None
    assert (more.state, more.roll_no, asked_for(more)) == ("placed", 2, [("begun", 800)])


def test_point_note_and_wishes_change_without_a_piece_moving(app):
    order = factories.make_placed(three_items(points=2), 1)
    [item_id] = {line.item_id for line in order.lines}
    other = order.deal.points[1]
    change(order, 1, point_id=other.id, note=" 下班后取 ", if_short={item_id: "refund"})
    assert (order.point_id, order.note, order.version) == (other.id, "下班后取", 2)
    assert [line.if_short for line in order.lines] == ["refund"]
    assert refunds(order) == []


def test_a_change_tells_what_became_less_and_more(app):
    deal = three_items()
    order = factories.make_order(deal, 3, 1)
    change(order, 1, 1, 2)
    events = sa.select(OrderEvent).where(OrderEvent.order_id == order.id).order_by(OrderEvent.id)
    event = db.session.scalars(events).all()[-1]
    assert (event.kind, event.from_state, event.to_state) == ("changed", "pending", "pending")
    first, _, third = (str(item.id) for item in deal.items)
    assert event.detail == {"less": {first: 2}, "more": {third: 2}}


def test_of_two_forms_on_one_version_the_second_is_refused(app):
    order = factories.make_order(three_items(), 3)
    change(order, 2, version=1)
    with refused(ChangedMeanwhile):
        change(order, 5, version=1)
    assert kept(order) == [2, 0, 0]


@pytest.mark.parametrize("state", ["cancelled", "expired", "confirmed", "fulfilled"])
def test_an_order_that_is_over_is_not_changed(app, state):
    order = factories.make_placed(three_items(), 3)
    with refused(ChangedMeanwhile):
        run_sql("UPDATE customer_order SET state = :state", state=state)
        change(order, 1)


def test_nothing_is_changed_at_or_after_the_closing(app):
    order = factories.make_placed(three_items(), 3)
    form = factories.form_for(order.deal, 1)
    for late in (order.deal.closes_at, order.deal.closes_at + HOUR):
        with refused(DealClosed):
            change_order(order, form, version=order.version, now=late, actor_id=None)
        with refused(DealClosed):
            cancel_order(order, now=late, actor_id=None)
    assert kept(order) == [3, 0, 0]


def test_everything_off_is_a_cancellation_and_not_a_change(app):
    order = factories.make_placed(three_items(), 2, 2)
    for quantities in ({}, {item.id: 0 for item in order.deal.items}):
        with refused(BadInput) as caught:
            change_to(order, quantities)
        assert caught.value.field == "quantities"
    assert (kept(order), order.version) == ([2, 2, 0], 1)


@pytest.mark.parametrize("pieces", [-1, 10_000, 2**63])
def test_odd_counts_are_refused(app, pieces):
    order = factories.make_placed(three_items(), 2)
    with refused(BadInput):
        change_to(order, {order.deal.items[0].id: pieces})
    assert kept(order) == [2, 0, 0]


def test_a_zero_takes_an_item_off(app):
    deal = three_items()
    order = factories.make_order(deal, 2, 2)
    change_to(order, {deal.items[0].id: 0, deal.items[1].id: 2})
    assert kept(order) == [0, 2, 0]


def test_foreign_items_and_points_are_refused(app):
    order = factories.make_order(three_items(), 2)
    other = factories.make_deal(leader=order.deal.leader)
    with refused(BadInput):
        change_to(order, {order.lines[0].item_id: 2, other.items[0].id: 1})
    with refused(BadInput):
        change(order, 2, point_id=other.points[0].id)


def test_more_than_there_is_changes_nothing_at_all(app):
    order = factories.make_order(three_items(stock=3), 3, 3)
    with refused(SoldOut):
        change(order, 1, 4)
    assert (kept(order), order.version, sold(order.deal)) == ([3, 3, 0], 1, [3, 3, 0])


def test_what_is_swapped_counts_against_the_limit_only_once(app):
    order = factories.make_order(three_items(limit_per_person=4, limit_per_item=3), 3, 1)
    change(order, 1, 3)
    assert kept(order) == [1, 3, 0]
    with refused(LimitReached):
        change(order, 0, 4)
    with refused(DealLimitReached):
        change(order, 2, 3)


@pytest.mark.postgres
def test_a_change_waits_for_the_roll_before_it_locks_items(shared_app):
    if not on_postgresql():
        pytest.skip("SQLite has a single writer")
    with transaction():
        deal = three_items(pay_at_pickup=True)
        order = factories.make_order(deal, 1, 1)
        deal_id, order_id, ids = deal.id, order.id, [item.id for item in deal.items]
    started = threading.Event()

    def add() -> list[int]:
        with transaction():
            started.set()
            more = change(db.session.get_one(Order, order_id), 2, 2)
            assert more is not None
            return kept(more)

    with transaction():  # somebody whose order has entered the roll and comes to the items now
        deal = db.session.get_one(Deal, deal_id)
        lock_for_buying(deal, NOON)
        roll.lock(deal)
        adding = in_thread(shared_app, add)
        assert started.wait(timeout=10)
        threading.Event().wait(0.3)
        stock.lock_items(ids)
    assert adding() == [1, 1, 0]
