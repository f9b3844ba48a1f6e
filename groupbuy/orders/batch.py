"""What a file brings, held compactly: orders, items, and lines as columns of numbers."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groupbuy.core.crypto import lookup_hash
from groupbuy.orders.export_rows import LONGEST_NUMBER, Row, RowReader, RowRefused, fit


@dataclass(slots=True)
class BroughtOrder:
    """One order of the file; who, where and when are those of its first accepted row.

    `number` is its number in the other tool, `ref` that and the point when there are several;
    `at` is the earliest time of its rows.
    """

    ref: str
    number: str
    member: str
    phone: str
    point: str
    at: datetime | None
    due_fen: int = 0
    live_lines: int = 0

    @property
    def member_ref(self) -> str:
        """Who ordered, the same in every file; "" for a walk-in. Phones are only seen as a hash."""
        if not self.phone:
            return self.member and f"import:{fit(self.member, 100)}"
        return f"import:{fit(self.member, 100)}#{lookup_hash(self.phone)[:32]}"


@dataclass(slots=True)
class BroughtItem:
    """One SKU of the file, with how often each price, name and spec was seen."""

    code: str
    prices: Counter[int] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    specs: Counter[str] = field(default_factory=Counter)

    @property
    def price_fen(self) -> int:
        """The most frequent price; of equally frequent ones the first seen."""
        return self.prices.most_common(1)[0][0]

    @property
    def name(self) -> str:
        """The most frequent description, or the code."""
        return self.names.most_common(1)[0][0] if self.names else self.code

    @property
    def spec(self) -> str:
        """The most frequent spec, or nothing."""
        return self.specs.most_common(1)[0][0] if self.specs else ""


class Batch:
    """All rows of one file: counted, and what was accepted of them."""

    def __init__(self) -> None:
        self.rows = self.rejected = 0
        self.orders: dict[str, BroughtOrder] = {}
        self.items: dict[str, BroughtItem] = {}
        # One entry a line: where its order and item stand above, pieces, fen, 1 unless cancelled.
        self._columns = tuple(array(code) for code in "llqqb")
        self._order_index: dict[str, int] = {}
        self._item_index: dict[str, int] = {}

    def add(self, row: Row) -> None:
        """Take in an accepted row."""
        order = self._order_of(row)
        item = self.items.get(row.code)
        if item is None:
            item = self.items[row.code] = BroughtItem(row.code)
            self._item_index[row.code] = len(self._item_index)
        item.prices[row.price_fen] += 1
        for seen, text in ((item.names, row.name), (item.specs, row.spec)):
            if text:
                seen[text] += 1
        if row.at and order.at and row.at < order.at:
            order.at = row.at
        if not row.cancelled:
            order.live_lines += 1
            order.due_fen += row.quantity * row.price_fen
        line = (
            self._order_index[order.ref],
            self._item_index[row.code],
            row.quantity,
            row.price_fen,
            not row.cancelled,
        )
        for column, value in zip(self._columns, line, strict=True):
            column.append(value)

    def lines(self) -> Iterator[tuple[int, int, int, int, int]]:
        """(index of its order, index of its item, pieces, fen a piece, 1 unless cancelled) each."""
        return zip(*self._columns, strict=True)

    def totals(self) -> dict[str, int]:
        """Of the file: rows = lines + cancelled_lines + rejected; the others count the live."""
        _, _, quantities, _, live = self._columns
        return {
            "rows": self.rows,
            "orders": len({order.number for order in self.orders.values() if order.live_lines}),
            "lines": sum(live),
            "pieces": sum(pieces for pieces, kept in zip(quantities, live, strict=True) if kept),
            "cancelled_lines": len(live) - sum(live),
            "rejected": self.rejected,
            "total_fen": sum(order.due_fen for order in self.orders.values()),
        }

    def _order_of(self, row: Row) -> BroughtOrder:
        """The order of a row; without order numbers, what one member ordered at one time.

        An order of ours is collected at one point, so each further point of a number is an order
        of its own: what goes to a point is what the file says goes there.
        """
        known = self.orders.get(row.order)
        if known and row.order and row.point in ("", known.point):
            return known
        order = BroughtOrder(row.order, row.order, row.member, row.phone, row.point, row.at)
        if not row.order:
            at = f"{row.at:%Y-%m-%dT%H:%M:%S} " if row.at else ""
            order.ref = order.number = fit(at + order.member_ref, LONGEST_NUMBER)
        first = self.orders.get(order.ref)
        if first and row.point not in ("", first.point):
            order.ref = fit(f"{order.number} @ {row.point}", LONGEST_NUMBER)
        if order.ref not in self.orders:
            self._order_index[order.ref] = len(self.orders)
            self.orders[order.ref] = order
        return self.orders[order.ref]


def gather(
    rows: Iterable[tuple[int, Sequence[Any]]],
    reader: RowReader,
    refuse: Callable[[int, Any, Sequence[Any]], None],
) -> Batch:
    """Read all `rows`; those that cannot be imported go to `refuse` (row number, reason, cells)."""
    batch = Batch()
    for number, cells in rows:
        batch.rows += 1
        try:
            row = reader.read(cells)
        except RowRefused as refusal:
            batch.rejected += 1
            refuse(number, refusal.reason, cells)
        else:
            batch.add(row)
    return batch
