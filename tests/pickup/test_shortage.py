"""Carrying a shortage out: pieces, money, messages, bags and the deal."""

import pytest
import sqlalchemy as sa

from groupbuy.core.errors import BadInput
from groupbuy.deals.models import StockMove
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.orders.models import OrderLine
from groupbuy.payments.models import Refund
from groupbuy.pickup import bags, shortage
from groupbuy.pickup.arrival import AlreadySharedOut
from groupbuy.pickup.models import Arrival
from tests import factories
from tests.pickup.rows import (
    ARRIVED,
    arrive,
    assert_all_is_true,
    bags_of,
    close,
    closed_deal,
    count_all,
    lines_of,
    lists_of,
    orders_of,
)


def notices(kind):
    return db.session.scalars(sa.select(Notice).where(Notice.kind == kind)).all()


def test_the_preview_says_who_gets_what_and_writes_nothing(app):
    deal = closed_deal((2,), (3,), (1,))
    counted = count_all(lists_of(deal)[0], 4)
    cuts = shortage.preview(counted, "payment")
    assert [(cut.roll_no, cut.wanted, cut.gets, cut.refund_fen) for cut in cuts] == [
        (2, 3, 2, 1000),
        (3, 1, 0, 1000),
    ]
    assert cuts[0].item == "土鸡蛋"
    assert cuts[0].order_no == orders_of(deal)[1].number
    assert "¥10.00" in cuts[0].message
    assert "2" in cuts[0].message
    assert "3" in cuts[0].message
    assert [line.short_pieces for line in lines_of(deal)] == [0, 0, 0]
    assert counted.state == "counting"
    assert notices("short") == []


def test_a_shortage_is_carried_out_in_pieces_money_stock_and_messages(app):
    deal = closed_deal((2,), (3,), (1, 1))
    arrive(deal, 4)
    assert [line.short_pieces for line in lines_of(deal)] == [0, 1, 1, 0]
    assert [order.due_fen for order in orders_of(deal)] == [2000, 2000, 1000]
    refunds = db.session.scalars(sa.select(Refund).order_by(Refund.id)).all()
    assert [(refund.amount_fen, refund.state) for refund in refunds] == [
        (1000, "requested"),
        (1000, "requested"),
    ]
    assert [order.events[-1].kind for order in orders_of(deal)] == ["confirmed", "short", "short"]
    assert orders_of(deal)[1].events[-1].detail == {
        "lines": [{"item": "土鸡蛋", "wanted": 3, "gets": 2}],
        "refund_fen": 1000,
    }
    moves = db.session.scalars(sa.select(StockMove.pieces).where(StockMove.kind == "short"))
    assert list(moves) == [-1, -1]
    assert {notice.order_id for notice in notices("short")} == {
        order.id for order in orders_of(deal)[1:]
    }
    assert_all_is_true()


def test_pro_rata_cuts_everybody_a_little(app):
    deal = closed_deal((4,), (4,), (2,))
    arrive(deal, 5, share_by="prorata")
    assert [line.kept_pieces for line in lines_of(deal)] == [2, 2, 1]
    assert_all_is_true()


def test_who_wanted_all_or_nothing_gets_everything_back_and_frees_pieces_for_others(app):
    deal = closed_deal((3,), (3,), (2,), wishes=("less", "refund", "less"))
    arrive(deal, 5)
    assert [line.kept_pieces for line in lines_of(deal)] == [3, 0, 2]
    assert [order.refunded_fen for order in orders_of(deal)] == [0, 3000, 0]
    assert_all_is_true()


def test_a_substitute_is_taken_as_less_for_now(app):
    deal = closed_deal((3,), wishes=("substitute",))
    arrive(deal, 2)
    assert [line.kept_pieces for line in lines_of(deal)] == [2]


def test_damaged_pieces_are_not_shared_out(app):
    deal = closed_deal((3,))
    [purchase_list] = lists_of(deal)
    counted = count_all(purchase_list)
    counted.lines[0].damaged = 2
    shortage.carry_out(counted, "payment", by_id=None, now=ARRIVED)
    assert [line.kept_pieces for line in lines_of(deal)] == [1]
    assert_all_is_true()


