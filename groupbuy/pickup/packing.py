"""Who gets what of a deal: for picking, packing, labels and the list at the point."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from groupbuy.accounts.models import PickupPoint
from groupbuy.core.text import mask_name
from groupbuy.deals.board import COUNTED_STATES
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.searching import contact_of

_COLDEST_FIRST = ("frozen", "fresh", "ambient")
_HOME = ("building", "unit", "room")
_NUMBERS = re.compile("([0-9]+)")
_Natural = list[tuple[int, int, str]]


@dataclass
class Portion:
    """A household's pieces of one item: what it asked for, and what it gets."""

    item: DealItem
    was: int = 0
    gets: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_cold(self) -> bool:
        """Whether it must not get warm on the way."""
        return self.item.storage_class != "ambient"


class Bag(NamedTuple):
    """One of the `of` bags a household's goods are packed into, warm and cold apart."""

    number: int
    of: int
    pieces: int
    is_cold: bool


@dataclass
class Parcel:
    """Everything one household collects at one point from one deal, whatever it ordered when.

    `orders` by roll number; `portions` coldest first, then as the deal lists them. `contact` is
    that of the first order, see orders.searching.contact_of.
    """

    contact: dict[str, str]
    point: PickupPoint
    orders: list[Order]
    portions: list[Portion]

    @property
    def roll_no(self) -> int:
        """The number it is called by."""
        return self.orders[0].roll_no or 0

    @property
    def more_roll_nos(self) -> list[int]:
        """The numbers of its further orders."""
        return [order.roll_no or 0 for order in self.orders[1:]]

    @property
    def masked_name(self) -> str:
        """The name as neighbours may read it."""
        return mask_name(self.contact["name"])

    @property
    def place(self) -> str:
        """“3-2-501”, as much of it as is known."""
        return place_of(self.contact)

    @property
    def pieces(self) -> int:
        return sum(portion.gets for portion in self.portions)

    @property
    def is_cold(self) -> bool:
        return any(portion.is_cold and portion.gets for portion in self.portions)

    @property
    def owed_fen(self) -> int:
        """What is to be paid when it is collected."""
        return sum(order.owed_fen for order in self.orders)

    @property
    def notes(self) -> list[str]:
        """What the household wrote, and what staff wrote for themselves."""
        written = [note for o in self.orders for note in (o.note, o.staff_note) if note]
        return list(dict.fromkeys(written))

    def bags(self) -> list[Bag]:
        """Its goods in a bag of what keeps warm and a bag of what does not; empty ones left out."""
        packed: Counter[bool] = Counter()
        for portion in self.portions:
            packed[portion.is_cold] += portion.gets
        full = [is_cold for is_cold in (False, True) if packed[is_cold]]
        return [Bag(n, len(full), packed[cold], cold) for n, cold in enumerate(full, 1)]


class Pick(NamedTuple):
    """An item to take from the pile: pieces in all, for each point, and for each household."""

    item: DealItem
    pieces: int
    by_point: list[tuple[PickupPoint, int, list[tuple[Parcel, int]]]]

    @property
    def cases(self) -> int:
        """How many full cases the pieces are."""
        return self.pieces // self.item.pack_size

    @property
    def loose(self) -> int:
        """The pieces that fill no case."""
        return self.pieces % self.item.pack_size


class Group(NamedTuple):
    """The households of one point, and what they come to."""

    point: PickupPoint
    parcels: list[Parcel]
    pieces: int
    owed_fen: int


def place_of(contact: Mapping[str, str]) -> str:
    """“3-2-501”, as much of a home as is known."""
    return "-".join(filter(None, (contact[name] for name in _HOME)))


def natural(text: str) -> _Natural:
    """A key that sorts house numbers as people do, nothing known last.

    >>> sorted(["12", "", "3", "3A"], key=natural)
    ['3', '3A', '12', '']
    """
    parts = _NUMBERS.split(text.strip().casefold())
    key = [(0, int(p[:18]), "") if p.isdecimal() else (1, 0, p) for p in parts if p]
    return key or [(2, 0, "")]


