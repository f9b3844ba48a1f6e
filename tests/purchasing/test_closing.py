"""Closing: three steps that may die anywhere and be run again."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy import jobs
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, WrongState
from groupbuy.deals.models import Deal
from groupbuy.deals.window import DealClosed
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from groupbuy.orders.changing import cancel_order, change_order
from groupbuy.orders.models import Order, OrderEvent
from groupbuy.orders.vouching import vouch
from groupbuy.payments.models import Payment, Refund
from groupbuy.purchasing import closing
from groupbuy.purchasing.models import PurchaseList
from tests import factories
from tests.checks import assert_everything_true, count, refused
from tests.conftest import NOON

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def states(*orders: Order) -> list[str]:
    db.session.expire_all()
    return [order.state for order in orders]


def two_suppliers(**values) -> Deal:
    leader = factories.make_leader()
    skus = [factories.make_sku(leader, price_fen=1000), factories.make_sku(leader, price_fen=250)]
    return factories.make_deal(leader=leader, skus=skus, **values)


def test_a_deal_begins_to_close_at_its_time_and_not_before(app):
    deal = factories.make_deal()
    assert closing.due_deals(deal.closes_at - TICK) == []
    with refused(closing.NotDue):
        closing.begin(deal, now=deal.closes_at - TICK)
    assert closing.due_deals(deal.closes_at) == [deal.id]
    closing.begin(deal, now=deal.closes_at)
    assert deal.state == "closing"


def test_beginning_again_is_harmless_and_the_deal_stays_due(app):
    deal = factories.make_deal()
    for _ in range(2):
        closing.begin(deal, now=deal.closes_at)
    assert closing.due_deals(NOON) == [deal.id]
    factories.close(deal)
    assert closing.due_deals(NOON + timedelta(days=900)) == []


def test_the_longest_overdue_deal_is_first(app):
    late = factories.make_deal(closes_at=NOON + 2 * HOUR)
    later = factories.make_deal(closes_at=NOON + HOUR)
    factories.make_deal(closes_at=NOON + 9 * HOUR)
    factories.make_draft(late.leader, closes_at=NOON + HOUR)
    assert closing.due_deals(NOON + 3 * HOUR) == [later.id, late.id]


def test_an_extended_deal_is_not_closed_by_somebody_who_looked_before(app):
    deal = factories.make_deal()
    [found] = closing.due_deals(NOON + 8 * HOUR)
    deal.closes_at += HOUR
    with refused(closing.NotDue):
        closing.begin(db.session.get_one(Deal, found), now=NOON + 8 * HOUR)


def test_once_it_closes_nothing_is_ordered_changed_or_cancelled(app):
    deal = factories.make_deal()
    order = factories.make_placed(deal)
    closing.begin_early(deal, because="卖完了", now=NOON + HOUR)
    with refused(DealClosed):
        factories.make_order(deal, now=NOON + HOUR)
    with refused(DealClosed):
        cancel_order(order, now=NOON + HOUR, actor_id=None)


def test_closing_early_needs_a_reason_and_moves_the_closing_to_now(app):
    deal = factories.make_deal()
    with refused(BadInput) as caught:
        closing.begin_early(deal, because=" ", now=NOON + HOUR)
    assert caught.value.field == "because"
    closing.begin_early(deal, because="因" * 400, now=NOON + HOUR)
    assert (deal.state, deal.closes_at) == ("closing", NOON + HOUR)
    assert deal.ended_because == "因" * 300


def test_those_who_ordered_are_told_once_that_it_closed_early(app):
    deal = factories.make_deal()
    member = factories.make_placed(deal).member
    factories.make_placed(deal, member=member)
    closing.begin_early(deal, because="卖完了", now=NOON + HOUR)
    [notice] = db.session.scalars(sa.select(Notice).where(Notice.kind == "closed_early"))
    assert notice.member_id == member.id
    assert "卖完了" in words(notice)


def test_closing_early_when_it_is_overdue_keeps_the_announced_time(app):
    deal = factories.make_deal()
    announced = deal.closes_at
    closing.begin_early(deal, because="到点了", now=announced + HOUR)
    assert deal.closes_at == announced


def test_what_has_not_opened_is_not_closed_early(app):
    deal = factories.make_deal(opens_at=NOON + 24 * HOUR)
    for early in (NOON, deal.opens_at):
        with refused(closing.NotDue):
            closing.begin_early(deal, because="算了", now=early)
    closing.begin_early(deal, because="算了", now=deal.opens_at + TICK)
    assert deal.state == "closing"


def test_a_closed_deal_has_confirmed_its_paid_orders_and_let_the_others_go(app):
    deal = two_suppliers(stock=5)
    paid, unpaid = factories.make_placed(deal, 2, 1), factories.make_order(deal, 3)
    gone = factories.make_placed(deal, 0, 1)
    cancel_order(gone, now=NOON, actor_id=None)
    factories.close(deal, now=deal.closes_at + HOUR)
    assert states(paid, unpaid, gone) == ["confirmed", "expired", "cancelled"]
    assert (deal.state, deal.closed_at) == ("closed", NOON + 9 * HOUR)
    assert [item.sold for item in deal.items] == [2, 1]
    assert (unpaid.due_fen, unpaid.roll_no) == (0, None)
    voided = sa.select(Payment.order_id).where(Payment.state == "void")
    assert db.session.scalars(voided).all() == [unpaid.id]
    told = sa.select(Notice.order_id).where(Notice.kind == "expired")
    assert db.session.scalars(told).all() == [unpaid.id]
    last = sa.select(sa.func.max(OrderEvent.id)).group_by(OrderEvent.order_id)
    events = sa.select(OrderEvent.kind).where(OrderEvent.id.in_(last)).order_by(OrderEvent.order_id)
    assert db.session.scalars(events).all() == ["confirmed", "expired", "cancelled"]


def test_payment_at_pickup_needs_no_vouching(app):
    deal = factories.make_deal(pay_at_pickup=True)
    order = factories.make_order(deal, 2)
    factories.close(deal)
    assert states(order) == ["confirmed"]


def test_who_is_vouched_for_between_the_steps_is_in(app):
    deal = factories.make_deal()
    order = factories.make_order(deal)
    closing.begin(deal, now=deal.closes_at)
    vouch(order, by_id=None, now=deal.closes_at + timedelta(minutes=5))
    closing.finish(deal, now=deal.closes_at + timedelta(minutes=6))
    assert states(order) == ["confirmed"]


def test_it_is_decided_once(app):
    deal = factories.make_deal()
    factories.make_placed(deal)
    factories.close(deal)
    with refused(WrongState, "closed"):
        closing.finish(deal, now=deal.closes_at)
    assert count(PurchaseList) == 1


def test_nothing_is_decided_of_what_has_not_begun_to_close(app):
    deal = factories.make_deal()
    with refused(WrongState, "open"):
        closing.finish(deal, now=deal.closes_at + HOUR)


def test_asking_about_open_payments_finds_cash_unpaid_and_changes_nothing(app):
    deal = factories.make_deal()
    factories.make_order(deal)
    factories.make_placed(deal)
    closing.begin(deal, now=deal.closes_at)
    db.session.commit()
    assert closing.unknown_payments(deal.id) == []
    assert count(Payment, Payment.state == "begun") == 1


MINIMA = [
    ("persons", 2, True),
    ("persons", 3, False),
    ("pieces", 6, True),
    ("pieces", 7, False),
    ("amount", 4500, True),
    ("amount", 4501, False),
    ("none", 0, True),
]


@pytest.mark.parametrize(("kind", "minimum", "reached"), MINIMA)
def test_the_minimum_counts_paid_persons_kept_pieces_or_their_price(app, kind, minimum, reached):
    deal = two_suppliers(minimum_kind=kind, minimum=minimum)
    member = factories.make_member(deal.leader)
    factories.make_placed(deal, 1, member=member)
    factories.make_placed(deal, 1, member=member)  # the same person
    shrunk = factories.make_placed(deal, 2, 3)
    change_order(shrunk, factories.form_for(deal, 2, 2), version=1, now=NOON, actor_id=None)
    factories.make_order(deal, 50, 50)  # not paid
    cancel_order(factories.make_placed(deal, 50), now=NOON, actor_id=None)
    assert closing.reaches_minimum(deal) is reached
    factories.close(deal)
    assert deal.state == ("closed" if reached else "failed")


def test_a_failed_deal_gives_back_all_money_and_tells_everybody(app):
    deal = two_suppliers(minimum_kind="persons", minimum=9, stock=9)
    paid = [factories.make_placed(deal, 1, n) for n in (1, 2)]
    unpaid = factories.make_order(deal, 3)
    factories.close(deal)
    assert states(*paid, unpaid) == ["cancelled", "cancelled", "expired"]
    assert (deal.state, deal.closed_at) == ("failed", deal.closes_at)
    assert [(order.refunded_fen, order.due_fen) for order in paid] == [(1250, 0), (1500, 0)]
    rows = sa.select(Refund.order_id, Refund.amount_fen, Refund.state).order_by(Refund.order_id)
    expected = [(paid[0].id, 1250, "requested"), (paid[1].id, 1500, "requested")]
    assert db.session.execute(rows).all() == expected
    assert [item.sold for item in deal.items] == [0, 0]
    assert count(PurchaseList) == 0
    told = sa.select(Notice.kind, Notice.order_id).where(
        Notice.kind.in_(("deal_failed", "expired"))
    )
    assert set(db.session.execute(told).all()) == {
        ("deal_failed", paid[0].id),
        ("deal_failed", paid[1].id),
        ("expired", unpaid.id),
    }


def test_a_failed_deal_refunds_what_is_left_after_an_earlier_refund(app):
    deal = two_suppliers(minimum_kind="persons", minimum=9)
    order = factories.make_placed(deal, 2, 1)
    change_order(order, factories.form_for(deal, 1, 1), version=1, now=NOON, actor_id=None)
    factories.close(deal)
    amounts = sa.select(Refund.amount_fen).order_by(Refund.id)
    assert db.session.scalars(amounts).all() == [1000, 1250]


def test_a_deal_without_orders_and_without_minimum_closes(app):
    deal = two_suppliers()
    factories.close(deal)
    assert deal.state == "closed"
    assert count(PurchaseList) == 2


def test_a_deal_without_orders_fails_its_minimum(app):
    deal = two_suppliers(minimum_kind="pieces", minimum=1)
    factories.close(deal)
    assert (deal.state, count(PurchaseList)) == ("failed", 0)


def test_one_deal_closing_leaves_the_others_alone(app):
    deal, other = two_suppliers(), two_suppliers()
    spared, unpaid = factories.make_placed(other, 1), factories.make_order(other, 1)
    factories.make_placed(deal, 1)
    factories.close(deal)
    assert states(spared, unpaid) == ["placed", "pending"]
    assert other.state == "open"


def test_a_deal_missed_for_days_still_closes_and_only_once(app):
    with transaction():
        deal = two_suppliers()
        order = factories.make_placed(deal, 1, 1)
    late = deal.closes_at + timedelta(days=5)
    assert jobs.close_due(late).done == 1
    assert jobs.close_due(late).done == 0
    assert states(order) == ["confirmed"]
    assert deal.closed_at == late
    assert count(PurchaseList) == 2
    assert_everything_true()


def test_a_closing_that_died_after_its_first_step_is_taken_up_again(app):
    with transaction():
        deal = two_suppliers()
        order = factories.make_placed(deal, 1)
    with transaction():
        closing.begin(deal, now=deal.closes_at)
    assert jobs.close_due(NOON).done == 1  # whatever the clock says: it is already closing
    assert states(order) == ["confirmed"]
    assert deal.state == "closed"


def test_a_closing_that_died_in_its_last_step_leaves_nothing_of_it(app):
    with transaction():
        deal = two_suppliers()
        order = factories.make_placed(deal, 1)
    with transaction():
        closing.begin(deal, now=deal.closes_at)
    with pytest.raises(KeyboardInterrupt), transaction():  # noqa: PT012
        closing.finish(deal, now=deal.closes_at)
        raise KeyboardInterrupt
    assert (states(order), deal.state, count(PurchaseList)) == (["placed"], "closing", 0)
    assert jobs.close_due(deal.closes_at).done == 1
    assert count(PurchaseList) == 2
