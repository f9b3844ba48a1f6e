"""Cash in a leader's hands, and handing it over to the operator."""

from __future__ import annotations

import pytest

from groupbuy.core.errors import BadInput, WrongState
from groupbuy.payments import ledger
from groupbuy.settlement import cash
from groupbuy.settlement.models import CashHandover
from tests import factories
from tests.checks import count, refused
from tests.conftest import NOON
from tests.operators.desks import logged, make_operator
from tests.settlement.stage import sold


@pytest.fixture
def leader(app):
    """¥30 in hand."""
    return sold().leader


def report(leader, fen: int = 1000, key: str = "k" * 24, note: str = "周日给的") -> CashHandover:
    return cash.report(leader, fen, note, form_key=key, by_id=leader.user_id, now=NOON)


def test_what_was_taken_is_in_hand(leader):
    assert cash.in_hand_fen(leader) == 3000


def test_a_report_changes_nothing_until_the_operator_has_counted(leader):
    operator = make_operator()
    handover = report(leader)
    assert (cash.in_hand_fen(leader), cash.reported_fen(leader)) == (3000, 1000)
    cash.confirm(handover, by_id=operator.id, now=NOON)
    assert (cash.in_hand_fen(leader), cash.reported_fen(leader)) == (2000, 0)
    assert ledger.balance_fen("cash:bank") == 1000
    assert logged("cash_confirmed")[0].detail == {"fen": 1000}


def test_the_same_form_twice_is_one_report(leader):
    assert report(leader) is report(leader)
    assert count(CashHandover) == 1


def test_confirming_twice_books_once(leader):
    operator, handover = make_operator(), report(leader)
    cash.confirm(handover, by_id=operator.id, now=NOON)
    with refused(WrongState):
        cash.confirm(handover, by_id=operator.id, now=NOON)
    with refused(WrongState):
        cash.refuse(handover, "没收到", by_id=operator.id, now=NOON)
    assert cash.in_hand_fen(leader) == 2000


def test_more_than_is_in_hand_is_refused_and_says_how_much_there_is(leader):
    with refused(cash.NotInHand, "30.00"):
        report(leader, 3001)
    report(leader, 2000)
    with refused(cash.NotInHand, "10.00"):
        report(leader, 1001, "another")


def test_confirming_more_than_is_in_hand_by_now_is_refused(leader):
    handover, operator = report(leader, 3000), make_operator()
    legs = [ledger.Leg("cash:leader", leader.id, -1), ledger.Leg("suspense", 0, 1)]
    ledger.enter("lost", "lost:1", legs, now=NOON)
    with refused(cash.NotInHand, "29.99"):
        cash.confirm(handover, by_id=operator.id, now=NOON)
    assert handover.state == "reported"
    legs = [ledger.Leg("cash:leader", leader.id, 1), ledger.Leg("suspense", 0, -1)]
    ledger.enter("found", "lost:1:back", legs, now=NOON)


def test_a_refusal_says_why_and_books_nothing(leader):
    handover, operator = report(leader), make_operator()
    with refused(BadInput):
        cash.refuse(handover, "  ", by_id=operator.id, now=NOON)
    cash.refuse(handover, "没收到", by_id=operator.id, now=NOON)
    assert (handover.state, handover.decided_because) == ("refused", "没收到")
    assert (cash.in_hand_fen(leader), cash.reported_fen(leader)) == (3000, 0)


@pytest.mark.parametrize("fen", [0, -1])
def test_nothing_cannot_be_handed_over(leader, fen):
    with refused(BadInput):
        report(leader, fen)


def test_nobody_confirms_their_own_cash(leader):
    handover = report(leader)
    for act in (cash.confirm, lambda h, **who: cash.refuse(h, "x", **who)):
        with refused(cash.SomebodyElse):
            act(handover, by_id=leader.user_id, now=NOON)


def test_above_the_limit_is_warned_of_and_never_refused(leader):
    leader.cash_limit_fen = 3000
    assert not cash.is_too_much(leader, 3000)
    sold((1,), leader=leader)
    assert cash.in_hand_fen(leader) == 4000
    assert cash.is_too_much(leader, 4000)
    leader.cash_limit_fen = None
    assert not cash.is_too_much(leader, 10**9)


def test_another_leaders_cash_is_not_mixed_in(leader):
    other = sold((5,), leader=factories.make_leader()).leader
    assert (cash.in_hand_fen(leader), cash.in_hand_fen(other)) == (3000, 5000)
