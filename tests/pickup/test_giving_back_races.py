"""Giving money back against itself and against the handover, with real connections."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments.models import Payment, Refund
from groupbuy.pickup import bags, giving_back, handover
from groupbuy.pickup.back_plan import MoreThanItIsWorth, NothingToGiveBack, Wish, whole
from tests.pickup.rows import ARRIVED, arrive, assert_all_is_true, closed_deal
from tests.races.together import at_the_edge, together

pytestmark = pytest.mark.races
STAFF = 50


@pytest.fixture(autouse=True)
def a_connection_each(monkeypatch):
    monkeypatch.setenv("DATABASE_POOL_SIZE", "20")


def an_order(handed_over: bool) -> tuple[int, int, int, str]:
    """A paid order of ¥30, its line, its leader's user, and the token of its bag that is ready."""
    with transaction():
        deal = closed_deal((3,))
        arrive(deal)
        order = db.session.scalars(sa.select(Order)).one()
        bag = db.session.scalars(sa.select(bags.Pickup)).one()
        if handed_over:
            handover.hand_over(bag, nonce="first", by_id=None, now=ARRIVED)
        found = order.id, order.lines[0].id, deal.leader.user_id, bags.token_of(bag)
    db.session.remove()
    return found


def one_yuan(order_id: int, line_id: int, by_id: int, number: int):
    def give():
        order = db.session.get_one(Order, order_id)
        told = {"because": "坏", "nonce": f"n{number:019}", "by_id": by_id, "now": ARRIVED}
        return giving_back.give_back(order, {line_id: Wish(0, 100)}, **told)

    return lambda: at_the_edge(give)


def test_of_fifty_refunds_of_one_yuan_on_thirty_yuan_thirty_go_back(shared_app):
    order_id, line_id, by_id, _token = an_order(handed_over=True)
    acts = [one_yuan(order_id, line_id, by_id, number) for number in range(STAFF)]
    answers = together(shared_app, acts)
    assert answers.errors == []
    assert (answers.yes, len(answers.refused)) == ([100] * 30, 20)
    assert {type(refusal) for refusal in answers.refused} == {MoreThanItIsWorth}
    order = db.session.get_one(Order, order_id, populate_existing=True)
    assert (order.due_fen, order.refunded_fen) == (0, 3000)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Refund)) == 30
    assert_all_is_true()


def test_control_without_lock_and_guard_the_same_yuan_goes_back_twice(shared_app):
    order_id, _line_id, _by_id, _token = an_order(handed_over=True)

    def naively(number: int):
        def give():
            payment = db.session.scalars(sa.select(Payment)).one()
            seen, way, leader_id = payment.refunded_fen, payment.id, payment.leader_id
            db.session.rollback()
            if seen + 100 > 3000:
                return 0
            with transaction():
                values = {"refunded_fen": seen + 100}
                db.session.execute(sa.update(Payment).where(Payment.id == way).values(values))
                db.session.add(
                    Refund(
                        leader_id=leader_id,
                        order_id=order_id,
                        payment_id=way,
                        out_refund_no=f"r{number}",
                        state="requested",
                        amount_fen=100,
                        why="",
                        requested_at=ARRIVED,
                    )
                )
            return 100

        return give

    answers = together(shared_app, [naively(number) for number in range(STAFF)])
    counted = db.session.scalars(sa.select(Payment.refunded_fen)).one()
    assert sum(answers.yes) > counted


def test_a_refund_of_all_against_the_handover_one_of_them_has_the_goods(shared_app):
    for round_ in range(8):
        order_id, line_id, by_id, token = an_order_anew(round_)

        def give(order_id=order_id, by_id=by_id):
            order = db.session.get_one(Order, order_id)
            told = {"because": "坏", "nonce": "n" * 20, "by_id": by_id, "now": ARRIVED}
            return giving_back.give_back(order, whole(order), **told)

        def scan(token=token):
            bag = handover.find(None, token)
            return handover.hand_over(bag, nonce="scan", by_id=None, now=ARRIVED).id

        answers = together(
            shared_app, [lambda give=give: at_the_edge(give), lambda scan=scan: at_the_edge(scan)]
        )
        assert answers.errors == []
        line = db.session.get_one(OrderLine, line_id, populate_existing=True)
        order = db.session.get_one(Order, order_id, populate_existing=True)
        assert (line.picked_pieces, line.short_pieces) in ((3, 0), (0, 3))
        if line.short_pieces:
            assert (order.state, order.refunded_fen) == ("cancelled", 3000)
            assert isinstance(answers[1], Exception)
        else:
            # It went first: the goods are out, and the money goes back for nothing more than that.
            assert order.state == "fulfilled"
            assert order.refunded_fen in (0, 3000)
            assert answers[0] == 3000 or isinstance(answers[0], NothingToGiveBack)
        assert_all_is_true()
        db.session.remove()


def an_order_anew(_round: int) -> tuple[int, int, int, str]:
    """As `an_order`, beside those of the rounds before."""
    with transaction():
        deal = closed_deal((3,))
        arrive(deal)
        order = db.session.scalars(sa.select(Order).where(Order.deal_id == deal.id)).one()
        bag = db.session.scalars(sa.select(bags.Pickup).where(bags.Pickup.deal_id == deal.id)).one()
        found = order.id, order.lines[0].id, deal.leader.user_id, bags.token_of(bag)
    db.session.remove()
    return found
