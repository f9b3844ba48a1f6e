"""A closing taken back: orders open again, and the next closing writes the next revision."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, WrongState
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.orders.changing import cancel_order, change_order
from groupbuy.orders.models import OrderEvent, OrderLine
from groupbuy.orders.vouching import vouch
from groupbuy.pickup import arrival, bags, proxies
from groupbuy.pickup.models import Pickup, PickupProxy
from groupbuy.purchasing import changes
from groupbuy.purchasing.models import (
    PurchaseLine,
    PurchaseList,
    SupplierAnswer,
    SupplierAnswerLine,
)
from groupbuy.purchasing.reopening import GoodsAreHere, SupplierHasConfirmed, reopen
from tests import factories
from tests.checks import assert_everything_true, count, in_thread, refused
from tests.conftest import NOON

HOUR = timedelta(hours=1)
LATER = NOON + 30 * HOUR
ISSUED = ("list_issued", "nothing_ordered")


def two_suppliers(**values) -> Deal:
    leader = factories.make_leader()
    skus = [factories.make_sku(leader, price_fen=1000), factories.make_sku(leader, price_fen=250)]
    return factories.make_deal(leader=leader, skus=skus, **values)


def shut(deal: Deal, now: datetime | None = None) -> None:
    """Close `deal` as the job does, bags and all."""
    now = now or deal.closes_at
    factories.close(deal, now=now)
    if deal.state == "closed":
        bags.make_bags(deal, now=now)
    db.session.expire_all()


def lists_of(deal: Deal) -> list[PurchaseList]:
    found = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    return list(db.session.scalars(found.order_by(PurchaseList.supplier_id)))


def pieces(deal: Deal) -> list[list[int]]:
    return [[line.pieces for line in one.current.lines] for one in lists_of(deal)]


def reopening(deal_id: int) -> Callable[[], int]:
    """An act for a thread of its own."""

    def act() -> int:
        with transaction():
            return reopen(db.session.get_one(Deal, deal_id), LATER, now=NOON + 9 * HOUR)

    return act


def answer(purchase_list: PurchaseList, *given: int, revision: int = 0) -> None:
    sealed = purchase_list.revisions[revision - 1] if revision else purchase_list.current
    said = SupplierAnswer(
        leader_id=purchase_list.leader_id, revision_id=sealed.id, at=NOON, note=""
    )
    said.lines = [
        SupplierAnswerLine(leader_id=line.leader_id, line_id=line.id, pieces=n, note="")
        for line, n in zip(sealed.lines, given, strict=True)
    ]
    db.session.add(said)
    db.session.flush()


def test_reopened_orders_can_be_changed_cancelled_and_joined_again(app):
    deal = two_suppliers(stock=9)
    kept, shrunk, gone = (factories.make_placed(deal, 2, 1) for _ in range(3))
    shut(deal)
    assert reopen(deal, LATER, now=NOON + 9 * HOUR) == 3
    assert (deal.state, deal.closes_at, deal.closed_at) == ("open", LATER, None)
    assert {order.state for order in (kept, shrunk, gone)} == {"placed"}
    assert count(OrderLine, OrderLine.purchase_line_id.is_not(None)) == 0
    assert all(one.withdrawn_at for one in lists_of(deal))
    assert count(Pickup) == 0
    assert_everything_true()
    now = NOON + 10 * HOUR
    change_order(shrunk, factories.form_for(deal, 1, 0), version=1, now=now, actor_id=None)
    cancel_order(gone, now=now, actor_id=None)
    late = factories.make_order(deal, 4, 0, now=now)
    vouch(late, by_id=None, now=now)
    assert late.roll_no == 4
    assert_everything_true()


def test_the_next_closing_writes_revision_2_of_the_same_lists_and_it_is_the_sum(app):
    deal = two_suppliers()
    first, second = factories.make_placed(deal, 2, 3), factories.make_placed(deal, 1, 0)
    shut(deal)
    numbers = [one.number for one in lists_of(deal)]
    assert pieces(deal) == [[3], [3]]
    reopen(deal, LATER, now=NOON + 9 * HOUR)
    now = NOON + 10 * HOUR
    more = factories.make_order(deal, 4, 0, now=now)
    vouch(more, by_id=None, now=now)
    change_order(first, factories.form_for(deal, 2, 1), version=1, now=now, actor_id=None)
    cancel_order(second, now=now, actor_id=None)
    shut(deal)
    assert [one.number for one in lists_of(deal)] == numbers
    assert pieces(deal) == [[6], [1]]
    for one in lists_of(deal):
        assert (one.current_revision, one.withdrawn_at, len(one.revisions)) == (2, None, 2)
        before, current = (changes.lines_of(revision) for revision in one.revisions)
        changed = changes.between(before, current)
        more = sum(change.now.pieces for change in changed if change.now)
        less = sum(change.before.pieces for change in changed if change.before)
        was, now_is = (sum(line.pieces for line in lines) for lines in (before, current))
        assert was + more - less == now_is
    assert [change.kind for change in changed] == ["fewer"]
    assert_everything_true()


def test_a_supplier_of_whom_nothing_is_left_hears_that_nothing_is_ordered(app):
    deal = two_suppliers()
    first = factories.make_placed(deal, 1, 1)
    shut(deal)
    reopen(deal, LATER, now=NOON + 9 * HOUR)
    form = factories.form_for(deal, 1, 0)
    change_order(first, form, version=1, now=NOON + 10 * HOUR, actor_id=None)
    shut(deal)
    told = sa.select(Notice.kind, Notice.supplier_id).where(Notice.kind.in_(ISSUED))
    with_lines, without = (one.supplier_id for one in lists_of(deal))
    kinds = [*(("list_issued", each) for each in (with_lines, without, with_lines))]
    kinds.append(("nothing_ordered", without))
    assert sorted(db.session.execute(told).all()) == sorted(kinds)


def test_it_can_be_reopened_again_and_again(app):
    deal = two_suppliers()
    factories.make_placed(deal, 1, 1)
    for hour in (9, 40):
        shut(deal)
        reopen(deal, NOON + (hour + 10) * HOUR, now=NOON + hour * HOUR)
    shut(deal)
    assert [one.current_revision for one in lists_of(deal)] == [3, 3]
    assert pieces(deal) == [[1], [1]]
    assert_everything_true()


def test_a_reopened_deal_that_misses_its_minimum_fails_and_its_lists_stay_withdrawn(app):
    deal = two_suppliers(minimum_kind="persons", minimum=2)
    gone, left = factories.make_placed(deal, 1), factories.make_placed(deal, 1)
    shut(deal)
    reopen(deal, LATER, now=NOON + 9 * HOUR)
    cancel_order(gone, now=NOON + 10 * HOUR, actor_id=None)
    shut(deal)
    assert (deal.state, left.state, left.refunded_fen) == ("failed", "cancelled", left.paid_fen)
    assert all(one.withdrawn_at and one.current_revision == 1 for one in lists_of(deal))
    assert_everything_true()


def test_whoever_ordered_is_told_and_the_timeline_says_so(app):
    deal = two_suppliers()
    order = factories.make_placed(deal, 1)
    shut(deal)
    reopen(deal, LATER, now=NOON + 9 * HOUR)
    assert count(Notice, Notice.kind == "closing_moved", Notice.member_id == order.member_id) == 1
    steps = sa.select(OrderEvent.kind).where(OrderEvent.order_id == order.id)
    kinds = db.session.scalars(steps.order_by(OrderEvent.id)).all()
    assert " ".join(kinds) == "ordered vouched confirmed reopened"


def test_what_expired_at_the_closing_stays_expired(app):
    deal = two_suppliers()
    unpaid = factories.make_order(deal, 1)
    shut(deal)
    reopen(deal, LATER, now=NOON + 9 * HOUR)
    assert unpaid.state == "expired"


def test_a_supplier_who_said_that_anything_comes_blocks_it(app):
    deal = two_suppliers()
    factories.make_placed(deal, 2, 3)
    shut(deal)
    answer(lists_of(deal)[1], 1)
    with refused(SupplierHasConfirmed, lists_of(deal)[1].supplier.name):
        reopen(deal, LATER, now=NOON + 9 * HOUR)
    assert deal.state == "closed"


def test_a_supplier_who_has_nothing_does_not_block_it_and_old_revisions_do_not_count(app):
    deal = two_suppliers()
    factories.make_placed(deal, 2, 3)
    shut(deal)
    answer(lists_of(deal)[0], 0)
    reopen(deal, LATER, now=NOON + 9 * HOUR)
    shut(deal)
    answer(lists_of(deal)[0], 2, revision=1)
    assert reopen(deal, LATER + HOUR, now=LATER) == 1


def test_once_goods_are_counted_it_stays_closed(app):
    deal = two_suppliers()
    factories.make_placed(deal, 1, 1)
    shut(deal)
    line = lists_of(deal)[0].current.lines[0]
    arrival.count_in(lists_of(deal)[0], {line.id: (1, 0)}, by_id=None, now=NOON + 9 * HOUR)
    with refused(GoodsAreHere):
        reopen(deal, LATER, now=NOON + 9 * HOUR)


@pytest.mark.parametrize("state", ["draft", "open", "closing", "arrived", "failed", "cancelled"])
def test_only_a_closed_deal_is_reopened(app, state):
    deal = two_suppliers()
    deal.state = state
    db.session.flush()
    with refused(WrongState, state):
        reopen(deal, LATER, now=NOON)


def test_the_new_window_ends_in_the_future_and_is_60_days_at_most(app):
    deal = two_suppliers()
    shut(deal)
    now = NOON + 9 * HOUR
    for wrong in (now, now - HOUR, NOON + timedelta(days=60, seconds=1)):
        with refused(BadInput) as caught:
            reopen(deal, wrong, now=now)
        assert caught.value.field == "closes_at"
    reopen(deal, NOON + timedelta(days=60), now=now)
    assert deal.state == "open"


def test_passes_and_codes_of_undone_bags_open_nothing_and_new_ones_are_made(app):
    deal = two_suppliers()
    factories.make_placed(deal, 1)
    shut(deal)
    bag = db.session.scalars(sa.select(Pickup)).one()
    old = bag.token_hash
    proxies.make_pass(bag, now=NOON + 9 * HOUR)
    reopen(deal, LATER, now=NOON + 9 * HOUR)
    assert (count(Pickup), count(PickupProxy)) == (0, 0)
    shut(deal)
    assert db.session.scalars(sa.select(Pickup.token_hash)).one() != old
    assert_everything_true()


def test_pieces_split_by_point_follow_the_orders_of_the_new_revision_only(app):
    deal = two_suppliers(points=2)
    order = factories.make_placed(deal, 5, point_id=deal.points[0].id)
    shut(deal)
    reopen(deal, LATER, now=NOON + 9 * HOUR)
    form = factories.form_for(deal, 3, point_id=deal.points[1].id)
    change_order(order, form, version=1, now=NOON + 10 * HOUR, actor_id=None)
    shut(deal)
    current = lists_of(deal)[0].current
    assert [(s.point_id, s.pieces) for s in current.lines[0].splits] == [(deal.points[1].id, 3)]
    stamped = sa.select(PurchaseLine.revision_id).join(
        OrderLine, OrderLine.purchase_line_id == PurchaseLine.id
    )
    assert db.session.scalars(stamped).all() == [current.id]


def test_of_two_who_reopen_at_once_one_does_and_the_other_is_told(shared_app):
    deal = two_suppliers()
    factories.make_placed(deal, 1, 1)
    shut(deal)
    db.session.commit()
    act = reopening(deal.id)
    waiting = [in_thread(shared_app, act) for _ in range(4)]
    outcomes = [wait() for wait in waiting]
    assert sorted(type(each).__name__ for each in outcomes) == ["WrongState"] * 3 + ["int"]
    db.session.rollback()
    assert count(OrderEvent, OrderEvent.kind == "reopened") == 1


def test_who_counts_in_first_keeps_the_deal_closed(shared_app):
    """The reopening waits for the deal's lock, and sees the count once it has it."""
    deal = two_suppliers()
    factories.make_placed(deal, 1, 1)
    shut(deal)
    db.session.commit()
    deal_id, purchase_list = deal.id, lists_of(deal)[0]
    line_id = purchase_list.current.lines[0].id
    with transaction():
        arrival.count_in(purchase_list, {line_id: (1, 0)}, by_id=None, now=NOON + 9 * HOUR)
        waiting = in_thread(shared_app, reopening(deal_id))
        time.sleep(0.3)  # long enough for it to stand at the lock
    assert isinstance(waiting(), GoodsAreHere)
    db.session.rollback()
    assert db.session.get_one(Deal, deal_id).state == "closed"
