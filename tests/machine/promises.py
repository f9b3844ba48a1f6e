"""What everybody was promised, worked out without the product: plain dictionaries and sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

LIVE = ("pending", "placed", "confirmed", "fulfilled")
PAID = LIVE[1:]
GRACE = timedelta(minutes=10)


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

    def price_fen(self, item_id: int) -> int:
        return next(item.price_fen for item in self.items if item.id == item_id)


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
    placed_at: datetime
    roll_no: int | None = None
    version: int = 1
    paid_fen: int = 0
    sent_back_fen: int = 0  # of that, what came twice, too late or was too little
    waived: Counter[int] = field(default_factory=Counter)  # fen, by item: given back, pieces kept
    picked: Counter[int] = field(default_factory=Counter)
    left_behind: Counter[int] = field(default_factory=Counter)

    @property
    def due_fen(self) -> int:
        return sum(self.cost_of(item) for item in self.kept)

    @property
    def refunded_fen(self) -> int:
        return self.sent_back_fen + max(0, self.paid_fen - self.sent_back_fen - self.due_fen)

    @property
    def owed_fen(self) -> int:
        return max(0, self.due_fen - self.paid_fen + self.refunded_fen)

    @property
    def open(self) -> Counter[int]:
        """Pieces that are still to be handed over."""
        return +Counter(
            {item: n - self.picked[item] - self.left_behind[item] for item, n in self.kept.items()}
        )

    @property
    def is_paid(self) -> bool:
        return not self.owed_fen

    def cost_of(self, item_id: int) -> int:
        """What is to be paid for the pieces of an item that are kept."""
        worth = self.kept[item_id] * self.bargain.price_fen(item_id)
        return max(0, worth - self.waived[item_id])

    def end(self, state: str) -> None:
        self.kept.clear()
        self.state = state


@dataclass(eq=False)
class Attempt:
    """A number under which a promise may be paid online, for `fen`."""

    promise: Promise
    fen: int
    booked: bool = False


def pay_by(way: str, bargain: Bargain, placed_at: datetime) -> datetime | None:
    """Until when goods are held for money; cash may come until the closing."""
    if bargain.hold_minutes:
        return placed_at + timedelta(minutes=bargain.hold_minutes)
    waits = way == "cash" or bargain.pay_at_pickup
    return None if waits else placed_at + timedelta(minutes=15)
