"""One order at a gateway, processes that die while they deal with it, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask

from groupbuy import jobs
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.changing import change_order
from groupbuy.orders.models import Order
from groupbuy.payments.beginning import tell_provider
from groupbuy.payments.models import LedgerEntry, LedgerTxn, MoneyCase, Payment, Refund
from tests import factories
from tests.checks import assert_everything_true, count
from tests.payments.dying_children import press_pay, run_job, talk_to
from tests.payments.gateways import Gateway
from tests.races.children import Child

MINUTE = timedelta(minutes=1)
PRICE = 3780
# When the jobs run again, after whatever went wrong: sooner than a hold ends, and long after.
LATER = [timedelta(minutes=minutes) for minutes in (3, 9, 45, 180)]


class End(NamedTuple):
    """How it must end: the order's state, fen that came in, fen that went back."""

    state: str
    paid_fen: int = 0
    refunded_fen: int = 0


class Shop:
    """An order of two pieces, and the gateway at which it is paid; `now` is when trouble comes."""

    def __init__(self, app: Flask, gateway: Gateway, *, open_for: timedelta) -> None:
        self.app, self.gateway, self.now = app, gateway, clock.now()
        talk_to(gateway.settings, 20)
        with transaction():
            opened = self.now - 60 * MINUTE
            deal = factories.make_deal(opens_at=opened, closes_at=self.now + open_for)
            self.order = factories.make_order(deal, 2, way=gateway.way, now=self.now)
            self.number, self.member_id = self.order.number, self.order.member_id
            self.order_id = self.order.id

    # What people do.

    def begin(self) -> None:
        """The resident goes to pay, and nothing goes wrong."""
        with transaction():
            payment = paying.begin(self.order, self.gateway.way, self.gateway.method, now=self.now)
            payment_id = payment.id
        self.gateway.open(tell_provider(payment_id, title="蛋", back="/o"))

    def pay(self) -> None:
        """They pay; that the gateway would tell us so is never heard."""
        [payment] = self.payments()
        self.gateway.pay(payment.out_trade_no)

    def take_one_off(self) -> None:
        """Half of what was paid goes back."""
        form = factories.form_for(self.order.deal, 1)
        with transaction():
            order = db.session.get_one(Order, self.order_id)
            change_order(order, form, version=order.version, now=self.now, actor_id=None)

    # Work, and trouble.

    def job(self, name: str) -> tuple[Callable[..., None], *tuple[Any, ...]]:
        """What a process does that runs the job `name` now."""
        return run_job, name, self.now

    def button(self) -> tuple[Callable[..., None], *tuple[Any, ...]]:
        """What a process does that serves the button to pay."""
        return press_pay, self.gateway.way, self.number, self.member_id

    def trouble(self, call: str, kind: str, work: tuple[Any, ...]) -> None:
        """Let a process do `work` and meet trouble at `call`: then nothing about money is written.

        `kind`: "lost" (done, never answered), or killed "before" or "after" it was done.
        """
        db.session.rollback()
        booked = self.booked()
        child = self._process(work, patience=0.6 if kind == "lost" else 20)
        if kind == "lost":
            self.gateway.lose_answers(call)
        else:
            self.gateway.trap.set(self.gateway.calls[call], kind, child)
        child.go()
        assert child.end() == (kind == "lost"), f"{call}: {kind}"
        self.gateway.behave()
        assert self.booked() == booked

    def run(self, name: str, patience: float = 20) -> None:
        """Run the job `name` now, here."""
        db.session.rollback()
        run_job(self.gateway.settings, patience, name, self.now)
        db.session.rollback()

    def do(self, work: tuple[Any, ...]) -> None:
        """Let a process do `work` to the end."""
        db.session.rollback()
        child = self._process(work)
        child.go()
        assert child.end()

    def _process(self, work: tuple[Any, ...], patience: float = 20) -> Child:
        act, *told = work
        return Child(self.app, act, self.gateway.settings, patience, *told)

    def booked(self) -> int:
        """How many facts about this order are in the ledger."""
        db.session.rollback()
        return count(LedgerTxn, LedgerTxn.order_id == self.order_id)

    def work_on(self, *, then: timedelta = timedelta()) -> None:
        """Let the jobs run again, here, as time goes by."""
        talk_to(self.gateway.settings, 20)
        for later in LATER:
            self.gateway.let_refunds_arrive()
            for name in ("ask-payments", "expire-unpaid", "close-due", "send-refunds"):
                run = jobs.run(name, self.now + then + later)
                assert (run.failed, run.detail) == (0, {}), name
        db.session.rollback()

    # What came of it.

    def payments(self) -> list[Payment]:
        db.session.rollback()
        mine = sa.select(Payment).where(Payment.order_id == self.order_id)
        return list(db.session.scalars(mine.order_by(Payment.id)))

    def refunds(self) -> list[Refund]:
        db.session.rollback()
        return list(db.session.scalars(sa.select(Refund).where(Refund.order_id == self.order_id)))

    def state_there(self) -> str:
        [payment] = self.payments()
        return self.gateway.state(payment.out_trade_no)

    def went_back_there(self) -> dict[str, int]:
        [payment] = self.payments()
        return self.gateway.refunds(payment.out_trade_no)

    def assert_ended(self, end: End) -> None:
        """The gateway and the books tell the same story, each part of it once."""
        db.session.rollback()
        db.session.expire_all()
        order = db.session.get_one(Order, self.order_id)
        assert (order.state, order.paid_fen, order.refunded_fen) == end
        self._assert_at_the_gateway(end)
        self._assert_in_the_books(end)
        db.session.rollback()

    def _assert_at_the_gateway(self, end: End) -> None:
        numbers = [payment.out_trade_no for payment in self.payments()]
        known = [number for number in numbers if self.gateway.knows(number)]
        states = [self.gateway.state(number) for number in known]
        assert sorted(states) == (["paid"] if end.paid_fen else ["closed"])
        went_back: dict[str, int] = {}
        for number in known:
            went_back |= self.gateway.refunds(number)
        assert sum(went_back.values()) == end.refunded_fen
        asked_for = {back.out_refund_no: back.amount_fen for back in self.refunds()}
        assert went_back == asked_for
        assert len(went_back) == (1 if end.refunded_fen else 0)

    def _assert_in_the_books(self, end: End) -> None:
        [payment] = self.payments()
        assert payment.state == ("confirmed" if end.paid_fen else "void")
        assert payment.next_ask_at is None
        assert [back.state for back in self.refunds()] == ["succeeded"] * bool(end.refunded_fen)
        mine = LedgerTxn.order_id == self.order_id
        entries = sa.select(sa.func.coalesce(sa.func.sum(LedgerEntry.fen), 0)).join(
            LedgerTxn, LedgerTxn.id == LedgerEntry.txn_id
        )
        cash = entries.where(mine, LedgerEntry.account == f"cash:{self.gateway.way}")
        assert db.session.scalars(cash).one() == end.paid_fen - end.refunded_fen
        assert count(LedgerTxn, mine, LedgerTxn.kind == "payment") == bool(end.paid_fen)
        assert count(LedgerTxn, mine, LedgerTxn.kind == "refund_succeeded") == bool(
            end.refunded_fen
        )
        assert count(MoneyCase) == 0
        assert_everything_true()