def parcels(
    deal: Deal,
    *,
    sort: str = "place",
    point_id: int | None = None,
    order_ids: Collection[int] | None = None,
) -> list[Parcel]:
    """The households of `deal` that get something, in one statement, however many there are.

    Counted are orders somebody vouched for. `sort` is one of SORTS, always point by point;
    `order_ids` leaves only the households that have one of these orders (None: all).
    """
    lines = _lines(deal)
    if point_id is not None:
        lines = lines.where(Order.point_id == point_id)
    together: dict[tuple[int, int], list[OrderLine]] = {}
    for line in db.session.scalars(lines):
        together.setdefault((line.order.point_id, line.order.member_id), []).append(line)
    wanted = None if order_ids is None else frozenset(order_ids)
    found = (_parcel(own) for own in together.values())
    kept = [p for p in found if p.pieces and (wanted is None or wanted & {o.id for o in p.orders})]
    by = SORTS.get(sort, SORTS["place"])
    return sorted(kept, key=lambda parcel: (parcel.point.id, *by(parcel)))


def by_point(households: Sequence[Parcel]) -> list[Group]:
    """`households` as `parcels` sorted them, point by point."""
    groups = []
    for point, together in groupby(households, key=lambda parcel: parcel.point):
        own = list(together)
        owed_fen = sum(parcel.owed_fen for parcel in own)
        groups.append(Group(point, own, sum(parcel.pieces for parcel in own), owed_fen))
    return groups


def picks(households: Sequence[Parcel]) -> list[Pick]:
    """What to take for `households`, item by item, cold ones first; households by roll number."""
    takers: dict[int, list[tuple[Parcel, Portion]]] = {}
    for parcel in sorted(households, key=lambda p: (p.point.id, p.roll_no)):
        for portion in parcel.portions:
            if portion.gets:
                takers.setdefault(portion.item.id, []).append((parcel, portion))
    items = sorted((own[0][1].item for own in takers.values()), key=_coldest_first)
    return [_pick(item, takers[item.id]) for item in items]


def _pick(item: DealItem, takers: Sequence[tuple[Parcel, Portion]]) -> Pick:
    there: dict[int, list[tuple[Parcel, int]]] = {}
    for parcel, portion in takers:
        there.setdefault(parcel.point.id, []).append((parcel, portion.gets))
    points = [(own[0][0].point, sum(n for _p, n in own), own) for own in there.values()]
    return Pick(item, sum(pieces for _point, pieces, _own in points), points)


def _lines(deal: Deal) -> sa.Select[Any]:
    return (
        sa.select(OrderLine)
        .join(OrderLine.order)
        .join(Order.member)
        .join(Order.point)
        .join(OrderLine.item)
        .where(Order.deal_id == deal.id, Order.state.in_(COUNTED_STATES))
        .options(
            contains_eager(OrderLine.order).contains_eager(Order.member),
            contains_eager(OrderLine.order).contains_eager(Order.point),
            contains_eager(OrderLine.item),
        )
        .order_by(Order.roll_no, Order.id, OrderLine.position)
    )


def _parcel(lines: Sequence[OrderLine]) -> Parcel:
    orders = list(dict.fromkeys(line.order for line in lines))
    portions: dict[int, Portion] = {}
    for line in lines:
        was = line.quantity - line.cancelled_pieces
        if not was:
            continue  # the household took it back itself
        portion = portions.setdefault(line.item_id, Portion(line.item))
        portion.was += was
        portion.gets += line.kept_pieces
        if line.note:
            portion.notes.append(line.note)
    in_order = sorted(portions.values(), key=lambda portion: _coldest_first(portion.item))
    return Parcel(contact_of(orders[0]), orders[0].point, orders, in_order)


def _coldest_first(item: DealItem) -> tuple[int, int]:
    return _COLDEST_FIRST.index(item.storage_class), item.position


def _by_place(parcel: Parcel) -> tuple[Any, ...]:
    home = (natural(parcel.contact[name]) for name in _HOME)
    return (*home, parcel.roll_no)


def _by_goods(parcel: Parcel) -> tuple[Any, ...]:
    packed = [(p.item.position, p.gets) for p in parcel.portions if p.gets]
    return (sorted(packed), *_by_place(parcel))


# The ways to lay slips and labels out, each within a point.
SORTS: dict[str, Callable[[Parcel], tuple[Any, ...]]] = {
    "place": _by_place,
    "roll": lambda parcel: (parcel.roll_no,),
    "goods": _by_goods,
    "cold": lambda parcel: (not parcel.is_cold, *_by_place(parcel)),
}
