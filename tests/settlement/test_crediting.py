"""Commission on hold becomes the leader's own, once, when nobody can complain any more."""

from __future__ import annotations

from datetime import timedelta

from groupbuy import jobs
from groupbuy.extensions import db
from groupbuy.payments.models import LedgerTxn
from groupbuy.pickup import handover
from groupbuy.settlement import crediting
from tests.checks import count
from tests.pickup import rows
from tests.settlement.stage import OVER, TAKEN, a_leader, commission_of, credited, sold, undo


def test_commission_is_credited_when_the_hold_is_over_and_not_before(app):
    deal = sold()
    assert crediting.credit(now=OVER - timedelta(seconds=1)) == 0
    assert commission_of(deal.leader) == (300, 0)
    assert crediting.credit(now=OVER) == 2
    assert commission_of(deal.leader) == (0, 300)


def test_the_hold_is_a_setting(app, monkeypatch):
    monkeypatch.setitem(app.config, "AFTER_SALE_HOURS", 1)
    sold()
    assert crediting.credit(now=TAKEN + timedelta(hours=1)) == 2


def test_crediting_again_changes_nothing(app):
    deal = credited()
    assert crediting.credit(now=OVER + timedelta(days=1)) == 0
    assert commission_of(deal.leader) == (0, 300)
    assert count(LedgerTxn, LedgerTxn.kind == "commission_credited") == 2


def test_the_job_credits_all_however_many(app, monkeypatch):
    monkeypatch.setattr(crediting.credit, "__kwdefaults__", {"most": 2})
    leader = a_leader()
    sold(*[(1,)] * 5, leader=leader)
    db.session.commit()
    run = jobs.run("credit-commission", OVER)
    assert (run.outcome, run.done) == ("ok", 5)
    assert commission_of(leader) == (0, 500)


def test_an_order_without_commission_is_marked_and_nothing_is_booked(app):
    deal = sold(leader=a_leader(0))
    assert crediting.credit(now=OVER) == 2
    assert all(order.credited_at == OVER for order in rows.orders_of(deal))
    assert count(LedgerTxn, LedgerTxn.kind == "commission_credited") == 0


def test_an_order_that_is_not_handed_over_waits(app):
    deal = rows.closed_deal((2,), leader=a_leader())
    rows.arrive(deal)
    assert crediting.credit(now=OVER) == 0


def test_what_is_undone_after_the_crediting_is_taken_from_the_leaders_own(app, no_hold):
    deal = credited((2,), now=TAKEN)
    assert commission_of(deal.leader) == (0, 200)
    undo(deal)
    assert commission_of(deal.leader) == (0, 0)
    [bag] = rows.bags_of(deal)
    handover.hand_over(bag, nonce="again", by_id=deal.leader.user_id, now=OVER)
    assert commission_of(deal.leader) == (0, 200)
    assert crediting.credit(now=OVER + timedelta(days=9)) == 0
