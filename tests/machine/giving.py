"""After the trade: money that staff give back, refunds that fail, commission, settled sheets."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from groupbuy import jobs
from groupbuy.accounts.models import Leader
from groupbuy.extensions import db
from groupbuy.orders import unplaced
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments import following
from groupbuy.payments.models import MoneyCase, Refund
from groupbuy.pickup.back_plan import Wish
from groupbuy.pickup.giving_back import give_back
from groupbuy.settlement import payouts
from tests.machine import rows
from tests.machine.collecting import Collecting, offs
from tests.machine.ordering import some
from tests.machine.promises import Promise

COMPLAINTS = timedelta(days=8)  # longer than anybody may complain


class Giving(Collecting):
    """Steps of the leader and the operator at their desks."""

    def __init__(self) -> None:
        super().__init__()
        self.staff_id = db.session.get_one(Leader, self.leader_id).user_id

    # ---------- giving back ----------

    @precondition(lambda self: self.book.promises)
    @rule(which=some, place=some, pieces=st.integers(0, 3), fen=st.sampled_from([0, 0, 1, 500]))
    def give_back(self, which: int, place: int, pieces: int, fen: int) -> None:
        decided = [p for p in self.book.promises.values() if p.state in ("confirmed", "fulfilled")]
        promise = self.pick(decided or list(self.book.promises.values()), which)
        items = sorted(+promise.kept)
        if not items:
            return
        item_id = self.pick(items, place)
        allowed = self.book.may_give_back(promise, item_id, pieces, fen)
        yes, _fen = self.asked(lambda: self._give_back(promise, item_id, Wish(pieces, fen)))
        assert yes == allowed
        if yes:
            self.book.give_back(promise, item_id, pieces, fen)

    def _give_back(self, promise: Promise, item_id: int, wish: Wish) -> int | None:
        of = (OrderLine.order_id == promise.id, OrderLine.item_id == item_id)
        kept = sa.select(OrderLine.id).where(*of, OrderLine.kept_pieces > 0)
        [line_id] = db.session.scalars(kept)
        by = {"because": "坏了", "nonce": f"form-{next(self.keys)}", "by_id": self.staff_id}
        order = db.session.get_one(Order, promise.id)
        return give_back(order, {line_id: wish}, now=self.now, **by)

    @precondition(lambda self: rows.refunds_under_way())
    @rule(which=some, again=st.booleans())
    def look_after_a_refund(self, which: int, again: bool) -> None:
        """The operator has one tried again, or says that the money went back another way."""
        by_hand = following.by_hand
        found = db.session.execute(sa.select(Refund.id, Refund.state).order_by(Refund.id)).all()
        if not found:
            return
        refund_id, state = self.pick([r for r in found if r.state == "failed"] or found, which)
        by = {"by_id": self.staff_id, "now": self.now}
        yes, _ = self.asked(
            lambda: (
                following.retry(db.session.get_one(Refund, refund_id), **by)
                if again
                else by_hand(db.session.get_one(Refund, refund_id), "银行转账", **by)
            )
        )
        assert yes == (state == "failed")

    @precondition(lambda self: self.book.suspended)
    @rule(which=some)
    def send_strange_money_back(self, which: int) -> None:
        """The operator sends it back, on the bank's own page."""
        cases = sa.select(MoneyCase.id).where(MoneyCase.closed_at.is_(None)).order_by(MoneyCase.id)
        open_ones = [
            case_id
            for case_id in db.session.scalars(cases)
            if unplaced.suspended_fen(db.session.get_one(MoneyCase, case_id))
        ]
        case_id = self.pick(open_ones, which)
        number = db.session.get_one(MoneyCase, case_id).detail["out_trade_no"]
        yes, fen = self.asked(
            lambda: unplaced.sent_back(
                db.session.get_one(MoneyCase, case_id),
                "退回",
                by_id=self.staff_id,
                now=self.now,
            )
        )
        assert (yes, fen) == (True, self.book.suspended.pop(number))
        self.book.sent_back.add(number)

    # ---------- settling ----------

    @precondition(lambda self: bool(rows.bags()))
    @rule(off=offs, settles=st.booleans())
    def a_whole_evening(self, off: list[int], settles: bool) -> None:
        """Everything comes, everybody who may collects, and perhaps it is settled."""
        while self.deliveries():
            self.count_in(0, off, 0)
            self.share_out(0, "payment")
        for _bag in rows.bags():
            self.hand_over(0, whole=True, place=0, cash_first=True)
        if settles:
            self.settle_up()

    @precondition(lambda self: any(p.state == "fulfilled" for p in self.book.promises.values()))
    @rule()
    def settle_up(self) -> None:
        """Nobody complains any more: commission is the leader's, sheets are closed, once."""
        self.now += COMPLAINTS
        settled = rows.settled_deals()
        self.close_due("well")
        assert jobs.credit_commission(self.now).failed == 0
        assert rows.commission_on_hold() == rows.commission_of_unfinished_orders()
        final = {b.id for b in self.book.bargains.values() if self.book.is_over(b)}
        final -= rows.deals_with_refunds_under_way()
        assert jobs.settle_deals(self.now).failed == 0
        assert settled <= rows.settled_deals() == settled | (final & rows.deals_in_the_books())

    @rule(fen=st.sampled_from([1, 50, 5000]))
    def pay_out(self, fen: int) -> None:
        """The leader wants commission; never more than is credited and not asked for."""
        leader = db.session.get_one(Leader, self.leader_id)
        left = payouts.left_fen(leader)
        key = f"form-{next(self.keys)}"
        yes, _ = self.asked(
            lambda: (
                payouts.ask_commission(
                    db.session.get_one(Leader, self.leader_id),
                    fen,
                    form_key=key,
                    by_id=self.staff_id,
                    now=self.now,
                ).id
            )
        )
        assert yes == (fen <= left)