def test_sharing_out_a_second_time_is_refused_and_changes_nothing(app):
    deal = closed_deal((2,))
    arrive(deal, 1)
    [arrival] = db.session.scalars(sa.select(Arrival))
    with pytest.raises(AlreadySharedOut):
        shortage.carry_out(arrival, "payment", by_id=None, now=ARRIVED)
    assert [line.short_pieces for line in lines_of(deal)] == [1]


def test_an_unknown_rule_is_refused(app):
    deal = closed_deal((2,))
    with pytest.raises(BadInput):
        arrive(deal, 1, share_by="loudest")


def test_an_order_of_which_nothing_came_ends_and_its_bag_is_void(app):
    deal = closed_deal((2,), (1,))
    arrive(deal, 2)
    first, second = orders_of(deal)
    assert (first.state, second.state) == ("confirmed", "fulfilled")
    assert second.events[-1].why == "nothing arrived"
    assert [bag.state for bag in bags_of(deal)] == ["ready", "void"]
    assert len(notices("arrived")) == 1
    assert_all_is_true()


def test_who_pays_at_the_pickup_gets_no_refund_but_a_smaller_bill(app):
    deal = closed_deal((2,), (3,), pay_at_pickup=True)
    [cut] = arrive(deal, 4)
    assert (cut.refund_fen, cut.less_fen) == (0, 1000)
    assert "¥10.00" in cut.message
    assert orders_of(deal)[1].due_fen == 2000
    assert db.session.scalars(sa.select(Refund)).all() == []
    assert_all_is_true()


def test_a_bag_waits_until_every_list_of_its_goods_is_in(app):
    leader = factories.make_leader()
    skus = [factories.make_sku(leader) for _ in range(3)]  # three suppliers
    deal = closed_deal((1, 1, 0), (1, 0, 0), skus=skus, leader=leader)
    eggs, berries, nothing = lists_of(deal)
    assert nothing.current.lines == []
    shortage.carry_out(count_all(eggs), "payment", by_id=None, now=ARRIVED)
    assert [bag.state for bag in bags_of(deal)] == ["waiting", "ready"]
    assert deal.state == "closed"
    shortage.carry_out(count_all(berries), "payment", by_id=None, now=ARRIVED)
    assert [bag.state for bag in bags_of(deal)] == ["ready", "ready"]
    assert deal.state == "arrived"
    assert len(notices("arrived")) == 2
    assert_all_is_true()


def test_what_did_not_come_does_not_keep_the_rest_of_the_bag_waiting(app):
    leader = factories.make_leader()
    skus = [factories.make_sku(leader) for _ in range(2)]
    deal = closed_deal((1, 1), skus=skus, leader=leader)
    eggs, berries = lists_of(deal)
    shortage.carry_out(count_all(eggs, 0), "payment", by_id=None, now=ARRIVED)
    assert [order.state for order in orders_of(deal)] == ["confirmed"]
    assert [bag.state for bag in bags_of(deal)] == ["waiting"]
    shortage.carry_out(count_all(berries), "payment", by_id=None, now=ARRIVED)
    assert [bag.state for bag in bags_of(deal)] == ["ready"]
    assert_all_is_true()


def test_a_household_with_two_orders_has_one_bag_and_both_are_cut_by_their_own_number(app):
    leader = factories.make_leader()
    member = factories.make_member(leader)
    deal = factories.make_deal(leader=leader)
    for pieces in (2, 2):
        factories.make_placed(deal, pieces, member=member)
    close(deal)
    assert len(bags_of(deal)) == 1
    arrive(deal, 3)
    assert [line.kept_pieces for line in lines_of(deal)] == [2, 1]
    assert_all_is_true()


def test_an_order_changed_in_between_stops_the_whole_step(app):
    deal = closed_deal((2,), (2,))
    counted = count_all(lists_of(deal)[0], 1)
    cuts = shortage.preview(counted, "payment")
    db.session.execute(
        sa.update(OrderLine).where(OrderLine.id == cuts[1].line.id).values(cancelled_pieces=1)
    )
    with pytest.raises(bags.OrdersChanged):
        bags.shift(OrderLine.short_pieces, 1, {cuts[1].line.id: 2}, OrderLine.open_pieces)
