"""Every step of an order is written down, and nothing that was written is ever changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from groupbuy.core.errors import WrongState
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.orders.changing import cancel_order, change_order
from groupbuy.orders.models import Order, OrderEvent
from groupbuy.orders.moving import move, move_all
from groupbuy.orders.vouching import vouch
from tests import factories
from tests.checks import refused, refused_by_the_database, run_sql
from tests.conftest import NOON


def timeline(order: Order) -> list[tuple[str, str | None, str]]:
    rows = sa.select(OrderEvent).where(OrderEvent.order_id == order.id).order_by(OrderEvent.id)
    return [(event.kind, event.from_state, event.to_state) for event in db.session.scalars(rows)]


def test_each_event_begins_where_the_one_before_it_ended(app):
    deal = factories.make_deal()
    order = factories.make_order(deal, 3)
    change_order(order, factories.form_for(deal, 2), version=1, now=NOON, actor_id=None)
    vouch(order, by_id=None, now=NOON)
    change_order(order, factories.form_for(deal, 1), version=2, now=NOON, actor_id=None)
    factories.close(deal)
    assert timeline(order) == [
        ("ordered", None, "pending"),
        ("changed", "pending", "pending"),
        ("vouched", "pending", "placed"),
        ("changed", "placed", "placed"),
        ("confirmed", "placed", "confirmed"),
    ]


def test_staff_and_reason_stand_in_the_event(app):
    deal = factories.make_deal()
    order = factories.make_placed(deal)
    cancel_order(order, now=NOON, actor_id=deal.leader.user_id, why="邻居来电")
    event = db.session.scalars(sa.select(OrderEvent).order_by(OrderEvent.id.desc())).first()
    assert (event.actor_id, event.why, event.at) == (deal.leader.user_id, "邻居来电", NOON)


def test_a_move_from_a_state_somebody_else_left_is_refused_and_tells_nothing(app):
    order = factories.make_order(factories.make_deal())
    run_sql("UPDATE customer_order SET state = 'expired' WHERE id = :id", id=order.id)
    assert order.state == "expired"
    with refused(WrongState, "expired"):
        move(order, "cancelled", "cancelled", now=NOON)
    run_sql("UPDATE customer_order SET state = 'pending' WHERE id = :id", id=order.id)
    assert timeline(order) == [("ordered", None, "pending")]


def test_many_are_moved_with_an_event_each_and_others_left(app):
    deal = factories.make_deal()
    orders = [factories.make_placed(deal) for _ in range(2)] + [factories.make_order(deal)]
    chosen = sa.select(Order.id).where(Order.deal_id == deal.id)
    assert move_all(chosen, ("placed", "confirmed"), "confirmed", now=NOON) == 2
    db.session.expire_all()
    assert [order.state for order in orders] == ["confirmed", "confirmed", "pending"]
    assert [len(timeline(order)) for order in orders] == [3, 3, 1]


def test_many_are_not_moved_by_a_step_that_is_not_in_the_table(app):
    deal = factories.make_deal()
    factories.make_placed(deal)
    chosen = sa.select(Order.id).where(Order.deal_id == deal.id)
    with refused(WrongState):
        move_all(chosen, ("placed", "fulfilled"), "jump", now=NOON)


@pytest.mark.parametrize("act", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["order_event", "stock_move", "action_log"])
def test_history_is_neither_changed_nor_deleted(app, table, act):
    factories.make_placed(factories.make_deal())
    db.session.add(ActionLog(at=NOON, action="reveal", subject="member 1", detail={}))
    with refused_by_the_database(f"{table} is append-only"):
        run_sql(act.format(table))


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("due_fen = -1", "ck_customer_order_amounts"),
        ("refunded_fen = paid_fen + 1", "ck_customer_order_refunded"),
        ("state = 'lost'", "state"),
    ],
)
def test_the_database_is_the_second_wall_of_an_order(app, change, constraint):
    factories.make_placed(factories.make_deal())
    with refused_by_the_database(constraint):
        run_sql(f"UPDATE customer_order SET {change}")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("quantity = 0", "ck_order_line_quantity"),
        ("cancelled_pieces = 3", "ck_order_line_fate"),
        ("cancelled_pieces = -1", "ck_order_line_fate"),
        ("picked_pieces = 1, short_pieces = 1, no_show_pieces = 1", "ck_order_line_fate"),
        ("price_fen = -1", "ck_order_line_price"),
    ],
)
def test_the_database_is_the_second_wall_of_a_line(app, change, constraint):
    factories.make_placed(factories.make_deal(), 2)
    with refused_by_the_database(constraint):
        run_sql(f"UPDATE order_line SET {change}")
