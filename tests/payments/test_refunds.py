"""Money is booked once and goes back at most once, whoever asks how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.core.errors import WrongState
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch
from groupbuy.payments import attempts, refunds
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers import WAYS, cash, online
from tests import factories
from tests.checks import count, in_thread, refused, refused_by_the_database, run_sql
from tests.conftest import NOON

HOUR = timedelta(hours=1)


def paid_order(price_fen: int = 1000, pieces: int = 3) -> Order:
    leader = factories.make_leader()
    deal = factories.make_deal(
        leader=leader, skus=[factories.make_sku(leader, price_fen=price_fen)]
    )
    return factories.make_placed(deal, pieces)


def cheaper(order: Order, by: int) -> None:
    """Take `by` pieces off behind the back of the rules that would settle it."""
    line = order.lines[0]
    run_sql("UPDATE order_line SET cancelled_pieces = cancelled_pieces + :n", n=by)
    run_sql("UPDATE customer_order SET due_fen = due_fen - :fen", fen=by * line.price_fen)
    run_sql("UPDATE deal_item SET sold = sold - :n", n=by)
    run_sql(
        "INSERT INTO stock_move (leader_id, item_id, line_id, kind, pieces, idem_key, at) VALUES"
        " (:leader, :item, :line, 'adjust', :n, :key, '2035-05-12 04:00:00')",
        leader=order.leader_id,
        item=line.item_id,
        line=line.id,
        n=-by,
        key=f"test:{order.due_fen}",
    )


def payment_of(order: Order) -> Payment:
    return db.session.scalars(sa.select(Payment).where(Payment.order_id == order.id)).one()


def test_an_attempt_is_open_until_it_is_confirmed(app):
    order = factories.make_order(factories.make_deal(), 2)
    payment = attempts.begun(order, now=NOON)
    assert (payment.state, payment.amount_fen, payment.way) == ("begun", 7560, "cash")
    vouch(order, by_id=None, now=NOON)
    assert payment.state == "confirmed"


def test_money_is_booked_once(app):
    order = paid_order()
    with refused(WrongState):
        attempts.confirm(payment_of(order), now=NOON, by_id=None)
    assert order.paid_fen == 3000


def test_attempt_numbers_are_short_enough_for_every_provider_and_do_not_repeat(app):
    deal = factories.make_deal()
    numbers = [payment_of(factories.make_order(deal)).out_trade_no for _ in range(20)]
    assert len(set(numbers)) == 20
    assert all(len(number) <= 32 and number.isalnum() for number in numbers)


def test_late_money_may_still_be_confirmed_on_a_void_attempt(app):
    assert Payment.NEXT_STATES["void"] == {"confirmed"}


def test_only_open_attempts_of_the_chosen_orders_are_voided(app):
    deal = factories.make_deal()
    pending, other, paid = (
        factories.make_order(deal),
        factories.make_order(deal),
        factories.make_placed(deal),
    )
    attempts.void_begun(sa.select(Order.id).where(Order.id.in_([pending.id, paid.id])))
    db.session.expire_all()
    states = [payment_of(order).state for order in (pending, other, paid)]
    assert states == ["void", "begun", "confirmed"]


def test_what_was_paid_too_much_goes_back(app):
    order = paid_order()
    assert refunds.overpaid_fen(order) == 0
    cheaper(order, 2)
    assert refunds.overpaid_fen(order) == 2000
    assert refunds.settle(order, why="changed", key="a", now=NOON + HOUR) == 2000
    [refund] = db.session.scalars(sa.select(Refund))
    assert (refund.amount_fen, refund.state, refund.why) == (2000, "requested", "changed")
    assert refund.out_refund_no == f"{payment_of(order).out_trade_no}-a"
    assert (refund.requested_at, refund.payment_id) == (NOON + HOUR, payment_of(order).id)
    assert (order.refunded_fen, payment_of(order).refunded_fen) == (2000, 2000)


def test_settling_again_gives_nothing_back_again(app):
    order = paid_order()
    cheaper(order, 1)
    assert [refunds.settle(order, why="x", key="a", now=NOON) for _ in range(3)] == [1000, 0, 0]
    assert count(Refund) == 1


def test_an_open_attempt_asks_for_what_the_order_costs_now(app):
    order = factories.make_order(factories.make_deal(), 3)
    cheaper(order, 1)
    assert refunds.settle(order, why="x", key="a", now=NOON) == 0
    db.session.expire_all()
    assert payment_of(order).amount_fen == 7560


def test_the_same_reason_never_pays_twice(app):
    order = paid_order()
    cheaper(order, 2)
    refunds.request(order, 1000, why="x", key="a", now=NOON)
    with refused_by_the_database("out_refund_no"):
        refunds.request(order, 1000, why="x", key="a", now=NOON)
    refunds.request(order, 1000, why="x", key="b", now=NOON)
    assert order.refunded_fen == 2000


@pytest.mark.parametrize("fen", [3001, 10**9])
def test_more_than_was_paid_never_goes_back(app, fen):
    order = paid_order()
    with refused(ValueError, "cannot go back"):
        refunds.request(order, fen, why="x", key="a", now=NOON)
    assert (order.refunded_fen, count(Refund)) == (0, 0)


def test_nothing_goes_back_of_what_was_never_paid(app):
    order = factories.make_order(factories.make_deal())
    with refused(ValueError, "cannot go back"):
        refunds.request(order, 1, why="x", key="a", now=NOON)


def test_thirty_refunds_of_one_yuan_on_thirty_are_thirty_and_the_next_is_refused(app):
    order = paid_order(price_fen=100, pieces=30)
    cheaper(order, 30)
    for n in range(30):
        refunds.request(order, 100, why="x", key=str(n), now=NOON)
    with refused(ValueError, "cannot go back"):
        refunds.request(order, 100, why="x", key="30", now=NOON)
    assert (order.refunded_fen, count(Refund)) == (3000, 30)


def test_two_refunds_at_once_give_back_no_more_than_was_paid(shared_app):
    with transaction():
        order_id = paid_order().id

    def give_back(key: str) -> int:
        with transaction():
            order = db.session.get_one(Order, order_id)
            return len(refunds.request(order, 2000, why="x", key=key, now=NOON))

    outcomes = [wait() for wait in [in_thread(shared_app, lambda k=k: give_back(k)) for k in "abc"]]
    assert sum(outcome == 1 for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ValueError) for outcome in outcomes) == 2
    assert db.session.get_one(Order, order_id).refunded_fen == 2000


def test_cash_is_given_back_when_the_leader_says_so_and_he_says_it_once(app):
    order = paid_order()
    cheaper(order, 1)
    [refund] = refunds.request(order, 1000, why="x", key="a", now=NOON)
    refunds.finish_cash(refund, by_id=order.deal.leader.user_id, now=NOON + HOUR)
    assert (refund.state, refund.finished_at) == ("succeeded", NOON + HOUR)
    assert refund.finished_by_id == order.deal.leader.user_id
    with refused(WrongState, "succeeded"):
        refunds.finish_cash(refund, by_id=None, now=NOON)


def test_a_failed_refund_can_be_tried_again_and_a_done_one_not(app):
    assert Refund.NEXT_STATES["failed"] == {"submitted", "succeeded"}
    assert Refund.NEXT_STATES["succeeded"] == set()


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("payment SET refunded_fen = amount_fen + 1", "ck_payment_refunded"),
        ("payment SET refunded_fen = -1", "ck_payment_refunded"),
        ("payment SET amount_fen = -1, refunded_fen = -1", "ck_payment"),
        ("payment SET state = 'maybe'", "state"),
        ("refund SET amount_fen = 0", "ck_refund_amount"),
        ("refund SET state = 'maybe'", "state"),
    ],
)
def test_the_database_is_the_second_wall_of_money(app, change, constraint):
    order = paid_order()
    cheaper(order, 1)
    refunds.settle(order, why="x", key="a", now=NOON)
    with refused_by_the_database(constraint):
        run_sql(f"UPDATE {change}")


def test_two_attempts_never_share_a_number(app):
    deal = factories.make_deal()
    one, two = (payment_of(factories.make_order(deal)) for _ in range(2))
    with refused_by_the_database("out_trade_no"):
        run_sql(
            "UPDATE payment SET out_trade_no = :n WHERE id = :id", n=one.out_trade_no, id=two.id
        )


def test_every_way_to_pay_answers_alike(app):
    assert WAYS["cash"] is cash
    for name, way in WAYS.items():
        assert callable(way.is_on)
        assert way.METHODS
        asked = ("begin", "parse", "query", "close", "refund", "query_refund", "read_bill")
        assert all(callable(getattr(way, act, None)) for act in asked) is online(name)
