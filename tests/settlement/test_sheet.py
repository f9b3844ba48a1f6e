"""The sheet of a deal: sums of ledger entries that can be counted again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groupbuy import jobs
from groupbuy.extensions import db
from groupbuy.orders.ending import cancel_deal
from groupbuy.pickup import cash as pickup_cash
from groupbuy.pickup import handover
from groupbuy.pickup.back_plan import Wish
from groupbuy.pickup.giving_back import give_back
from groupbuy.settlement import crediting, settling, sheet
from tests import factories
from tests.checks import refused
from tests.conftest import NOON
from tests.pickup import rows
from tests.settlement.stage import OVER, TAKEN, a_leader, credited, sold, undo


def fen(deal, *names: str) -> list[int]:
    told = sheet.figures(deal)
    return [told[name] for name in names]


def test_every_number_of_a_plain_deal(app):
    deal = sold()
    told = sheet.figures(deal)
    until = told.pop("hold_until")
    assert until == OVER.isoformat()
    assert told == {
        "received": 3000,
        "refunds": 0,
        "gross": 3000,
        "given_back": 0,
        "discounts": 0,
        "fees": 0,
        "commission": 300,
        "goods": 3000,
        "held": 300,
        "credited": 0,
        "cash": 3000,
        "customers": 0,
        "net": -300,
    }


def test_a_shortage_is_a_refund_and_no_sale(app):
    deal = rows.closed_deal((2,), (1,), leader=a_leader())
    rows.arrive(deal, 2)
    assert fen(deal, "received", "refunds", "gross", "goods") == [3000, 1000, 0, 2000]
    assert fen(deal, "customers") == [2000]


def test_undoing_a_handover_takes_the_sale_back_and_gives_nothing_back(app):
    deal = sold((2,))
    undo(deal)
    assert fen(deal, "gross", "given_back", "commission", "customers") == [0, 0, 0, 2000]


def test_what_is_given_back_after_the_handover_stands_beside_the_sales(app):
    deal = sold((2,))
    [order] = rows.orders_of(deal)
    wish = {order.lines[0].id: Wish(pieces=1)}
    give_back(order, wish, because="坏了", nonce="n" * 20, by_id=deal.leader.user_id, now=OVER)
    told = fen(deal, "gross", "given_back", "refunds", "commission", "customers")
    assert told == [2000, 1000, 1000, 100, 0]


def test_before_anything_happened_all_is_nothing(app):
    told = sheet.figures(factories.make_deal())
    assert set(told.values()) == {0, None}


def test_each_number_is_the_sum_of_the_entries_it_opens(app, no_hold):
    deal = credited(now=TAKEN)
    undo(deal)
    told = sheet.figures(deal)
    for name in [*sheet.BY_NAME, "net"]:
        opened = sheet.entries(deal, name, most=1000)
        assert sum(entry.fen for entry in opened) == told[name], name
    assert {entry.account for entry in sheet.entries(deal, "gross")} == {"sales"}
    with pytest.raises(KeyError):
        sheet.entries(deal, "discounts")


def test_entries_come_in_slices(app):
    deal = sold(*[(1,)] * 3)
    first = sheet.entries(deal, "gross", most=2)
    rest = sheet.entries(deal, "gross", before=first[-1].id, most=2)
    assert [len(first), len(rest)] == [2, 1]


def test_a_sheet_up_to_an_entry_never_changes(app):
    deal = sold()
    last, before = sheet.last_entry_id(deal), sheet.figures(deal)
    undo(deal)
    crediting.credit(now=OVER)
    assert sheet.figures(deal, last) == before
    assert sheet.figures(deal) != before


def test_settling_waits_until_everything_is_final_and_the_hold_is_over(app):
    deal = rows.closed_deal((2,), (1,), leader=a_leader())
    for step in (lambda: None, lambda: rows.arrive(deal, 2)):
        step()
        with refused(settling.NotFinal):
            settling.settle(deal, by_id=None, now=OVER)
    for number, bag in enumerate(rows.bags_of(deal)):
        if bag.state == "ready":
            handover.hand_over(bag, nonce=f"n{number}", by_id=None, now=TAKEN)
    with refused(settling.NotFinal):  # ¥10 have not gone back yet
        settling.settle(deal, by_id=None, now=OVER)
    ids = pickup_cash.orders_to_give(deal, None)
    pickup_cash.give_back(deal, ids, 1000, by_id=None, now=TAKEN)
    with refused(settling.OnHold):
        settling.settle(deal, by_id=None, now=OVER - timedelta(seconds=1))
    crediting.credit(now=OVER)
    settled = settling.settle(deal, by_id=None, now=OVER)
    assert settled.figures == sheet.figures(deal)
    assert (settled.figures["gross"], settled.figures["cash"]) == (2000, 2000)


def test_a_deal_is_settled_once(app):
    deal = credited()
    settling.settle(deal, by_id=None, now=OVER)
    with refused(settling.AlreadySettled):
        settling.settle(deal, by_id=None, now=OVER)


def test_what_is_booked_later_stands_beside_the_settled_sheet(app, no_hold):
    deal = credited(now=TAKEN)
    settled = settling.settle(deal, by_id=None, now=TAKEN)
    undo(deal)
    later = sheet.figures(deal, after_entry_id=settled.last_entry_id)
    assert (later["gross"], later["credited"]) == (-2000, -200)
    assert sheet.figures(deal, settled.last_entry_id) == settled.figures
    assert settling.altered() == []


def test_the_job_settles_what_is_due_and_only_once(app):
    deal, waiting = credited(), rows.closed_deal((1,))
    db.session.commit()
    assert settling.due(OVER) == [deal.id]
    assert jobs.run("settle-deals", OVER).done == 1
    assert jobs.run("settle-deals", OVER).done == 0
    assert settling.of(deal) is not None
    assert settling.of(waiting) is None


def test_a_deal_that_was_called_off_is_settled_when_the_money_is_back(app):
    deal = factories.make_deal()
    factories.make_placed(deal, 1)
    cancel_deal(deal, because="下雨", now=NOON)
    assert settling.due(OVER) == []
    ids = pickup_cash.orders_to_give(deal, None)
    pickup_cash.give_back(deal, ids, 3780, by_id=None, now=NOON)
    assert settling.due(OVER) == [deal.id]
    told = settling.settle(deal, by_id=None, now=OVER).figures
    assert (told["received"], told["refunds"], told["net"], told["cash"]) == (3780, 3780, 0, 0)
