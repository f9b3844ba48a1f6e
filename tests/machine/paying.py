"""Paying online as random steps: members, a bank with bad days, its notifications, our jobs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from groupbuy import jobs
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.payments import attempts
from groupbuy.payments.beginning import tell_provider
from groupbuy.payments.providers import WAYS
from groupbuy.payments.providers.reports import Paid, ProviderError
from tests.machine import rows
from tests.machine.bank import MOODS, Bank, Death
from tests.machine.ordering import Ordering, some
from tests.machine.promises import Attempt, Promise, pay_by

moods = st.sampled_from(MOODS)
waits = st.sampled_from([timedelta(seconds=20), timedelta(minutes=11), timedelta(hours=3)])


class Paying(Ordering):
    """Steps of those who pay, and of the bank, which stands in for WeChat Pay."""

    def __init__(self) -> None:
        super().__init__()
        self.bank = Bank()
        self.attempts: dict[str, Attempt] = {}
        self.real_bank, WAYS["wechat"] = WAYS["wechat"], self.bank  # type: ignore[assignment]

    def teardown(self) -> None:
        WAYS["wechat"] = self.real_bank
        super().teardown()

    def in_touch(self, mood: str, act: Callable[[], Any]) -> bool:
        """Do what talks to the bank; False: it killed us. What arrived of answers is booked."""
        self.bank.heard.clear()
        died = True
        with self.bank.feeling(mood), contextlib.suppress(Death):
            act()
            died = False
        db.session.rollback()
        for told in self.bank.heard:
            self.book.receive(self.attempts[told.out_trade_no], told)
        return not died

    @precondition(lambda self: self.book.promises)
    @rule(
        which=some,
        way=st.sampled_from(["wechat", "wechat", "cash"]),
        mood=moods,
        pays=st.sampled_from(["", "untold", "told"]),
    )
    def begin_to_pay(self, which: int, way: str, mood: str, pays: str) -> None:
        """A member chooses a way to pay, and perhaps pays at once."""
        every = list(self.book.promises.values())
        waiting = [p for p in every if self.book.may_begin(p, self.now)]
        self.begin_paying(self.pick(waiting or every, which), way, mood)
        if pays:
            self.pay(-1, more=0, tells=pays == "told")

    def begin_paying(self, promise: Promise, way: str, mood: str) -> None:
        allowed = self.book.may_begin(promise, self.now)
        yes, begun = self.asked(lambda: self._attempt(promise, way))
        assert yes == allowed
        if not begun:
            return
        payment_id, number, fen = begun
        assert fen == promise.owed_fen
        if way == "cash":
            if promise.state == "pending":
                promise.pay_by = pay_by("cash", promise.bargain, promise.placed_at)
            return
        self.attempts.setdefault(number, Attempt(promise, fen))
        self.in_touch(mood, lambda: self._tell(payment_id))

    def _attempt(self, promise: Promise, way: str) -> tuple[int, str, int]:
        order = db.session.get_one(Order, promise.id)
        method = "cash" if way == "cash" else "native"
        payment = paying.begin(order, way, method, now=self.now)
        return payment.id, payment.out_trade_no, payment.amount_fen

    def _tell(self, payment_id: int) -> None:
        with contextlib.suppress(ProviderError):
            begun = tell_provider(payment_id, title="团购", back="/")
            with transaction():
                attempts.note_begun(payment_id, begun._asdict())

    @rule(which=some, more=st.sampled_from([0, 0, 0, 0, 1]), tells=st.booleans())
    def pay(self, which: int, more: int, tells: bool) -> None:
        """A member pays, also what was given up or closed; `more` is a wrong sum."""
        waiting = [trade for trade in self.bank.trades.values() if trade.state != "paid"]
        if waiting:
            trade = self.pick(waiting, which)
            self.bank.pay(trade.number, trade.fen + more, self.now)
            if tells:
                self._notify(trade.told())

    @precondition(lambda self: any(t.state == "paid" for t in self.bank.trades.values()))
    @rule(which=some)
    def notify(self, which: int) -> None:
        """A notification comes, for the first time or again."""
        paid = [trade for trade in self.bank.trades.values() if trade.state == "paid"]
        self._notify(self.pick(paid, which).told())

    def _notify(self, told: Paid) -> None:
        yes, outcome = self.asked(lambda: paying.receive(told, "wechat", now=self.now))
        attempt = self.attempts[told.out_trade_no]
        known = attempt.booked or told.out_trade_no in {*self.book.suspended, *self.book.sent_back}
        assert (yes, outcome) == (True, self.book.receive(attempt, told))
        assert self.changed != known

    @rule(fen=st.integers(1, 9999))
    def strange_money(self, fen: int) -> None:
        told = Paid(
            f"STRANGE{next(self.keys)}", "paid", f"S{next(self.keys)}", fen, "CNY", self.now
        )
        for _again in range(2):
            yes, outcome = self.asked(lambda: paying.receive(told, "wechat", now=self.now))
            assert (yes, outcome) == (True, "unknown")
        assert not self.changed
        self.book.suspended[told.out_trade_no] = fen

    @precondition(lambda self: any(t.state == "unpaid" for t in self.bank.trades.values()))
    @rule(mood=moods, wait=waits)
    def ask_the_bank(self, mood: str, wait: timedelta) -> None:
        self.now += wait
        self.in_touch(mood, lambda: jobs.ask_payments(self.now))

    @precondition(lambda self: rows.refunds_under_way())
    @rule(mood=moods, wait=waits)
    def send_refunds(self, mood: str, wait: timedelta) -> None:
        self.now += wait
        self.in_touch(mood, lambda: jobs.send_refunds(self.now))
