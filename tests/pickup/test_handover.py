"""Handing over, and taking it back."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup import bags, handover, uncollected
from groupbuy.pickup.models import Handover
from tests import factories
from tests.pickup.rows import (
    ARRIVED,
    arrive,
    assert_all_is_true,
    bags_of,
    close,
    closed_deal,
    lines_of,
    orders_of,
    ready_bag,
)

EVENING = ARRIVED + timedelta(hours=6)  # 18:00 in Shanghai


def give(bag, nonce="one", now=EVENING, by_id=None, **values):
    return handover.hand_over(bag, nonce=nonce, by_id=by_id, now=now, **values)


def test_a_scan_hands_over_everything_and_ends_the_orders(app):
    bag = ready_bag(2, 1)
    done = give(bag)
    assert sum(line.pieces for line in done.lines) == 3
    assert bag.state == "collected"
    [order] = orders_of(bag.deal)
    assert order.state == "fulfilled"
    assert order.events[-1].kind == "handed_over"
    assert [line.picked_pieces for line in lines_of(bag.deal)] == [2, 1]
    assert_all_is_true()


def test_the_same_nonce_again_is_the_same_handover(app):
    bag = ready_bag(2)
    done = give(bag)
    assert give(bag, now=EVENING + timedelta(hours=1)) is done
    assert [line.picked_pieces for line in lines_of(bag.deal)] == [2]
    assert len(db.session.scalars(sa.select(Handover)).all()) == 1


def test_another_scan_hears_when_and_by_whom_it_was_handed_over(app):
    bag = ready_bag(2)
    give(bag, by_id=bag.deal.leader.user_id)
    with pytest.raises(handover.AlreadyHandedOver) as refused:
        give(bag, nonce="two")
    assert "18:00" in refused.value.sentence
    assert "林姐" in refused.value.sentence
    with pytest.raises(handover.AlreadyHandedOver, match="2035-05-13 18:00"):
        give(bag, nonce="two", now=EVENING + timedelta(days=1))


def test_part_of_a_bag_can_be_handed_over_and_the_rest_later(app):
    bag = ready_bag(2, 1)
    eggs, _berries = lines_of(bag.deal)
    give(bag, pieces={eggs.id: 1})
    assert bag.state == "ready"
    assert [order.state for order in orders_of(bag.deal)] == ["confirmed"]
    assert [line.open_pieces for line in lines_of(bag.deal)] == [1, 1]
    give(bag, nonce="two")
    assert bag.state == "collected"
    assert [order.state for order in orders_of(bag.deal)] == ["fulfilled"]
    assert_all_is_true()


def test_of_two_orders_in_a_bag_the_finished_one_ends_first(app):
    leader = factories.make_leader()
    member = factories.make_member(leader)
    deal = factories.make_deal(leader=leader)
    for _ in range(2):
        factories.make_placed(deal, 1, member=member)
    close(deal)
    arrive(deal)
    [bag] = bags_of(deal)
    give(bag, pieces={lines_of(deal)[0].id: 1})
    assert [order.state for order in orders_of(deal)] == ["fulfilled", "confirmed"]
    assert bag.state == "ready"
    assert_all_is_true()


def test_no_more_can_be_handed_over_than_came(app):
    deal = closed_deal((3,))
    arrive(deal, 2)
    [bag], [line] = bags_of(deal), lines_of(deal)
    with pytest.raises(handover.NotThatMany, match="2"):
        give(bag, pieces={line.id: 3})
    give(bag)
    assert lines_of(deal)[0].picked_pieces == 2
    assert_all_is_true()


@pytest.mark.parametrize("pieces", [{}, {0: 1}, {"line": 0}, {"line": -1}])
def test_pieces_that_are_not_of_this_bag_or_none_are_refused(app, pieces):
    bag = ready_bag(2)
    [line] = lines_of(bag.deal)
    asked = {line.id if key == "line" else key: count for key, count in pieces.items()}
    with pytest.raises(BadInput):
        give(bag, pieces=asked)


@pytest.mark.parametrize("nonce", ["", "x" * 65, "a b", "一", "a\x00"])
def test_a_nonce_that_no_scanner_makes_is_refused(app, nonce):
    with pytest.raises(BadInput):
        give(ready_bag(2), nonce=nonce)


def test_a_bag_that_waits_for_goods_is_not_handed_over(app):
    [bag] = bags_of(closed_deal((2,)))
    with pytest.raises(handover.NotArrived):
        give(bag)


def test_a_bag_of_which_nothing_came_is_not_handed_over(app):
    deal = closed_deal((2,))
    arrive(deal, 0)
    with pytest.raises(handover.BagCancelled):
        give(bags_of(deal)[0])


def test_a_bag_whose_orders_were_all_cancelled_is_not_handed_over(app):
    bag = ready_bag(2)
    db.session.execute(sa.update(Order).values(state="cancelled"))
    with pytest.raises(handover.BagCancelled):
        give(bag)


def test_a_bag_is_handed_over_only_where_it_stands(app):
    bag = ready_bag(2)
    with pytest.raises(handover.OtherPoint, match=bag.point.name):
        give(bag, at_point_id=bag.point_id + 1)
    give(bag, at_point_id=bag.point_id)
    assert bag.state == "collected"


def test_who_pays_at_the_pickup_pays_first(app):
    bag = ready_bag(2, pay_at_pickup=True)
    with pytest.raises(handover.NotPaid) as refused:
        give(bag)
    assert "¥20.00" in refused.value.sentence
    assert refused.value.facts["fen"] == 2000
    assert handover.collect_cash(bag, by_id=None, now=EVENING) == 2000
    assert handover.collect_cash(bag, by_id=None, now=EVENING) == 0
    give(bag)
    [order] = orders_of(bag.deal)
    assert (order.paid_fen, order.state) == (2000, "fulfilled")
    assert [event.kind for event in order.events][-2:] == ["paid", "handed_over"]
    assert_all_is_true()


def test_after_a_shortage_only_what_came_is_paid_at_the_pickup(app):
    deal = closed_deal((3,), pay_at_pickup=True)
    arrive(deal, 1)
    [bag] = bags_of(deal)
    assert handover.collect_cash(bag, by_id=None, now=EVENING) == 1000
    give(bag)
    assert_all_is_true()


def test_a_handover_can_be_undone_for_ten_minutes_with_a_reason(app):
    bag = ready_bag(2)
    done = give(bag)
    with pytest.raises(BadInput):
        handover.undo(done, because=" \n", by_id=None, now=EVENING)
    handover.undo(done, because="wrong bag", by_id=None, now=EVENING + timedelta(minutes=10))
    assert bag.state == "ready"
    [order] = orders_of(bag.deal)
    assert order.state == "confirmed"
    assert (order.events[-1].kind, order.events[-1].why) == ("handover_undone", "wrong bag")
    assert [line.picked_pieces for line in lines_of(bag.deal)] == [0]
    assert_all_is_true()
    give(bag, nonce="two")
    assert bag.state == "collected"
    assert_all_is_true()


def test_after_ten_minutes_nothing_is_undone(app):
    done = give(ready_bag(2))
    late = EVENING + timedelta(minutes=10, microseconds=1)
    with pytest.raises(handover.TooLateToUndo, match="10"):
        handover.undo(done, because="wrong bag", by_id=None, now=late)


def test_a_handover_is_undone_once_and_its_scan_cannot_be_sent_again(app):
    bag = ready_bag(2)
    done = give(bag)
    handover.undo(done, because="wrong bag", by_id=None, now=EVENING)
    with pytest.raises(handover.HandoverUndone):
        handover.undo(done, because="wrong bag", by_id=None, now=EVENING)
    with pytest.raises(handover.HandoverUndone):
        give(bag)
    assert [line.picked_pieces for line in lines_of(bag.deal)] == [0]


def test_undoing_the_first_half_opens_what_the_second_had_finished(app):
    bag = ready_bag(2)
    [line] = lines_of(bag.deal)
    first = give(bag, pieces={line.id: 1})
    give(bag, nonce="two")
    handover.undo(first, because="slip", by_id=None, now=EVENING)
    assert (bag.state, lines_of(bag.deal)[0].open_pieces) == ("ready", 1)
    assert_all_is_true()


def test_half_a_bag_is_not_undone_once_the_rest_was_ended(app):
    bag = ready_bag(2)
    [line] = lines_of(bag.deal)
    first = give(bag, pieces={line.id: 1})
    uncollected.end(bag, "kept", "", by_id=None, now=EVENING)
    with pytest.raises(handover.BagEnded):
        handover.undo(first, because="slip", by_id=None, now=EVENING)


def test_a_bag_is_found_by_token_url_and_spoken_code(app):
    bag = ready_bag(2)
    code = bags.code_of(bag)
    spoken = f" {code[:4].lower()}-{code[4:]} "
    shown = (bags.token_of(bag), bags.pickup_url(bag), code, spoken)
    for scope in (bag.deal, bag.deal.leader, None):
        assert [handover.find(scope, text) for text in shown] == [bag] * 4


@pytest.mark.parametrize(
    "shown", ["", "x", "A" * 8, "Z" * 22, "http://x/p/", "\x00", "\ud800", "码" * 500]
)
def test_what_opens_no_bag_is_unknown(app, shown):
    bag = ready_bag(2)
    with pytest.raises(handover.UnknownCode) as refused:
        handover.find(bag.deal.leader, shown)
    assert refused.value.status == 404


def test_foreign_bags_are_as_unknown_as_missing_ones(app):
    bag, other = ready_bag(2), ready_bag(2)
    for scope in (other.deal, other.deal.leader):
        for shown in (bags.token_of(bag), bags.code_of(bag)):
            with pytest.raises(handover.UnknownCode):
                handover.find(scope, shown)


def test_picked_pieces_are_guarded_by_what_is_open(app):
    bag = ready_bag(2)
    [line] = lines_of(bag.deal)
    with pytest.raises(bags.OrdersChanged):
        bags.shift(OrderLine.picked_pieces, 1, {line.id: 3}, OrderLine.open_pieces)
