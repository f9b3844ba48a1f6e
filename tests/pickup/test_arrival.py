"""Counting in."""

import pytest

from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.pickup import arrival, shortage
from groupbuy.purchasing.models import PurchaseLine, PurchaseRevision
from tests.pickup.rows import (
    ARRIVED,
    arrive,
    assert_all_is_true,
    closed_deal,
    count_all,
    lines_of,
    lists_of,
)


def renew(purchase_list):
    """Revision 2 of a list, with the same lines; the orders are stamped with the new ones."""
    old = purchase_list.current
    copied = [c.name for c in PurchaseLine.__table__.c if c.name not in ("id", "revision_id")]
    new = PurchaseRevision(
        leader_id=old.leader_id,
        list_id=old.list_id,
        revision=2,
        issued_at=ARRIVED,
        lines=[PurchaseLine(**{n: getattr(line, n) for n in copied}) for line in old.lines],
    )
    db.session.add(new)
    purchase_list.current_revision = 2
    db.session.flush()
    renewed = {line.item_id: line.id for line in new.lines}
    for line in lines_of(purchase_list.deal):
        line.purchase_line_id = renewed[line.item_id]
    db.session.flush()
    db.session.expire_all()


def test_counts_can_be_corrected_until_the_list_is_shared_out(app):
    deal = closed_deal((3, 2))
    [purchase_list] = lists_of(deal)
    eggs, berries = purchase_list.current.lines
    first = arrival.count_in(purchase_list, {eggs.id: (3, 1)}, by_id=None, now=ARRIVED)
    again = arrival.count_in(
        purchase_list, {eggs.id: (3, 0), berries.id: (2, 0)}, by_id=None, now=ARRIVED
    )
    assert first is again
    assert {line.purchase_line_id: (line.received, line.damaged) for line in again.lines} == {
        eggs.id: (3, 0),
        berries.id: (2, 0),
    }
    shortage.carry_out(again, "payment", by_id=None, now=ARRIVED)
    with pytest.raises(arrival.AlreadySharedOut):
        arrival.count_in(purchase_list, {eggs.id: (2, 0)}, by_id=None, now=ARRIVED)
    assert_all_is_true()


@pytest.mark.parametrize("count", [(-1, 0), (10_000_001, 0), (3, 4), (3, -1)])
def test_a_count_that_cannot_be_is_refused_and_names_the_item(app, count):
    [purchase_list] = lists_of(closed_deal((3,)))
    [line] = purchase_list.current.lines
    with pytest.raises(BadInput) as refused:
        arrival.count_in(purchase_list, {line.id: count}, by_id=None, now=ARRIVED)
    assert line.code in refused.value.sentence
    assert str(line.id) in refused.value.field


def test_lines_of_another_list_are_refused(app):
    [mine], [other] = lists_of(closed_deal((3,))), lists_of(closed_deal((3,)))
    with pytest.raises(BadInput):
        arrival.count_in(mine, {other.current.lines[0].id: (3, 0)}, by_id=None, now=ARRIVED)


@pytest.mark.parametrize(
    ("received", "asks_again"), [(10, False), (8, False), (12, False), (7, True), (13, True)]
)
def test_more_than_a_fifth_off_the_list_is_asked_again(app, received, asks_again):
    [purchase_list] = lists_of(closed_deal((10,)))
    counted = count_all(purchase_list, received)
    assert [line.received for line in arrival.far_off(counted)] == [received] * asks_again


def test_a_list_with_an_uncounted_line_cannot_be_shared_out(app):
    deal = closed_deal((3, 2))
    [purchase_list] = lists_of(deal)
    eggs, berries = purchase_list.current.lines
    counted = arrival.count_in(purchase_list, {eggs.id: (3, 0)}, by_id=None, now=ARRIVED)
    assert [line.id for line in arrival.uncounted(counted)] == [berries.id]
    with pytest.raises(arrival.NotAllCounted, match=berries.code):
        shortage.carry_out(counted, "payment", by_id=None, now=ARRIVED)
    assert counted.state == "counting"


def test_counts_of_an_older_revision_are_forgotten(app):
    deal = closed_deal((3,))
    [purchase_list] = lists_of(deal)
    counted = count_all(purchase_list)
    renew(purchase_list)
    assert [line.id for line in arrival.uncounted(counted)] == [purchase_list.current.lines[0].id]
    again = count_all(purchase_list)
    assert [line.purchase_line for line in again.lines] == purchase_list.current.lines


def test_more_than_was_asked_is_recorded_and_nobody_is_cut(app):
    deal = closed_deal((3,), (2,))
    assert arrive(deal, 6) == []
    assert deal.state == "arrived"
    assert_all_is_true()
