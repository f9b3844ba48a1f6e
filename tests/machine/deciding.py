"""What the leader and the clock do: money, windows, closings."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from groupbuy import jobs
from groupbuy.deals.editing import extend, shorten
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.ending import cancel_deal
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch, vouch_all
from groupbuy.purchasing import closing
from tests.machine import rows
from tests.machine.ordering import HOUR, some
from tests.machine.paying import Paying, moods
from tests.machine.promises import Bargain

minutes = st.sampled_from([1, 14, 16, 60, 180, 600])


class Deciding(Paying):
    """Steps of the leader, and of the jobs."""

    @precondition(lambda self: self.book.promises)
    @rule(which=some)
    def vouch_for(self, which: int) -> None:
        promise = self.promise(which)
        undecided = promise.bargain.state in ("open", "closing")
        yes, _ = self.asked(
            lambda: vouch(db.session.get_one(Order, promise.id), by_id=None, now=self.now)
        )
        assert yes == (undecided and promise.state == "pending")
        if yes:
            self.book.pay(promise)

    @rule(which=some)
    def vouch_for_all(self, which: int) -> None:
        bargain = self.bargain(which)
        alive = [p for p in self.book.promises.values() if p.bargain is bargain]
        pending = [p for p in alive if p.state == "pending"]
        if bargain.state not in ("open", "closing"):
            pending = []
        yes, done = self.asked(lambda: self._vouch_all(bargain, [p.id for p in alive]))
        assert yes
        assert done == [p.id for p in sorted(pending, key=lambda p: p.id)]
        for promise in sorted(pending, key=lambda p: p.id):
            self.book.pay(promise)

    def _vouch_all(self, bargain: Bargain, order_ids: list[int]) -> list[int]:
        deal = db.session.get_one(Deal, bargain.id)
        orders = [db.session.get_one(Order, order_id) for order_id in reversed(order_ids)]
        return [order.id for order in vouch_all(deal, orders, by_id=None, now=self.now).done]

    @rule(which=some, hours=st.integers(-3, 6))
    def move_closing(self, which: int, hours: int) -> None:
        bargain = self.bargain(which)
        closes_at = bargain.closes_at + hours * HOUR
        running = bargain.state == "open" and self.now < bargain.closes_at
        sooner = max(self.now, bargain.opens_at) < closes_at < bargain.closes_at
        act = extend if hours >= 0 else shorten
        yes, _ = self.asked(
            lambda: act(db.session.get_one(Deal, bargain.id), closes_at, now=self.now)
        )
        assert yes == (running and (hours > 0 or sooner))
        if yes:
            bargain.closes_at = closes_at

    @rule(which=some, early=st.booleans())
    def begin_closing(self, which: int, early: bool) -> None:
        """Step A only: whoever did it died before step C."""
        bargain = self.bargain(which)
        yes, _ = self.asked(lambda: self._begin(bargain, early))
        if early:
            assert yes == (bargain.state == "open" and self.now > bargain.opens_at)
        else:
            due = bargain.state == "open" and self.now >= bargain.closes_at
            assert yes == (due or bargain.state == "closing")
        if yes:
            bargain.state = "closing"
            bargain.closes_at = min(self.now, bargain.closes_at)

    def _begin(self, bargain: Bargain, early: bool) -> None:
        deal = db.session.get_one(Deal, bargain.id)
        if early:
            closing.begin_early(deal, because="大雨", now=self.now)
        else:
            closing.begin(deal, now=self.now)

    @rule(mood=moods)
    def close_due(self, mood: str) -> None:
        due, tallies = self.book.due(self.now), []
        if self.in_touch(mood, lambda: tallies.append(jobs.close_due(self.now))):
            assert [(tally.done, tally.failed) for tally in tallies] == [(len(due), 0)]
            for bargain in due:
                self.book.close(bargain)
        else:
            self._close_what_was_decided(due)

    def _close_what_was_decided(self, due: list[Bargain]) -> None:
        """The job died asking about a deal: that one is closing, and earlier ones are closed."""
        found = {deal_id: state for deal_id, (state, _closes_at) in rows.deals().items()}
        assert sum(found[bargain.id] == "closing" for bargain in due) >= 1
        for bargain in due:
            if found[bargain.id] == "closing":
                bargain.state = "closing"
            elif found[bargain.id] != "open":
                self.book.close(bargain)

    @rule(which=some)
    def let_it_close(self, which: int) -> None:
        """The time passes until a deal is due, and the job comes."""
        self.now = max(self.now, self.bargain(which).closes_at)
        self.close_due("well")

    @precondition(lambda self: len(self.book.promises) > 3)
    @rule(which=some)
    def call_off(self, which: int) -> None:
        bargain = self.bargain(which)
        live = self.book.of(bargain)
        yes, count = self.asked(
            lambda: cancel_deal(db.session.get_one(Deal, bargain.id), because="大雨", now=self.now)
        )
        assert yes == (bargain.state == "open")
        if yes:
            assert count == len(live)
            bargain.state = "cancelled"
            for promise in live:
                promise.end("cancelled")

    @rule()
    def expire(self) -> None:
        expected = self.book.expire(self.now)
        tally = jobs.expire_unpaid(self.now)
        assert (tally.done, tally.failed) == (expected, 0)

    @rule(minutes=minutes)
    def pass_time(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
