"""One order in a list or on its page, in finished words."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flask import abort
from flask_babel import gettext as _

from groupbuy.core.clock import local
from groupbuy.core.text import mask_name, mask_phone
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.searching import Found, contact_of
from groupbuy.pickup.models import Pickup


class Badge(NamedTuple):
    """A state: the tone of its dot, and its word."""

    tone: str
    words: str


class Row(NamedTuple):
    """What a line of the list says; name and phone are masked, `lines` those that say something."""

    order: Order
    name: str
    phone: str
    address: str
    lines: list[OrderLine]
    is_cold: bool
    pieces: int
    badge: Badge


def row_of(found: Found) -> Row:
    """The row of an order that orders.searching found."""
    order, bag, collected_at = found
    contact = contact_of(order)
    lines = [line for line in order.lines if line.kept_pieces or line.short_pieces]
    cold = (line.item.storage_class != "ambient" and line.kept_pieces for line in lines)
    return Row(
        order,
        mask_name(contact["name"]),
        mask_phone(contact["phone"]) if contact["phone"] else "",
        address_of(contact),
        lines or list(order.lines),
        any(cold),
        sum(line.kept_pieces for line in lines),
        badge_of(order, bag, collected_at),
    )


def address_of(contact: dict[str, str]) -> str:
    """“3-2-501”, as much of it as is known."""
    return "-".join(filter(None, (contact["building"], contact["unit"], contact["room"])))


def badge_of(order: Order, bag: Pickup | None, collected_at: datetime | None) -> Badge:
    """Where `order` stands, for staff: the money first, then the goods, then the bag."""
    if order.state == "confirmed":
        return _on_its_way(order, bag)
    if order.state == "fulfilled":
        return _ended(order, bag, collected_at)
    return {
        "pending": Badge("warn", _("Cash not vouched")),
        "placed": Badge("ok", _("Vouched") if order.paid_fen else _("Pays at pickup")),
        "cancelled": Badge("", _("Cancelled")),
        "expired": Badge("", _("Let go")),
    }[order.state]


def order_or_404(deal: Deal, number: str) -> Order:
    """The order of `deal` with this number."""
    found: Order | None = None
    if len(number) <= 40 and number.isascii() and number.isprintable():
        own = db.select(Order).where(Order.deal_id == deal.id, Order.number == number)
        found = db.session.scalars(own).one_or_none()
    return found or abort(404)


def _on_its_way(order: Order, bag: Pickup | None) -> Badge:
    if any(line.picked_pieces for line in order.lines):
        return Badge("info st-half", _("Partly collected"))
    if bag and bag.state == "ready":
        return Badge("", _("To collect"))
    if bag and bag.state == "uncollected":
        return Badge("bad", _("Not collected"))
    return Badge("info", _("On its way"))


def _ended(order: Order, bag: Pickup | None, collected_at: datetime | None) -> Badge:
    if bag and bag.state == "uncollected":
        return Badge("bad", _("Not collected"))
    if not any(line.picked_pieces for line in order.lines):
        return Badge("", _("Nothing came"))
    if collected_at is None:
        return Badge("ok", _("Collected"))
    return Badge("ok", _("Collected %(time)s", time=f"{local(collected_at):%H:%M}"))
