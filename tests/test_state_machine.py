"""The whole trade as random steps, against a small model of what everybody was promised."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from groupbuy import invariants
from tests.machine import rows
from tests.machine.giving import Giving


class Trade(Giving):
    """After every step the database is sound and says what the promises say."""

    @invariant()
    def nothing_is_broken(self) -> None:
        assert invariants.broken() == {}

    @invariant()
    def everybody_has_what_was_promised(self) -> None:
        promises = self.book.promises.values()
        assert rows.orders() == {p.id: rows.expected(p) for p in promises}
        assert rows.pieces() == {p.id: (+p.kept, +p.picked, +p.left_behind) for p in promises}
        assert rows.deals() == {b.id: (b.state, b.closes_at) for b in self.book.bargains.values()}

    @invariant()
    def money_in_is_money_out_and_what_is_due(self) -> None:
        promises = self.book.promises.values()
        kept = sum(min(p.paid_fen - p.sent_back_fen, p.due_fen) for p in promises)
        paid, back = rows.money_in_and_out()
        assert paid == back + kept
        assert rows.in_suspense() == sum(self.book.suspended.values())

    @invariant()
    def the_bank_knows_the_same(self) -> None:
        trades = self.bank.trades.values()
        given_back = {no: fen for trade in trades for no, fen in trade.back.items()}
        asked_for, arrived = rows.refunds_online()
        assert given_back.items() <= asked_for.items()
        assert arrived.items() <= given_back.items()


@pytest.mark.parametrize(
    "examples", [25, pytest.param(120, marks=pytest.mark.slow)], ids=["25 examples", "120 examples"]
)
def test_any_order_of_steps_keeps_every_promise(app: Flask, examples: int) -> None:
    run_state_machine_as_test(
        Trade,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            phases=[Phase.generate],  # shrinking takes minutes; the steps are printed as they are
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
