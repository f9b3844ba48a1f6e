"""The second half of the trade: what came is shared out, bags are handed over or left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from groupbuy import jobs
from groupbuy.extensions import db
from groupbuy.payments import refunds
from groupbuy.payments.models import Payment, Refund
from groupbuy.pickup import arrival, handover, shortage, uncollected
from groupbuy.pickup.models import ENDINGS, Arrival, Handover, Pickup
from groupbuy.purchasing.models import PurchaseList
from tests.machine import rows
from tests.machine.deciding import Deciding
from tests.machine.ordering import kinds_of_deal, some
from tests.machine.promises import Bag, Delivery, Given
from tests.machine.sharing import is_fair

sharings = st.sampled_from(["payment", "prorata"])
offs = st.lists(st.sampled_from([-3, -2, -1, -1, 0, 1]), min_size=3, max_size=3)


class Collecting(Deciding):
    """Steps at the pickup point."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Given] = []
        self.ended: set[Bag] = set()

    @initialize(
        kind=kinds_of_deal,
        kinds=st.integers(2, 3),
        so_far=st.sampled_from(["ordered", "closed", "arrived", "handed over"]),
        off=offs,
        by=sharings,
        paid=st.sampled_from(["", "begun", "untold", "told"]),
    )
    def first_deal(
        self, kind: dict[str, Any], kinds: int, so_far: str, off: list[int], by: str, paid: str
    ) -> None:
        """A deal with an order of everybody, in some lives paid at the bank, for which we know or
        not; in some lives the rest of it is only the pickup."""
        lasting = {} if so_far == "ordered" else {"minimum": ("none", 0)}
        self.new_deal(kind | lasting, kinds, later=False)
        for who, wish in enumerate(("less", "refund", "refund")):
            self.place(0, who, [2, 1, 1], wish, "wechat" if paid else "cash")
        for promise in list(self.book.promises.values()) if paid else ():
            self.begin_paying(promise, "wechat", "well")
            if paid != "begun":
                self.pay(-1, more=0, tells=paid == "told")
        if so_far == "ordered":
            return
        self.vouch_for_all(0)
        self.let_it_close(0)
        if so_far == "closed":
            return
        for _ in self.deliveries():
            self.count_in(0, off, 0)
            self.share_out(0, by)
        if so_far == "handed over" and rows.bags():
            self.hand_over(0, whole=False, place=0, cash_first=True)

    def deliveries(self, shared_out: bool = False) -> list[Delivery]:
        """Those that are expected, or those that are done with."""
        return [
            delivery
            for bargain in self.book.bargains.values()
            for delivery in bargain.deliveries.values()
            if delivery.shared_out == shared_out
        ]

    # ---------- what came ----------

    @precondition(lambda self: self.deliveries())
    @rule(which=some, off=offs, damaged=st.sampled_from([0, 0, 1]))
    def count_in(self, which: int, off: list[int], damaged: int) -> None:
        delivery = self.pick(self.deliveries(), which)
        yes, delivery.usable = self.asked(lambda: self._count_in(delivery, off, damaged))
        assert yes

    def _count_in(self, delivery: Delivery, off: list[int], damaged: int) -> dict[int, int]:
        purchase_list = self._list_of(delivery)
        counts, usable = {}, {}
        for line, more in zip(purchase_list.current.lines, off, strict=False):
            received = max(0, line.pieces + more)
            counts[line.id] = (received, min(damaged, received))
            usable[line.item_id] = received - min(damaged, received)
        arrival.count_in(purchase_list, counts, by_id=None, now=self.now)
        return usable

    def _list_of(self, delivery: Delivery) -> PurchaseList:
        of = sa.select(PurchaseList).where(PurchaseList.supplier_id == delivery.supplier_id)
        return db.session.scalars(of.where(PurchaseList.deal_id == delivery.bargain.id)).one()

    @precondition(lambda self: any(d.usable is not None for d in self.deliveries()))
    @rule(which=some, by=sharings)
    def share_out(self, which: int, by: str) -> None:
        counted = [d for d in self.deliveries() if d.usable is not None]
        delivery = self.pick(counted, which)
        lines = rows.lines_wanting(delivery.bargain.id)
        yes, _ = self.asked(lambda: self._share_out(delivery, by))
        assert yes
        delivery.shared_out = True
        for item_id, usable in (delivery.usable or {}).items():
            wanting = lines[item_id]
            wishes = [self.book.promises[line.order_id].wish for line in wanting]
            shares = rows.kept_now(wanting)
            pieces = [line.pieces for line in wanting]
            assert is_fair(by, usable, pieces, wishes, shares)
            for line, share in zip(wanting, shares, strict=True):
                self.book.promises[line.order_id].kept[item_id] -= line.pieces - share
        self.book.settle_arrival(delivery.bargain)

    @precondition(lambda self: self.deliveries(shared_out=True))
    @rule(which=some, by=sharings)
    def share_out_again(self, which: int, by: str) -> None:
        delivery = self.pick(self.deliveries(shared_out=True), which)
        assert not self.asked(lambda: self._count_in(delivery, [0, 0, 0], 0))[0]
        assert not self.asked(lambda: self._share_out(delivery, by))[0]

    def _share_out(self, delivery: Delivery, by: str) -> None:
        counted = sa.select(Arrival).where(Arrival.list_id == self._list_of(delivery).id)
        shortage.carry_out(db.session.scalars(counted).one(), by, by_id=None, now=self.now)

    # ---------- handing over ----------

    def bag(self, which: int) -> tuple[Bag, int]:
        """A bag and its id in the database, those first in which something is to be had."""
        found = [
            (Bag(self.book.bargains[deal_id], member_id, point_id), bag_id)
            for bag_id, deal_id, member_id, point_id in rows.bags()
        ]
        ready = [(bag, bag_id) for bag, bag_id in found if self.book.is_ready(bag)]
        return self.pick(ready or found, which)

    @precondition(lambda self: rows.bags())
    @rule(which=some, whole=st.booleans(), place=some, cash_first=st.booleans())
    def hand_over(self, which: int, whole: bool, place: int, cash_first: bool) -> None:
        if cash_first:
            self.collect_cash(which)
        bag, bag_id = self.bag(which)
        lines = rows.open_lines(bag)
        if not whole and lines:
            lines = [self.pick(lines, place)._replace(pieces=1)]
        pieces = None if whole else {line.id: line.pieces for line in lines}
        nonce = f"scan-{next(self.keys)}"
        paid = all(self.book.promises[line.order_id].is_paid for line in lines)
        allowed = bool(lines) and paid and self.book.is_ready(bag) and bag not in self.ended
        yes, handover_id = self.asked(lambda: self._hand_over(bag_id, nonce, pieces))
        assert yes == allowed
        if not handover_id:
            return
        self.given.append(Given(handover_id, bag, bag_id, nonce, lines, self.now))
        for line in lines:
            promise = self.book.promises[line.order_id]
            promise.picked[line.item_id] += line.pieces
            if not promise.open:
                promise.state = "fulfilled"

    @precondition(lambda self: self.given)
    @rule(which=some)
    def same_scan_again(self, which: int) -> None:
        given = self.pick(self.given, which)
        yes, handover_id = self.asked(lambda: self._hand_over(given.bag_id, given.nonce, None))
        assert (yes, handover_id) == ((False, None) if given.undone else (True, given.id))
        assert not self.changed

    @precondition(lambda self: self.given)
    @rule(which=some)
    def undo_handover(self, which: int) -> None:
        given = self.pick(self.given, which)
        recent = self.now - given.at <= timedelta(minutes=10)
        yes, _ = self.asked(
            lambda: handover.undo(
                db.session.get_one(Handover, given.id), because="拿错了", by_id=None, now=self.now
            )
        )
        assert yes == (recent and not given.undone and given.bag not in self.ended)
        if not yes:
            return
        given.undone = True
        for line in given.lines:
            promise = self.book.promises[line.order_id]
            promise.picked[line.item_id] -= line.pieces
            promise.state = "confirmed"

    @precondition(lambda self: rows.bags())
    @rule(which=some)
    def collect_cash(self, which: int) -> None:
        bag, bag_id = self.bag(which)
        owing = [p for p in self.book.in_bag(bag) if not p.is_paid]
        owed = sum(p.owed_fen for p in owing)
        yes, fen = self.asked(
            lambda: handover.collect_cash(
                db.session.get_one(Pickup, bag_id), by_id=None, now=self.now
            )
        )
        assert (yes, fen) == (True, owed)
        for promise in owing:
            promise.paid_fen += promise.owed_fen

    @precondition(lambda self: rows.bags())
    @rule(which=some, ending=st.sampled_from(ENDINGS))
    def leave_behind(self, which: int, ending: str) -> None:
        bag, bag_id = self.bag(which)
        left = [p for p in self.book.in_bag(bag) if p.open]
        until = bag.bargain.pickup_ends_at
        allowed = self.book.is_ready(bag) and bag not in self.ended and bool(left)
        yes, _ = self.asked(
            lambda: uncollected.end(
                db.session.get_one(Pickup, bag_id), ending, "放在门口", by_id=None, now=self.now
            )
        )
        assert yes == (allowed and (until is None or self.now >= until))
        if not yes:
            return
        self.ended.add(bag)
        for promise in left:
            for item_id, pieces in promise.open.items() if ending == "refunded" else ():
                worth = pieces * bag.bargain.price_fen(item_id)
                promise.waived[item_id] += min(worth, promise.cost_of(item_id))
            promise.left_behind += promise.open
            promise.state = "fulfilled"

    @rule()
    def remind(self) -> None:
        assert jobs.pickup_reminders(self.now).failed == 0

    @rule(which=some)
    def give_money_back(self, which: int) -> None:
        """The leader says that he did, once or twice."""
        cash = sa.select(Refund.id, Refund.state).join(Refund.payment).where(Payment.way == "cash")
        found = db.session.execute(cash.order_by(Refund.id)).all()
        if found:
            refund_id, state = self.pick(found, which)
            yes, _ = self.asked(
                lambda: refunds.finish_cash(
                    db.session.get_one(Refund, refund_id), by_id=None, now=self.now
                )
            )
            assert yes == (state == "requested")

    def _hand_over(self, bag_id: int, nonce: str, pieces: dict[int, int] | None) -> int:
        bag = db.session.get_one(Pickup, bag_id)
        done = handover.hand_over(bag, nonce=nonce, by_id=None, now=self.now, pieces=pieces)
        return done.id
