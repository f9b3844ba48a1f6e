"""Several people at the same money at once: it is handed over, or paid out, only once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts.models import Leader
from groupbuy.core.db import on_postgresql, transaction
from groupbuy.core.errors import WrongState
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.payments.models import LedgerTxn
from groupbuy.settlement import cash, crediting, payouts, settling
from groupbuy.settlement.models import CashHandover, Payout, Settlement
from tests.checks import assert_everything_true, count
from tests.conftest import NOON
from tests.factories import make_user
from tests.races.together import at_the_edge, together
from tests.settlement.stage import OVER, TAKEN, commission_of, credited, sold, undo

pytestmark = pytest.mark.races


@pytest.fixture(autouse=True)
def wide_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """More connections than a web process has, so that many really are inside at once."""
    monkeypatch.setenv("DATABASE_POOL_SIZE", "16")


@pytest.fixture
def crowd(wide_pool: None, shared_app: Flask) -> Flask:
    return shared_app


def leader_with(make: Callable[..., Any]) -> int:
    with transaction():
        leader_id: int = make((2,), (1,)).leader_id
    db.session.remove()
    return leader_id


def asking(leader_id: int, fen: int, key: str) -> Callable[[], int]:
    def act() -> int:
        leader = db.session.get_one(Leader, leader_id)
        user_id = leader.user_id
        return payouts.ask_commission(leader, fen, form_key=key, by_id=user_id, now=NOON).id

    return lambda: at_the_edge(act)


def test_of_many_who_ask_at_once_only_as_many_get_it_as_there_is(crowd):
    leader_id = leader_with(credited)
    answers = together(crowd, [asking(leader_id, 100, f"k{n}") for n in range(10)])
    assert answers.errors == []
    assert (len(answers.yes), len(answers.refused)) == (3, 7)
    assert payouts.left_fen(db.session.get_one(Leader, leader_id)) == 0


def test_the_same_form_ten_times_at_once_is_one_wish(crowd):
    leader_id = leader_with(credited)
    answers = together(crowd, [asking(leader_id, 100, "k") for _ in range(10)])
    assert answers.errors == []
    assert len(set(answers.yes)) == 1


@pytest.mark.postgres
def test_control_without_the_lock_more_would_be_asked_for_than_there_is(crowd, monkeypatch):
    if not on_postgresql():
        pytest.skip("on SQLite a writer is alone anyway")
    leader_id, all_counted = leader_with(credited), threading.Barrier(2)
    counted = payouts.left_fen

    def count_together(payee: Any) -> int:
        left = counted(payee)
        all_counted.wait(20)
        return left

    monkeypatch.setattr(payouts, "lock", lambda leader_id: None)
    monkeypatch.setattr(payouts, "left_fen", count_together)
    answers = together(crowd, [asking(leader_id, 300, f"k{n}") for n in range(2)])
    assert len(answers.yes) == 2
    assert counted(db.session.get_one(Leader, leader_id)) == -300


def test_a_handover_of_cash_that_ten_confirm_at_once_is_booked_once(crowd):
    leader_id = leader_with(sold)
    [handover_id], operators = reported(leader_id, 3000), users(10)
    acts = [confirming(handover_id, user_id) for user_id in operators]
    answers = together(crowd, acts)
    assert answers.errors == []
    assert len(answers.yes) == 1
    assert all(isinstance(refusal, WrongState) for refusal in answers.refused)
    assert cash.in_hand_fen(db.session.get_one(Leader, leader_id)) == 0
    assert_everything_true()


def test_two_handovers_confirmed_at_once_never_take_more_than_there_is(crowd):
    leader_id = leader_with(sold)
    # Two reports of all there is, as if one had come in behind the rule.
    ids = reported(leader_id, 3000, times=2)
    by_id = users(1)[0]
    answers = together(crowd, [confirming(each, by_id) for each in ids])
    assert answers.errors == []
    assert [type(refusal) for refusal in answers.refused] == [cash.NotInHand]
    assert cash.in_hand_fen(db.session.get_one(Leader, leader_id)) == 0
    assert_everything_true()


@pytest.mark.postgres
def test_control_without_the_lock_two_handovers_would_take_more_than_there_is(crowd, monkeypatch):
    if not on_postgresql():
        pytest.skip("on SQLite a writer is alone anyway")
    leader_id, all_counted = leader_with(sold), threading.Barrier(2)
    ids, by_id = reported(leader_id, 3000, times=2), users(1)[0]
    counted = cash.in_hand_fen

    def count_together(leader: Leader) -> int:
        fen = counted(leader)
        all_counted.wait(20)
        return fen

    monkeypatch.setattr(cash, "lock", lambda leader_id: None)
    monkeypatch.setattr(cash, "in_hand_fen", count_together)
    answers = together(crowd, [confirming(each, by_id) for each in ids])
    assert len(answers.yes) == 2
    assert counted(db.session.get_one(Leader, leader_id)) == -3000


def test_four_schedulers_credit_each_order_once(crowd):
    leader_id = leader_with(lambda *_orders: sold(*[(1,)] * 20))
    answers = together(crowd, [lambda: at_the_edge(_credit_all)] * 4)
    assert answers.errors == []
    done = sum(answers)
    while more := at_the_edge(_credit_all):
        done += more
    assert done == 20
    assert commission_of(db.session.get_one(Leader, leader_id)) == (0, 2000)
    assert count(LedgerTxn, LedgerTxn.kind == "commission_credited") == 20
    assert_everything_true()


def _credit_all() -> int:
    return crediting.credit(now=OVER, most=7)


def users(many: int) -> list[int]:
    with transaction():
        ids = [make_user().id for _ in range(many)]
    return ids


def reported(leader_id: int, fen: int, times: int = 1) -> list[int]:
    with transaction():
        user_id = db.session.get_one(Leader, leader_id).user_id
        rows = [
            CashHandover(
                leader_id=leader_id,
                state="reported",
                amount_fen=fen,
                form_key=f"k{n}",
                reported_at=NOON,
                reported_by_id=user_id,
            )
            for n in range(times)
        ]
        db.session.add_all(rows)
        db.session.flush()
        ids = [row.id for row in rows]
    db.session.remove()
    return ids


def confirming(handover_id: int, by_id: int) -> Callable[[], None]:
    def act() -> None:
        cash.confirm(db.session.get_one(CashHandover, handover_id), by_id=by_id, now=NOON)

    return lambda: at_the_edge(act)


def test_an_approved_payout_is_paid_once_of_ten(crowd):
    leader_id = leader_with(credited)
    payout_id, by_ids = asking(leader_id, 300, "k")(), users(11)

    def approve() -> None:
        payouts.approve(db.session.get_one(Payout, payout_id), by_id=by_ids[0], now=NOON)

    def paying(by_id: int) -> Callable[[], None]:
        def act() -> None:
            payout = db.session.get_one(Payout, payout_id)
            payouts.pay(payout, f"B{by_id}", by_id=by_id, now=NOON)

        return lambda: at_the_edge(act)

    at_the_edge(approve)
    answers = together(crowd, [paying(by_id) for by_id in by_ids[1:]])
    assert answers.errors == []
    assert len(answers.yes) == 1
    paid = sa.select(sa.func.count()).where(LedgerTxn.kind == "payout")
    assert db.session.scalars(paid).one() == 1
    assert_everything_true()


def test_a_handover_undone_while_a_deal_is_settled_is_before_the_sheet_or_a_correction(
    crowd, monkeypatch
):
    monkeypatch.setitem(crowd.config, "AFTER_SALE_HOURS", 0)
    for _ in range(5):
        with transaction():
            deal = credited((2,), (1,), now=TAKEN)
            deal_id = deal.id
        db.session.remove()
        settle = _on_deal(deal_id, lambda deal: settling.settle(deal, by_id=None, now=TAKEN))
        answers = together(crowd, [settle, _on_deal(deal_id, undo)])
        assert answers.errors == []
        assert answers[1] is True  # the neighbour brings it back in any case
        assert settling.altered() == []
        assert (answers[0] is True) == (count(Settlement, Settlement.deal_id == deal_id) == 1)
        db.session.rollback()
    assert_everything_true()


def _on_deal(deal_id: int, act: Callable[[Deal], Any]) -> Callable[[], bool]:
    def once() -> bool:
        act(db.session.get_one(Deal, deal_id))
        return True

    return lambda: at_the_edge(once)
