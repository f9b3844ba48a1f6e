"""Money of many orders brought in line at once."""

import pytest
import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.settling import settle_all
from tests.checks import assert_everything_true, refused_by_the_database
from tests.pickup.rows import ARRIVED, closed_deal, orders_of


def settle(deal, key="k"):
    orders = sa.select(Order.id).where(Order.deal_id == deal.id)
    settle_all(orders, why="short", key=key, now=ARRIVED)


def refunds():
    found = db.session.execute(
        sa.select(Refund.order_id, Refund.payment_id, Refund.amount_fen).order_by(Refund.id)
    )
    return [tuple(row) for row in found]


def test_what_was_paid_too_much_goes_back_from_each_payment_in_turn(app):
    deal = closed_deal((3,), (2,))
    first, second = orders_of(deal)
    payment = db.session.scalars(sa.select(Payment).where(Payment.order_id == first.id)).one()
    more = Payment(
        leader_id=deal.leader_id,
        order_id=first.id,
        way="cash",
        out_trade_no="more",
        state="confirmed",
        amount_fen=2000,
        refunded_fen=500,
        begun_at=ARRIVED,
    )
    db.session.add(more)
    db.session.execute(
        sa.update(Order)
        .where(Order.id == first.id)
        .values(paid_fen=5000, refunded_fen=500, due_fen=700)
    )
    settle(deal)
    assert refunds() == [(first.id, payment.id, 3000), (first.id, more.id, 800)]
    db.session.expire_all()
    assert (payment.refunded_fen, more.refunded_fen) == (3000, 1300)
    assert (first.refunded_fen, second.refunded_fen) == (4300, 0)


def test_settling_again_finds_nothing_and_the_same_key_never_pays_twice(app):
    deal = closed_deal((3,))
    [order] = orders_of(deal)
    order.due_fen = 2000
    db.session.flush()
    settle(deal)
    settle(deal)
    assert len(refunds()) == 1
    db.session.refresh(order)
    assert order.refunded_fen == 1000
    order.due_fen = 1000
    with refused_by_the_database("out_refund_no"):
        settle(deal)
    order.due_fen = 1000
    settle(deal, key="another")
    assert_everything_true("I3c")  # the test lowered what the order costs, and none of its lines
    assert [fen for _order, _payment, fen in refunds()] == [1000, 1000]


def test_an_attempt_still_open_asks_for_the_new_sum(app):
    deal = closed_deal((3,), pay_at_pickup=True)
    orders_of(deal)[0].due_fen = 1000
    settle(deal)
    assert db.session.scalars(sa.select(Payment.amount_fen)).all() == [1000]


def test_money_that_no_payment_holds_is_not_promised(app):
    deal = closed_deal((3,))
    orders_of(deal)[0].paid_fen = 9000
    with pytest.raises(ValueError, match="overpaid"):
        settle(deal)
