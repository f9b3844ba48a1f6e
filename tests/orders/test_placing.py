"""Placing an order: once, within the window, the limits and the stock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from groupbuy.core.errors import BadInput
from groupbuy.deals.models import Deal, StockMove
from groupbuy.deals.stock import SoldOut
from groupbuy.deals.window import DealClosed
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.form import OrderForm
from groupbuy.orders.limits import DealLimitReached, LimitReached
from groupbuy.orders.models import Order, OrderEvent
from groupbuy.orders.placing import place_order
from groupbuy.orders.vouching import vouch
from groupbuy.payments.models import Payment
from tests import factories
from tests.checks import count, refused
from tests.conftest import NOON

HOUR = timedelta(hours=1)


def two_items(**values: Any) -> Deal:
    leader = factories.make_leader()
    skus = [
        factories.make_sku(leader, name="土鸡蛋", price_fen=3780),
        factories.make_sku(leader, name="草莓", price_fen=1990),
    ]
    return factories.make_deal(leader=leader, skus=skus, **values)


def test_an_order_is_pending_with_its_lines_prices_and_an_open_payment(app):
    deal = two_items()
    member = factories.make_member(deal.leader)
    form = factories.form_for(
        deal, 2, 1, note=" 放门口\x00 ", if_short={deal.items[1].id: "refund"}
    )
    order = place_order(member, deal, form, now=NOON + HOUR, actor_id=deal.leader.user_id)
    assert (order.state, order.roll_no, order.version, order.way) == ("pending", None, 1, "cash")
    assert (order.due_fen, order.paid_fen, order.refunded_fen) == (9550, 0, 0)
    assert (order.placed_at, order.pay_by) == (NOON + HOUR, None)
    assert (order.note, order.leader_id, order.member_id) == ("放门口", deal.leader_id, member.id)
    assert [(line.position, line.quantity, line.price_fen) for line in order.lines] == [
        (1, 2, 3780),
        (2, 1, 1990),
    ]
    assert [line.if_short for line in order.lines] == ["less", "refund"]
    [payment] = db.session.scalars(sa.select(Payment).where(Payment.order_id == order.id))
    assert (payment.state, payment.amount_fen, payment.way) == ("begun", 9550, "cash")
    assert len(payment.out_trade_no) <= 32
    [event] = db.session.scalars(sa.select(OrderEvent).where(OrderEvent.order_id == order.id))
    assert (event.kind, event.from_state, event.to_state) == ("ordered", None, "pending")
    assert (event.at, event.actor_id) == (NOON + HOUR, deal.leader.user_id)


def test_an_order_number_begins_with_the_local_day(app):
    deal = factories.make_deal(opens_at=NOON + 13 * HOUR)  # 01:00 of the next day in Shanghai
    assert factories.make_order(deal).number.startswith("20350513-")


def test_the_member_is_told_what_it_costs(app):
    order = factories.make_order(two_items(), 1, 1)
    notice = db.session.scalars(sa.select(Notice).where(Notice.order_id == order.id)).one()
    assert (notice.kind, notice.member_id, notice.state) == ("ordered", order.member_id, "owed")
    assert "¥57.70" in words(notice)
    assert order.number in words(notice)


def test_unpaid_goods_are_held_for_the_minutes_the_deal_says(app):
    deal = factories.make_deal(hold_minutes=15)
    assert factories.make_order(deal, now=NOON + HOUR).pay_by == NOON + HOUR + timedelta(minutes=15)


def test_with_payment_at_pickup_an_order_is_numbered_at_once(app):
    deal = factories.make_deal(pay_at_pickup=True)
    orders = [factories.make_order(deal) for _ in range(2)]
    assert [(order.state, order.roll_no, order.paid_fen) for order in orders] == [
        ("placed", 1, 0),
        ("placed", 2, 0),
    ]
    events = sa.select(OrderEvent.kind).where(OrderEvent.order_id == orders[0].id)
    assert list(db.session.scalars(events.order_by(OrderEvent.id))) == ["ordered", "accepted"]


def test_the_same_form_twice_is_one_order(app):
    deal = factories.make_deal(stock=2)
    member = factories.make_member(deal.leader)
    form = factories.form_for(deal, 2)
    first = place_order(member, deal, form, now=NOON)
    assert place_order(member, deal, form, now=NOON + HOUR) is first
    assert (count(Order), count(StockMove), count(Payment), count(Notice)) == (1, 1, 1, 1)
    assert deal.items[0].sold == 2


def test_a_second_tap_after_the_closing_still_finds_the_order_of_the_first(app):
    deal = factories.make_deal()
    member = factories.make_member(deal.leader)
    form = factories.form_for(deal, 1)
    first = place_order(member, deal, form, now=deal.closes_at - timedelta(microseconds=1))
    assert place_order(member, deal, form, now=deal.closes_at) is first
    with refused(DealClosed):
        place_order(member, deal, factories.form_for(deal, 1), now=deal.closes_at)


def test_one_form_of_two_members_is_two_orders(app):
    deal = factories.make_deal()
    orders = {factories.make_order(deal, key="same").id for _ in range(2)}
    assert len(orders) == 2


def test_a_form_of_another_deal_is_refused(app):
    leader = factories.make_leader()
    member = factories.make_member(leader)
    for n, deal in enumerate(factories.make_deal(leader=leader) for _ in range(2)):
        if n == 0:
            factories.make_order(deal, member=member, key="same")
        else:
            with refused(BadInput) as caught:
                factories.make_order(deal, member=member, key="same")
            assert caught.value.field == "key"


def test_nothing_of_an_order_that_is_sold_out_stays(app):
    deal = two_items(stock=1)
    with refused(SoldOut):
        factories.make_order(deal, 1, 2)
    assert [count(model) for model in (Order, OrderEvent, Payment, Notice, StockMove)] == [0] * 5
    assert [item.sold for item in deal.items] == [0, 0]


@pytest.mark.parametrize("pieces", [1, 9999])
def test_the_smallest_and_the_largest_quantity_are_fine(app, pieces):
    assert factories.make_order(factories.make_deal(), pieces).lines[0].quantity == pieces


@pytest.mark.parametrize("pieces", [0, -1, 10_000, 2**31, 2**63])
def test_quantities_out_of_bounds_are_refused(app, pieces):
    deal = factories.make_deal()
    form = OrderForm({deal.items[0].id: pieces}, deal.points[0].id, "k")
    with refused(BadInput) as caught:
        place_order(factories.make_member(deal.leader), deal, form, now=NOON)
    assert caught.value.field == "quantities"


def test_an_empty_order_is_refused(app):
    deal = factories.make_deal()
    with refused(BadInput) as caught:
        place_order(
            factories.make_member(deal.leader),
            deal,
            OrderForm({}, deal.points[0].id, "k"),
            now=NOON,
        )
    assert caught.value.field == "quantities"


def test_an_item_of_another_deal_is_refused_like_one_that_does_not_exist(app):
    leader = factories.make_leader()
    deal, other = (factories.make_deal(leader=leader) for _ in range(2))
    sentences = set()
    for item_id in (other.items[0].id, 10**9):
        form = OrderForm({deal.items[0].id: 1, item_id: 1}, deal.points[0].id, "k")
        with refused(BadInput) as caught:
            place_order(factories.make_member(leader), deal, form, now=NOON)
        sentences.add((caught.value.field, caught.value.sentence))
    assert len(sentences) == 1


def test_a_point_the_deal_does_not_go_to_is_refused(app):
    deal = factories.make_deal()
    for point_id in (factories.make_point(deal.leader).id, 10**9):
        with refused(BadInput) as caught:
            factories.make_order(deal, point_id=point_id)
        assert caught.value.field == "point"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("note", {"note": "长" * 501}),
        ("if_short", {"if_short": {1: "everything"}}),
        ("key", {"key": "k" * 60}),
        ("key", {"key": "a\x00b"}),
        ("key", {"key": " "}),
    ],
)
def test_what_no_page_sends_is_refused_alike_on_both_databases(app, field, values):
    with refused(BadInput) as caught:
        factories.make_order(factories.make_deal(), **values)
    assert caught.value.field == field


def test_a_note_of_500_characters_fits(app):
    assert factories.make_order(factories.make_deal(), note="长" * 500).note == "长" * 500


def test_the_limit_of_an_item_counts_all_orders_of_a_member(app):
    deal = two_items(limit_per_item=3)
    member = factories.make_member(deal.leader)
    factories.make_order(deal, 2, 3, member=member)
    factories.make_order(deal, 1, member=member)
    with refused(LimitReached, "土鸡蛋", "3") as caught:
        factories.make_order(deal, 1, member=member)
    assert (caught.value.facts["limit"], caught.value.facts["has"]) == (3, 3)
    assert factories.make_order(deal, 3)  # somebody else


def test_the_limit_of_a_deal_counts_all_pieces_of_a_member(app):
    deal = two_items(limit_per_person=5)
    member = factories.make_member(deal.leader)
    with refused(DealLimitReached):
        factories.make_order(deal, 3, 3, member=member)
    factories.make_order(deal, 2, 1, member=member)
    factories.make_order(deal, 0, 2, member=member)
    with refused(DealLimitReached, "5") as caught:
        factories.make_order(deal, 1, member=member)
    assert caught.value.facts == {"limit": 5, "has": 5}


def test_what_was_cancelled_does_not_count_against_the_limit(app):
    deal = factories.make_deal(limit_per_item=2, limit_per_person=2)
    member = factories.make_member(deal.leader)
    cancel_order(factories.make_order(deal, 2, member=member), now=NOON, actor_id=None)
    assert factories.make_order(deal, 2, member=member)


def test_what_costs_nothing_waits_for_the_leader_and_not_for_money_nobody_can_pay(app):
    leader = factories.make_leader()
    deal = factories.make_deal(leader=leader, skus=[factories.make_sku(leader, price_fen=0)])
    order = factories.make_order(deal, 1, way="sandbox")
    assert (order.state, order.way, order.pay_by) == ("pending", "cash", None)
    vouch(order, by_id=None, now=NOON)
    assert order.state == "placed"
