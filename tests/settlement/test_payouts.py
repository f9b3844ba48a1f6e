"""Paying out: what is owed and not asked for yet, by two people, with the bank's number."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from groupbuy.catalog.models import Supplier
from groupbuy.core.errors import BadInput, WrongState
from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.settlement import payouts
from groupbuy.settlement.cash import SomebodyElse
from groupbuy.settlement.models import Payout
from tests.checks import count, refused, refused_by_the_database
from tests.conftest import NOON
from tests.operators.desks import logged, make_operator
from tests.settlement.stage import TAKEN, credited, sold, undo


@pytest.fixture
def leader(app):
    """¥3 of commission of their own."""
    return credited().leader


def ask(leader, fen: int = 300, key: str = "k" * 24) -> Payout:
    return payouts.ask_commission(leader, fen, form_key=key, by_id=leader.user_id, now=NOON)


def supplier_of(leader) -> Supplier:
    return db.session.scalars(sa.select(Supplier).where(Supplier.leader_id == leader.id)).one()


def test_commission_is_paid_by_a_second_person_with_the_banks_number(leader):
    operator = make_operator()
    payout = ask(leader)
    assert (payouts.owed_fen(leader), payouts.left_fen(leader)) == (300, 0)
    payouts.approve(payout, by_id=operator.id, now=NOON)
    payouts.pay(payout, "ICBC 20350512", by_id=operator.id, now=NOON)
    assert (payout.state, payout.reference) == ("paid", "ICBC 20350512")
    assert (payouts.owed_fen(leader), payouts.left_fen(leader)) == (0, 0)
    assert ledger.balance_fen("cash:bank") == -300
    assert [len(logged(f"payout_{act}")) for act in ("asked", "approved", "paid")] == [1, 1, 1]


def test_commission_on_hold_cannot_be_asked_for(app):
    with refused(payouts.NotThatMuch, "¥0.00"):
        ask(sold().leader, 1)


def test_what_is_asked_for_cannot_be_asked_for_again(leader):
    ask(leader, 200)
    with refused(payouts.NotThatMuch, "¥1.00"):
        ask(leader, 101, "another")
    assert ask(leader, 100, "another").amount_fen == 100


def test_the_same_form_twice_is_one_wish(leader):
    assert ask(leader) is ask(leader)
    assert count(Payout) == 1


def test_a_refused_wish_can_be_asked_again(leader):
    operator, payout = make_operator(), ask(leader)
    with refused(BadInput):
        payouts.refuse(payout, "", by_id=operator.id, now=NOON)
    payouts.refuse(payout, "账号不对", by_id=operator.id, now=NOON)
    assert payouts.left_fen(leader) == 300
    with refused(WrongState):
        payouts.approve(payout, by_id=operator.id, now=NOON)


def test_neither_who_asked_nor_who_is_paid_approves(leader):
    payout = ask(leader)
    with refused(SomebodyElse):
        payouts.approve(payout, by_id=leader.user_id, now=NOON)
    operator = make_operator()
    supplier = supplier_of(leader)
    wish = payouts.ask_for_supplier(supplier, 1, form_key="s", by_id=operator.id, now=NOON)
    with refused(SomebodyElse):
        payouts.approve(wish, by_id=operator.id, now=NOON)
    with refused_by_the_database("second_person"):
        wish.advance("approved", approved_by_id=operator.id)


def test_the_payee_does_not_say_that_it_was_paid(leader):
    payout = ask(leader)
    payouts.approve(payout, by_id=make_operator().id, now=NOON)
    with refused(SomebodyElse):
        payouts.pay(payout, "x", by_id=leader.user_id, now=NOON)


def test_it_is_paid_only_when_approved_with_a_number_and_once(leader):
    operator, payout = make_operator(), ask(leader)
    with refused(WrongState):
        payouts.pay(payout, "1", by_id=operator.id, now=NOON)
    payouts.approve(payout, by_id=operator.id, now=NOON)
    with refused(BadInput):
        payouts.pay(payout, " ", by_id=operator.id, now=NOON)
    payouts.pay(payout, "1", by_id=operator.id, now=NOON)
    with refused(WrongState):
        payouts.pay(payout, "2", by_id=operator.id, now=NOON)
    assert payouts.owed_fen(leader) == 0


def test_what_was_taken_back_since_is_not_approved(app, no_hold):
    deal, operator = credited((2,), now=TAKEN), make_operator()
    payout = ask(deal.leader, 200)
    undo(deal)
    with refused(payouts.NotThatMuch, "¥0.00"):
        payouts.approve(payout, by_id=operator.id, now=NOON)
    assert payout.state == "asked"


def test_what_was_paid_and_taken_back_afterwards_is_owed_by_the_leader(app, no_hold):
    deal, operator = credited((2,), now=TAKEN), make_operator()
    payout = ask(deal.leader, 200)
    payouts.approve(payout, by_id=operator.id, now=NOON)
    undo(deal)
    payouts.pay(payout, "B7", by_id=operator.id, now=NOON)  # the money has left
    assert payouts.owed_fen(deal.leader) == -200
    with refused(payouts.NotThatMuch, "¥0.00"):
        ask(deal.leader, 1, "another")


def test_a_supplier_is_paid_what_came(leader):
    supplier, asker, other = supplier_of(leader), make_operator(), make_operator()
    with refused(payouts.NotThatMuch, "¥30.00"):
        payouts.ask_for_supplier(supplier, 3001, form_key="s", by_id=asker.id, now=NOON)
    wish = payouts.ask_for_supplier(supplier, 3000, form_key="s", by_id=asker.id, now=NOON)
    payouts.approve(wish, by_id=other.id, now=NOON)
    payouts.pay(wish, "B1", by_id=asker.id, now=NOON)
    assert payouts.owed_fen(supplier) == 0
    assert payouts.owed_fen(leader) == 300


@pytest.mark.parametrize("fen", [0, -5])
def test_nothing_cannot_be_asked_for(leader, fen):
    with refused(BadInput):
        ask(leader, fen)
