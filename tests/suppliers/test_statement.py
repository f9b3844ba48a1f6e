"""What a supplier reads of what they are owed, behind the signed link."""

from __future__ import annotations

from flask import Flask

from groupbuy.pickup import arrival, shortage
from groupbuy.settlement import payouts
from tests import factories
from tests.checks import assert_everything_true
from tests.pages.reading import words
from tests.pickup import rows
from tests.pickup.rows import ARRIVED
from tests.suppliers.test_purchase_list_page import address

EN = {"Accept-Language": "en"}


def test_a_supplier_reads_what_came_of_each_list_what_was_paid_and_what_is_owed(app: Flask):
    deal = rows.closed_deal((3,))
    [asked] = rows.lists_of(deal)
    page = f"{address(asked)}/history"
    assert "owed to you" not in words(app.test_client().get(page, headers=EN))
    [line] = asked.current.lines
    counted = arrival.count_in(asked, {line.id: (3, 1)}, by_id=None, now=ARRIVED)
    shortage.carry_out(counted, "payment", by_id=None, now=ARRIVED)
    asker, other = factories.make_user(), factories.make_user()
    by = {"form_key": "s", "by_id": asker.id, "now": ARRIVED}
    payout = payouts.ask_for_supplier(asked.supplier, 500, **by)
    payouts.approve(payout, by_id=other.id, now=ARRIVED)
    payouts.pay(payout, "B1", by_id=asker.id, now=ARRIVED)
    shown = words(app.test_client().get(page, headers=EN))
    assert "¥15.00 are still owed to you; ¥5.00 were paid" in shown
    assert "¥20.00 for what came" in shown
    assert_everything_true("I17")


def test_another_supplier_of_the_same_leader_reads_nothing_of_it(app: Flask):
    leader = factories.make_leader()
    deal = rows.closed_deal((3,), leader=leader)
    rows.arrive(deal)
    other = rows.closed_deal((1,), leader=leader)
    [asked] = rows.lists_of(other)
    shown = words(app.test_client().get(f"{address(asked)}/history", headers=EN))
    assert "owed to you" not in shown
