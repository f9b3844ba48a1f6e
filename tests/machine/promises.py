"""What everybody was promised, worked out without the product: plain dictionaries and sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

LIVE = ("pending", "placed", "confirmed", "fulfilled")


@dataclass
class Item:
    """A thing in a deal and where it comes from."""

    id: int
    price_fen: int
    supplier_id: int


@dataclass(eq=False)
class Bargain:
    """A deal as the neighbours know it. Limits and stock are None where there is none."""

    id: int
    items: list[Item]
    point_ids: list[int]
    opens_at: datetime
    closes_at: datetime
    stock: int | None
    limit_per_item: int | None
    limit_per_person: int | None
    hold_minutes: int | None
    pay_at_pickup: bool
    minimum_kind: str
    minimum: int
    pickup_ends_at: datetime | None
    state: str = "open"
    deliveries: dict[int, Delivery] = field(default_factory=dict)  # by supplier id

    def is_open(self, now: datetime) -> bool:
        return self.state == "open" and self.opens_at <= now < self.closes_at


@dataclass(eq=False)
class Delivery:
    """What one supplier brings for one deal; `usable` pieces per item once they are counted."""

    bargain: Bargain
    supplier_id: int
    ordered: bool = False
    usable: dict[int, int] | None = None
    shared_out: bool = False


class Bag(NamedTuple):
    """What one household collects at one point."""

    bargain: Bargain
    member_id: int
    point_id: int


class Line(NamedTuple):
    """Pieces of one line of an order."""

    id: int
    order_id: int
    item_id: int
    pieces: int


@dataclass(eq=False)
class Given:
    """One handover."""

    id: int
    bag: Bag
    bag_id: int
    nonce: str
    lines: list[Line]
    at: datetime
    undone: bool = False


@dataclass(eq=False)
class Promise:
    """An order: what its member gets (item id -> pieces), has got, and has paid."""

    id: int
    bargain: Bargain
    member_id: int
    point_id: int
    kept: Counter[int]
    wish: str  # when too little comes: "less", or all or nothing ("refund")
    key: str
    pay_by: datetime | None
    state: str
    roll_no: int | None = None
    version: int = 1
    paid_fen: int = 0
    waived_fen: int = 0  # not collected, and given back
    picked: Counter[int] = field(default_factory=Counter)
    left_behind: Counter[int] = field(default_factory=Counter)

    @property
    def due_fen(self) -> int:
        return self.worth(self.kept) - self.waived_fen

    @property
    def refunded_fen(self) -> int:
        return max(0, self.paid_fen - self.due_fen)

    @property
    def open(self) -> Counter[int]:
        """Pieces that are still to be handed over."""
        return +Counter(
            {item: n - self.picked[item] - self.left_behind[item] for item, n in self.kept.items()}
        )

    @property
    def is_paid(self) -> bool:
        return self.paid_fen >= self.due_fen

    def worth(self, pieces: Mapping[int, int]) -> int:
        prices = {item.id: item.price_fen for item in self.bargain.items}
        return sum(prices[item] * n for item, n in pieces.items())

    def end(self, state: str) -> None:
        self.kept.clear()
        self.state = state


class Book:
    """All bargains and promises, and what follows from them."""

    def __init__(self) -> None:
        self.bargains: dict[int, Bargain] = {}
        self.promises: dict[int, Promise] = {}

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
        promise.paid_fen = promise.due_fen
        if promise.state == "pending":
            self.number(promise)

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


def is_fair(
    by: str, usable: int, pieces: Sequence[int], wishes: Sequence[str], shares: Sequence[int]
) -> bool:
    """Whether `shares` of what came may follow from `pieces` wanted, in order of payment."""
    wanted = sum(pieces)
    if usable >= wanted:
        return shares == pieces
    if by == "payment":
        return shares == _first_come(usable, pieces, wishes)
    whole = [share in (0, n) for share, n in zip(shares, pieces, strict=True)]
    if not all(whole[place] for place, wish in enumerate(wishes) if wish == "refund"):
        return False
    if "refund" in wishes:
        return sum(shares) <= usable
    fair = [n * usable / wanted for n in pieces]
    near = all(abs(share - part) < 1 for share, part in zip(shares, fair, strict=True))
    return near and sum(shares) == usable


def _first_come(usable: int, pieces: Sequence[int], wishes: Sequence[str]) -> list[int]:
    shares = []
    for wanted, wish in zip(pieces, wishes, strict=True):
        share = min(wanted, usable)
        if share < wanted and wish == "refund":
            share = 0
        shares.append(share)
        usable -= share
    return shares


def pay_by(bargain: Bargain, now: datetime) -> datetime | None:
    return now + timedelta(minutes=bargain.hold_minutes) if bargain.hold_minutes else None
