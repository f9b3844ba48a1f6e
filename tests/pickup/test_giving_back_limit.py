"""What one person may give back of an order is of the order, however often they do it."""

from __future__ import annotations

import pytest

from groupbuy.orders.models import Order
from groupbuy.pickup import giving_many, proposing
from groupbuy.pickup.back_plan import Wish
from tests import factories
from tests.checks import assert_everything_true
from tests.pickup.rows import ARRIVED, arrive, closed_deal, orders_of

LIMIT = 1500


@pytest.fixture
def order(app) -> Order:
    """¥30, all of it there."""
    deal = closed_deal((3,))
    arrive(deal)
    yield orders_of(deal)[0]
    assert_everything_true()


def give(order: Order, fen: int, number: int) -> proposing.Answer | None:
    return proposing.ask(
        order,
        {order.lines[0].id: Wish(0, fen)},
        because="坏了",
        nonce=f"n{number:019}",
        limit_fen=LIMIT,
        seen_fen=fen,
        by_id=order.deal.leader.user_id,
        now=ARRIVED,
    )


def test_the_second_half_needs_a_second_person(order):
    assert give(order, 1000, 1) == (1000, False)
    assert give(order, 600, 2) == (600, True)
    assert order.refunded_fen == 1000


def test_up_to_the_limit_it_may_be_given_in_parts(order):
    assert [give(order, fen, fen) for fen in (1000, 499, 1)] == [
        (1000, False),
        (499, False),
        (1, False),
    ]


def test_what_a_second_person_agreed_to_does_not_count(order):
    assert give(order, 2000, 1) == (2000, True)
    proposal = proposing.waiting_for(order)
    proposing.approve(proposal, by_id=factories.make_user().id, now=ARRIVED)
    assert give(order, 1000, 2) == (1000, False)


def test_giving_many_back_looks_at_what_was_given_before(order):
    give(order, 1000, 1)
    many = giving_many.plan_many([order], 2000)
    assert (many.done, [order for order, _why in many.skipped]) == ([], [order])
    assert giving_many.plan_many([order], 3000).done == [order]
