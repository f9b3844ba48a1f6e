"""What the pages of the gate say of a household's bags, in finished words and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from flask_babel import gettext as _

from groupbuy.core.money import format_yuan
from groupbuy.core.text import mask_name, mask_phone
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup.finding import Opened
from groupbuy.pickup.household import Bag, Household, fill
from groupbuy.pickup.models import Pickup

_COLD = ("frozen", "fresh")


class BoxLine(NamedTuple):
    """A line of a bag: `field` is its check box, `pieces` what is open of it."""

    field: str
    name: str
    about: str
    pieces: int
    is_cold: bool
    missing: str = ""


@dataclass
class Shown:
    """A household at the gate; `opened` is the bag, or the pass, that was shown."""

    household: Household
    opened: Opened

    @property
    def pickup(self) -> Pickup:
        return self.opened.pickup

    @property
    def by_pass(self) -> bool:
        return self.opened.proxy is not None

    @property
    def ready(self) -> list[Bag]:
        """What stands here to be given."""
        return [bag for bag in self.household.bags if bag.pickup.state == "ready"]

    @property
    def waiting(self) -> list[Bag]:
        """What has not arrived yet."""
        return [bag for bag in self.household.bags if bag.pickup.state == "waiting"]

    @property
    def orders(self) -> list[Order]:
        bags = self.ready or [bag for bag in self.household.bags if bag.pickup is self.pickup]
        return [order for bag in bags for order in bag.orders]

    @property
    def roll_nos(self) -> list[int]:
        return list(dict.fromkeys(order.roll_no for order in self.orders if order.roll_no))

    @property
    def name(self) -> str:
        """Whose it is, masked: the name of the order, else that of the member."""
        given = [(order.contact or {}).get("name") for order in self.orders]
        return mask_name(next(filter(None, given), None) or self.pickup.member.name)

    @property
    def phone(self) -> str:
        given = [(order.contact or {}).get("phone") for order in self.orders]
        number = next(filter(None, given), None) or self.pickup.member.phone
        return mask_phone(number) if number else ""

    @property
    def home(self) -> str:
        """“3-2-502”, as far as it is known."""
        contact = next((order.contact for order in self.orders if order.contact), None) or {}
        return "-".join(filter(None, (contact.get(p) for p in ("building", "unit", "room"))))

    @property
    def owed_fen(self) -> int:
        return sum(bag.owed_fen for bag in self.ready)

    @property
    def pieces(self) -> int:
        return sum(line.pieces for line in self.cold + self.warm)

    @property
    def kept_pieces(self) -> int:
        """What the bag that was shown holds, or held."""
        shown = [bag for bag in self.household.bags if bag.pickup is self.pickup]
        return sum(line.kept_pieces for bag in shown for line in bag.lines)

    @property
    def cold(self) -> list[BoxLine]:
        return [line for line in self._lines() if line.is_cold and not line.missing]

    @property
    def warm(self) -> list[BoxLine]:
        return [line for line in self._lines() if not line.is_cold and not line.missing]

    @property
    def missing(self) -> list[BoxLine]:
        """What did not come, or is gone already."""
        return [line for line in self._lines() if line.missing]

    @property
    def remarks(self) -> list[str]:
        """What to say or to look at before the bag goes: what is short, what they wrote."""
        short = [line for bag in self.ready for line in bag.lines if line.short_pieces]
        notes = (order.note for order in self.orders)
        lines = (line.note for bag in self.ready for line in bag.lines)
        staff = (order.staff_note for order in self.orders)
        said = [_("They wrote: %(note)s", note=note) for note in _each(notes)]
        said += [_("At an item: %(note)s", note=note) for note in _each(lines)]
        said += [_("For us: %(note)s", note=note) for note in _each(staff)]
        return [_short(line) for line in short] + said

    def _lines(self) -> list[BoxLine]:
        several = len(self.ready) > 1
        return [
            _box(bag.pickup, line, bag.pickup.deal.title if several else "")
            for bag in self.ready
            for line in bag.lines
        ]


def shown_of(pickups: list[Pickup], opened: Opened, *, now: datetime) -> Shown:
    """The household of `pickups` with what is in its bags."""
    household = Household([Bag(pickup) for pickup in pickups])
    fill([household])
    return Shown(household, opened)


def _box(pickup: Pickup, line: OrderLine, deal: str) -> BoxLine:
    about = " · ".join(filter(None, (line.item.spec, deal)))
    missing = ""
    if not line.open_pieces:
        missing = _("handed over before") if line.picked_pieces else _gone(line)
    return BoxLine(
        field=f"give-{pickup.id}-{line.id}",
        name=line.item.name,
        about=about,
        pieces=line.open_pieces,
        is_cold=line.item.storage_class in _COLD,
        missing=missing,
    )


def _gone(line: OrderLine) -> str:
    fen = (line.short_pieces + line.cancelled_pieces) * line.price_fen
    if line.short_pieces:
        return _("did not come, %(money)s goes back", money=format_yuan(fen))
    return _("cancelled, %(money)s goes back", money=format_yuan(fen))


def _short(line: OrderLine) -> str:
    return _(
        "%(item)s: %(count)s short, %(money)s goes back. Please say so.",
        item=line.item.name,
        count=line.short_pieces,
        money=format_yuan(line.short_fen),
    )


def _each(texts: Iterable[str]) -> list[str]:
    """Each text once, none that is empty."""
    return list(dict.fromkeys(text for text in texts if text))
