"""What follows from what was promised: who may do what, and what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from groupbuy.payments.providers.reports import Paid
from tests.machine.promises import GRACE, LIVE, PAID, Attempt, Bag, Bargain, Delivery, Promise


class Book:
    """All bargains and promises, and what follows from them."""

    def __init__(self) -> None:
        self.bargains: dict[int, Bargain] = {}
        self.promises: dict[int, Promise] = {}
        self.suspended: dict[str, int] = {}  # fen that fit nothing, by number
        self.sent_back: set[str] = set()  # numbers of such that were sent back

    def of(self, bargain: Bargain, *states: str) -> list[Promise]:
        """The promises of `bargain` in one of `states`, in order of their making."""
        mine = (p for p in self.promises.values() if p.bargain is bargain)
        return sorted((p for p in mine if p.state in (states or LIVE)), key=lambda p: p.id)

    def has_room(self, bargain: Bargain, member_id: int, more: Mapping[int, int]) -> bool:
        """Whether stock and limits let this member have `more`."""
        live = self.of(bargain)
        sold = sum((p.kept for p in live), Counter[int]())
        own = sum((p.kept for p in live if p.member_id == member_id), Counter[int]())
        for item, pieces in more.items():
            if bargain.stock is not None and sold[item] + pieces > bargain.stock:
                return False
            if bargain.limit_per_item is not None and own[item] + pieces > bargain.limit_per_item:
                return False
        limit = bargain.limit_per_person
        return limit is None or not more or own.total() + sum(more.values()) <= limit

    def may_place(
        self, bargain: Bargain, member_id: int, wanted: Counter[int], now: datetime
    ) -> bool:
        return bool(wanted) and bargain.is_open(now) and self.has_room(bargain, member_id, wanted)

    def may_change(self, promise: Promise, wanted: Counter[int], now: datetime) -> bool:
        if not wanted or not promise.bargain.is_open(now):
            return False
        if promise.state not in ("pending", "placed"):
            return False
        before = promise.kept
        promise.kept = before & wanted
        try:
            return self.has_room(promise.bargain, promise.member_id, wanted - before)
        finally:
            promise.kept = before

    def place(self, promise: Promise) -> None:
        self.promises[promise.id] = promise
        if promise.bargain.pay_at_pickup:
            self.number(promise)

    def number(self, promise: Promise) -> None:
        """The next number in the roll."""
        promise.state = "placed"
        taken = [p.roll_no or 0 for p in self.promises.values() if p.bargain is promise.bargain]
        promise.roll_no = max(taken) + 1

    def pay(self, promise: Promise) -> None:
        promise.paid_fen += promise.owed_fen
        if promise.state == "pending":
            self.number(promise)

    def may_begin(self, promise: Promise, now: datetime) -> bool:
        """Whether something can be paid for it, and its goods are still held."""
        held = promise.state != "pending" or not promise.pay_by or promise.pay_by > now
        return promise.state in LIVE and held and promise.owed_fen > 0

    def receive(self, attempt: Attempt, told: Paid) -> str:
        """Money for a number of ours; what does not buy anything goes back."""
        promise, bargain = attempt.promise, attempt.promise.bargain
        if attempt.booked:
            return "again"
        if told.amount_fen != attempt.fen:
            if told.out_trade_no not in self.sent_back:
                self.suspended[told.out_trade_no] = told.amount_fen
            return "wrong"
        assert told.paid_at
        attempt.booked = True
        is_enough = 0 < promise.owed_fen <= attempt.fen
        undecided = bargain.state in ("open", "closing")
        in_time = undecided and told.paid_at <= bargain.closes_at + GRACE
        promise.paid_fen += attempt.fen
        if is_enough and promise.state == "pending" and in_time:
            self.number(promise)
        elif not is_enough or promise.state not in PAID:
            promise.sent_back_fen += attempt.fen
            return "duplicate" if promise.state in PAID else "late"
        return "paid"

    def expire(self, now: datetime) -> int:
        """Let go of what was not paid in time; returns how many orders that were."""
        late = [
            promise
            for bargain in self.bargains.values()
            if bargain.is_open(now)
            for promise in self.of(bargain, "pending")
            if promise.pay_by and promise.pay_by <= now
        ]
        for promise in late:
            promise.end("expired")
        return len(late)

    def due(self, now: datetime) -> list[Bargain]:
        return [
            bargain
            for bargain in self.bargains.values()
            if bargain.state == "closing" or (bargain.state == "open" and bargain.closes_at <= now)
        ]

    def close(self, bargain: Bargain) -> None:
        for promise in self.of(bargain, "pending"):
            promise.end("expired")
        placed = self.of(bargain, "placed")
        reached = {
            "none": 0,
            "persons": len({p.member_id for p in placed}),
            "pieces": sum(p.kept.total() for p in placed),
            "amount": sum(p.due_fen for p in placed),
        }
        bargain.state = "closed"
        if reached[bargain.minimum_kind] < bargain.minimum:
            bargain.state = "failed"
        for promise in placed:
            if bargain.state == "failed":
                promise.end("cancelled")
            else:
                promise.state = "confirmed"
        if bargain.state == "closed":
            ordered = {item for promise in placed for item in promise.kept}
            for item in bargain.items:
                of = bargain.deliveries.setdefault(
                    item.supplier_id, Delivery(bargain, item.supplier_id)
                )
                of.ordered = of.ordered or item.id in ordered

    def settle_arrival(self, bargain: Bargain) -> None:
        """Something was shared out: who gets nothing is done, and the last one ends the waiting."""
        for promise in self.of(bargain, "confirmed"):
            if not promise.open:
                promise.state = "fulfilled"
        if all(d.shared_out or not d.ordered for d in bargain.deliveries.values()):
            bargain.state = "arrived"

    def may_give_back(self, promise: Promise, item_id: int, pieces: int, fen: int) -> bool:
        """Pieces that are kept; money only for what is delivered, or surely will be."""
        if promise.state not in ("confirmed", "fulfilled") or pieces > promise.kept[item_id]:
            return False
        if not pieces and not fen:
            return False
        short, given, before = _split(promise, item_id, pieces, fen)
        price_fen = promise.bargain.price_fen(item_id)
        delivered = promise.picked[item_id] + promise.left_behind[item_id]
        supplier_id = next(i.supplier_id for i in promise.bargain.items if i.id == item_id)
        is_sure = promise.bargain.deliveries[supplier_id].shared_out
        if given > (promise.kept[item_id] - short) * price_fen:
            return False
        return is_sure or given <= max(before, delivered * price_fen)

    def give_back(self, promise: Promise, item_id: int, pieces: int, fen: int) -> None:
        short, given, _before = _split(promise, item_id, pieces, fen)
        promise.kept[item_id] -= short
        promise.waived[item_id] = given
        if promise.state == "confirmed" and not promise.open:
            promise.state = "fulfilled" if +promise.kept else "cancelled"

    def is_over(self, bargain: Bargain) -> bool:
        """Whether nothing can happen to its orders by itself any more."""
        if bargain.state in ("open", "closing"):
            return False
        waiting = any(d.ordered and not d.shared_out for d in bargain.deliveries.values())
        return not waiting and not self.of(bargain, "pending", "placed", "confirmed")

    def in_bag(self, bag: Bag) -> list[Promise]:
        mine = self.of(bag.bargain, "confirmed", "fulfilled")
        return [p for p in mine if (p.member_id, p.point_id) == (bag.member_id, bag.point_id)]

    def is_ready(self, bag: Bag) -> bool:
        """Whether all that is in the bag has come, and something is."""
        supplier = {item.id: item.supplier_id for item in bag.bargain.items}
        open_items = {item for promise in self.in_bag(bag) for item in promise.open}
        deliveries = bag.bargain.deliveries
        return bool(open_items) and all(
            deliveries[supplier[item]].shared_out for item in open_items
        )


def _split(promise: Promise, item_id: int, pieces: int, fen: int) -> tuple[int, int, int]:
    """Pieces that do not come, fen given back for those that stay, and fen that were before."""
    price_fen = promise.bargain.price_fen(item_id)
    short = min(pieces, promise.open[item_id])
    before = min(promise.waived[item_id], (promise.kept[item_id] - short) * price_fen)
    return short, before + (pieces - short) * price_fen + fen, before
