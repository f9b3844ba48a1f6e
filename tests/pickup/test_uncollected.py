"""Reminders, and the endings of bags nobody collected."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.payments import ledger
from groupbuy.pickup import handover, shortage, uncollected
from groupbuy.pickup.models import ENDINGS
from tests.checks import refused
from tests.pickup.rows import (
    ARRIVED,
    arrive,
    assert_all_is_true,
    bags_of,
    closed_deal,
    count_all,
    lines_of,
    lists_of,
    orders_of,
    ready_bag,
)

ENDS = ARRIVED + timedelta(hours=8)
HOURS = timedelta(hours=1)


def kinds():
    return sorted(db.session.scalars(sa.select(Notice.kind).where(Notice.kind.like("pickup%"))))


def test_those_who_have_not_come_are_reminded_once_before_and_once_after_the_end(app):
    ready_bag(2, pickup_ends_at=ENDS)
    assert uncollected.remind_before_end(ENDS - 3 * HOURS) == 0
    assert uncollected.remind_before_end(ENDS - 2 * HOURS) == 1
    assert uncollected.remind_before_end(ENDS - 1 * HOURS) == 0
    assert uncollected.remind_after_end(ENDS + 1 * HOURS) == 0
    assert uncollected.remind_after_end(ENDS + 2 * HOURS) == 1
    assert uncollected.remind_after_end(ENDS + 9 * HOURS) == 0
    assert kinds() == ["pickup_ending", "pickup_missed"]


def test_nobody_is_told_to_hurry_when_it_is_over(app):
    ready_bag(2, pickup_ends_at=ENDS)
    assert uncollected.remind_before_end(ENDS) == 0


def test_whoever_came_or_still_waits_for_goods_is_left_in_peace(app):
    bag = ready_bag(2, pickup_ends_at=ENDS)
    handover.hand_over(bag, nonce="one", by_id=None, now=ENDS - 4 * HOURS)
    closed_deal((1,), pickup_ends_at=ENDS)
    assert uncollected.remind_before_end(ENDS - HOURS) == 0
    assert uncollected.remind_after_end(ENDS + 2 * HOURS) == 0


def test_nobody_missed_goods_that_came_after_the_end(app):
    deal = closed_deal((1,), pickup_ends_at=ENDS)
    late = count_all(lists_of(deal)[0])
    shortage.carry_out(late, "payment", by_id=None, now=ENDS + HOURS)
    assert uncollected.remind_after_end(ENDS + 3 * HOURS) == 0


def test_deals_without_an_end_remind_nobody(app):
    ready_bag(2)
    assert uncollected.remind_before_end(ENDS) == 0
    assert uncollected.remind_after_end(ENDS) == 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_bag_nobody_collected_gets_its_ending(app, ending):
    bag = ready_bag(2, pickup_ends_at=ENDS)
    uncollected.end(bag, ending, "  to 302 ", by_id=None, now=ENDS)
    assert (bag.state, bag.ending, bag.ending_note) == ("uncollected", ending, "to 302")
    [line], [order] = lines_of(bag.deal), orders_of(bag.deal)
    assert (line.no_show_pieces, line.open_pieces) == (2, 0)
    assert (order.state, order.events[-1].kind) == ("fulfilled", "uncollected")
    refunded = 2000 if ending == "refunded" else 0
    assert (order.due_fen, order.refunded_fen) == (2000 - refunded, refunded)
    assert_all_is_true()


def test_only_what_was_left_of_a_bag_is_refunded(app):
    bag = ready_bag(3, pickup_ends_at=ENDS)
    [line] = lines_of(bag.deal)
    handover.hand_over(bag, nonce="one", by_id=None, now=ARRIVED, pieces={line.id: 1})
    uncollected.end(bag, "refunded", "", by_id=None, now=ENDS)
    [order] = orders_of(bag.deal)
    assert (order.due_fen, order.refunded_fen, order.state) == (1000, 2000, "fulfilled")
    assert_all_is_true()


def test_no_bag_ends_while_it_can_be_collected_nor_without_an_ending(app):
    bag = ready_bag(2, pickup_ends_at=ENDS)
    with pytest.raises(uncollected.StillCollecting, match="20:00"):
        uncollected.end(bag, "kept", "", by_id=None, now=ENDS - HOURS)
    with pytest.raises(BadInput):
        uncollected.end(bag, "vanished", "", by_id=None, now=ENDS)
    assert bag.state == "ready"


def test_only_a_bag_that_stands_there_can_be_ended_and_only_once(app):
    deal = closed_deal((1,), (1,))
    first, second = bags_of(deal)
    with pytest.raises(handover.NotArrived):
        uncollected.end(first, "kept", "", by_id=None, now=ENDS)
    arrive(deal)
    handover.hand_over(first, nonce="one", by_id=None, now=ARRIVED)
    with pytest.raises(handover.AlreadyHandedOver):
        uncollected.end(first, "kept", "", by_id=None, now=ENDS)
    uncollected.end(second, "kept", "", by_id=None, now=ENDS)
    with pytest.raises(handover.BagEnded):
        uncollected.end(second, "door", "", by_id=None, now=ENDS)
    with pytest.raises(handover.BagEnded):
        handover.hand_over(second, nonce="two", by_id=None, now=ENDS)


def test_more_than_one_person_may_give_back_wants_another_ending(app):
    bag = ready_bag(30, pickup_ends_at=ENDS)
    with refused(uncollected.TooMuchAlone, "200.00"):
        uncollected.end(bag, "refunded", "", by_id=None, now=ENDS)
    uncollected.end(bag, "disposed", "", by_id=None, now=ENDS)
    assert_all_is_true()


def test_what_nobody_paid_or_collected_is_sold_only_once_it_is_paid(app):
    bag = ready_bag(2, pickup_ends_at=ENDS, pay_at_pickup=True)
    bag.deal.leader.commission_bp = 1000
    uncollected.end(bag, "kept", "", by_id=None, now=ENDS)
    [order] = orders_of(bag.deal)
    assert (order.state, order.owed_fen, order.lines[0].earned_fen) == ("fulfilled", 2000, 0)
    assert_all_is_true()
    assert handover.collect_cash(bag, by_id=None, now=ENDS + HOURS) == 2000
    assert (order.owed_fen, order.lines[0].earned_fen) == (0, 2000)
    assert ledger.balance_fen("sales", bag.deal_id) == -2000
    assert handover.collect_cash(bag, by_id=None, now=ENDS + HOURS) == 0
    assert_all_is_true()
