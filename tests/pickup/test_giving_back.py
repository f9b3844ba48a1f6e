"""Staff give money back after the closing: whole orders, pieces, amounts; pieces end once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.errors import BadInput, WrongState
from groupbuy.core.models import ActionLog
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from groupbuy.orders.models import Order
from groupbuy.payments.models import Refund, RefundProposal
from groupbuy.pickup import giving_back, giving_many, handover, proposing, uncollected
from groupbuy.pickup.back_plan import (
    MoreThanItIsWorth,
    NothingToGiveBack,
    NotSharedOutYet,
    Wish,
    plan,
    whole,
)
from groupbuy.pickup.bags import OrdersChanged
from groupbuy.purchasing.reopening import reopen
from tests import factories
from tests.checks import assert_everything_true, count, refused
from tests.pickup.rows import (
    ARRIVED,
    CLOSED,
    arrive,
    bags_of,
    closed_deal,
    lines_of,
    lists_of,
    orders_of,
)

LATER = ARRIVED + timedelta(hours=1)


@pytest.fixture
def deal(app) -> Deal:
    """One order of 2 eggs and 3 strawberries at ¥10, and another of 1 egg; closed."""
    yield closed_deal((2, 3), (1,), stock=50)
    assert_everything_true()


def give(order: Order, *wishes: tuple[int, int], nonce: str = "n" * 20, **values):
    chosen = {
        line.id: Wish(*wish) for line, wish in zip(order.lines, wishes or ((0, 0),), strict=False)
    }
    told = {"because": "坏了", "nonce": nonce, "by_id": order.deal.leader.user_id, "now": LATER}
    return giving_back.give_back(order, chosen, **told | values)


def first(deal: Deal) -> Order:
    return orders_of(deal)[0]


def hand_over(deal: Deal, pieces: dict[int, int] | None = None) -> handover.Handover:
    bag = bags_of(deal)[0]
    return handover.hand_over(bag, nonce="scan", by_id=None, now=ARRIVED, pieces=pieces)


def test_open_pieces_become_short_and_their_money_goes_back(deal):
    order = first(deal)
    assert give(order, (1, 0), (2, 0)) == 3000
    assert [line.short_pieces for line in lines_of(deal)] == [1, 2, 0]
    order = first(deal)
    assert (order.state, order.due_fen, order.refunded_fen) == ("confirmed", 2000, 3000)
    assert [item.sold for item in deal.items] == [2, 1]
    assert [line.pieces for line in lists_of(deal)[0].current.lines] == [3, 3]


def test_a_whole_order_that_nobody_has_is_cancelled_and_its_bag_is_void(deal):
    order = first(deal)
    assert give(order, (2, 0), (3, 0)) == 5000
    order = first(deal)
    assert (order.state, order.due_fen, order.refunded_fen) == ("cancelled", 0, 5000)
    assert [bag.state for bag in bags_of(deal)] == ["void", "waiting"]


def test_a_bag_that_stands_ready_is_void_when_all_of_it_is_given_back(deal):
    arrive(deal)
    give(first(deal), (2, 0), (3, 0))
    assert [bag.state for bag in bags_of(deal)] == ["void", "ready"]


def test_after_the_handover_only_money_goes_back(deal):
    arrive(deal)
    hand_over(deal)
    assert give(first(deal), (1, 250)) == 1250
    line = lines_of(deal)[0]
    assert (line.picked_pieces, line.short_pieces, line.given_back_fen) == (2, 0, 1250)
    assert (line.earned_fen, first(deal).state) == (750, "fulfilled")


def test_the_rest_of_a_bag_given_back_ends_order_and_bag(deal):
    arrive(deal)
    egg = lines_of(deal)[0]
    hand_over(deal, {egg.id: 2})
    assert give(first(deal), (0, 0), (3, 0)) == 3000
    assert (first(deal).state, bags_of(deal)[0].state) == ("fulfilled", "collected")


def test_what_was_not_collected_can_be_given_back_later(deal):
    arrive(deal)
    uncollected.end(bags_of(deal)[0], "kept", "", by_id=None, now=LATER)
    order = first(deal)
    wishes = whole(order)
    assert plan(order, wishes).fen == 5000
    assert giving_back.give_back(
        order, wishes, because="晚了", nonce="n" * 20, by_id=deal.leader.user_id, now=LATER
    )
    assert [line.given_back_fen for line in lines_of(deal)] == [2000, 3000, 0]


def test_an_amount_on_pieces_that_lie_there_counts_when_they_are_not_collected(deal):
    arrive(deal)
    give(first(deal), (0, 700))
    uncollected.end(bags_of(deal)[0], "refunded", "", by_id=None, now=LATER)
    order = first(deal)
    assert (order.due_fen, order.refunded_fen, order.state) == (0, 5000, "fulfilled")


def test_an_amount_and_then_the_piece_itself_are_no_more_than_the_piece(deal):
    arrive(deal)
    assert (give(first(deal), (0, 1500)), give(first(deal), (2, 0), nonce="m" * 20)) == (1500, 500)
    assert (lines_of(deal)[0].given_back_fen, first(deal).due_fen) == (0, 3000)


def test_an_amount_waits_until_the_goods_were_counted_in(deal):
    with refused(NotSharedOutYet, "土鸡蛋"):
        give(first(deal), (0, 1))


def test_a_handover_can_be_undone_and_done_again_after_money_went_back(deal):
    arrive(deal)
    act = hand_over(deal)
    give(first(deal), (1, 0))
    handover.undo(act, because="拿错了", by_id=None, now=ARRIVED)
    assert_everything_true()
    handover.hand_over(bags_of(deal)[0], nonce="again", by_id=None, now=LATER)
    assert (first(deal).state, first(deal).due_fen) == ("fulfilled", 4000)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ((3, 0), BadInput),
        ((-1, 0), BadInput),
        ((0, -1), BadInput),
        ((0, 2001), MoreThanItIsWorth),
        ((1, 1001), MoreThanItIsWorth),
        ((10**12, 0), BadInput),
        ((0, 0), NothingToGiveBack),
    ],
)
def test_more_than_there_is_never_goes_back(deal, wish, error):
    arrive(deal)
    with refused(error):
        give(first(deal), wish)
    assert count(Refund) == 0


def test_a_line_of_another_order_is_refused(deal):
    one, two = orders_of(deal)
    with refused(BadInput):
        giving_back.give_back(one, whole(two), because="x", nonce="n", by_id=1, now=LATER)


def test_a_reason_is_needed_and_is_told(deal):
    with refused(BadInput):
        give(first(deal), (1, 0), because="  ")
    give(first(deal), (1, 0))
    [notice] = db.session.scalars(sa.select(Notice).where(Notice.kind == "given_back"))
    assert "¥10.00" in words(notice)
    assert "坏了" in words(notice)
    event = first(deal).events[-1]
    assert (event.kind, event.why, event.detail["refund_fen"]) == ("given_back", "坏了", 1000)
    [entry] = db.session.scalars(sa.select(ActionLog).where(ActionLog.action == "money_given_back"))
    assert entry.detail["orders"] == {str(first(deal).id): 1000}


def test_the_same_form_twice_gives_back_once(deal):
    assert give(first(deal), (1, 0)) == 1000
    assert give(first(deal), (1, 0)) is None
    assert count(Refund) == 1


def test_another_sum_than_was_shown_is_not_given(deal):
    with refused(OrdersChanged):
        give(first(deal), (1, 0), seen_fen=999)


def test_before_the_closing_and_after_the_end_it_is_refused(app):
    open_deal = factories.make_deal()
    order = factories.make_placed(open_deal)
    with refused(WrongState, "placed"):
        give(order, (1, 0))
    ended = closed_deal((1,))
    give(first(ended), (1, 0))
    with refused(WrongState, "cancelled"):
        give(first(ended), (1, 0), nonce="m" * 20)


def test_a_deal_can_be_reopened_after_pieces_went_back(deal):
    give(first(deal), (2, 0), (3, 0))
    reopen(deal, LATER, now=CLOSED)
    assert_everything_true()
    factories.close(deal, LATER)
    assert [order.state for order in orders_of(deal)] == ["cancelled", "confirmed"]
    giving_back.bags.make_bags(deal, now=LATER)


def test_unpaid_orders_cost_less_before_money_goes_back(app):
    deal = closed_deal((3,), pay_at_pickup=True)
    assert give(first(deal), (1, 0)) == 1000
    assert (first(deal).due_fen, count(Refund)) == (2000, 0)
    assert_everything_true()


def test_many_orders_go_back_at_once_and_the_rest_is_told_why(app):
    deal = closed_deal((1,), (5,), (2,), (1,))
    give(orders_of(deal)[0], (1, 0))
    orders = orders_of(deal)
    many = giving_many.plan_many(orders, 3000)
    assert [order.roll_no for order in many.done] == [3, 4]
    assert (many.fen, many.back_fen) == (3000, 3000)
    reasons = [why for _order, why in many.skipped]
    assert "结束" in reasons[0]
    assert "¥30.00" in reasons[1]
    told = {"because": "天热", "limit_fen": 3000, "by_id": deal.leader.user_id, "now": LATER}
    done = giving_many.give_many(deal, orders, "k" * 20, **told)
    assert done.fen == 3000
    assert giving_many.give_many(deal, orders, "k" * 20, **told) is None
    states = [order.state for order in orders_of(deal)]
    assert states == ["cancelled", "confirmed", "cancelled", "cancelled"]
    assert count(Refund) == 3
    assert_everything_true()


@pytest.fixture
def proposed(deal) -> RefundProposal:
    """¥50 to go back, proposed by the leader, who may give ¥20."""
    order = first(deal)
    answer = proposing.ask(
        order,
        whole(order),
        because="全坏了",
        nonce="n" * 20,
        limit_fen=2000,
        seen_fen=5000,
        by_id=deal.leader.user_id,
        now=LATER,
    )
    assert answer == (5000, True)
    assert count(Refund) == 0
    return db.session.scalars(sa.select(RefundProposal)).one()


def test_above_the_limit_a_second_person_agrees(deal, proposed):
    operator = factories.make_user()
    assert proposing.approve(proposed, by_id=operator.id, now=LATER) == 5000
    assert (proposed.state, first(deal).refunded_fen) == ("approved", 5000)
    with refused(WrongState, "approved"):
        proposing.approve(proposed, by_id=operator.id, now=LATER)
    assert count(Refund) == 1


def test_nobody_agrees_with_themselves(deal, proposed):
    for act in (proposing.approve, proposing.refuse):
        with refused(proposing.SamePerson):
            act(proposed, by_id=deal.leader.user_id, now=LATER)
    assert count(Refund) == 0


def test_a_refused_proposal_gives_nothing_and_another_may_follow(deal, proposed):
    order = first(deal)
    told = {"because": "x", "limit_fen": 1, "by_id": deal.leader.user_id, "now": LATER}
    with refused(proposing.AlreadyProposed):
        proposing.ask(order, whole(order), nonce="m" * 20, seen_fen=5000, **told)
    proposing.refuse(proposed, by_id=factories.make_user().id, now=LATER)
    proposing.ask(order, whole(order), nonce="o" * 20, seen_fen=5000, **told)
    assert (count(Refund), count(RefundProposal)) == (0, 2)


def test_what_changed_since_it_was_proposed_is_not_agreed_to(deal, proposed):
    give(first(deal), (1, 0), nonce="m" * 20)
    with refused(BadInput):
        proposing.approve(proposed, by_id=factories.make_user().id, now=LATER)
    assert proposed.state == "waiting"


def test_the_limits_are_set_by_the_operator(app):
    assert [proposing.limit_fen(is_operator) for is_operator in (False, True)] == [20000, 200000]
