"""The last sheet of the leader's workbook: what the others hold, and which orders are in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import format_datetime
from flask_babel import gettext as _

from groupbuy.deals.models import Deal
from groupbuy.orders.leader_customers import Customer


def spoken_time(instant: datetime | None) -> str:
    """“2035-05-12 周六 20:00”, on the wall clock; a dash when there is none."""
    return format_datetime(instant, "yyyy-MM-dd EEE HH:mm") if instant else "–"


def sheets_explained(*, costs: bool) -> list[tuple[str, str]]:
    """What each sheet means."""
    everybody = _(
        "One row for each product of a customer. Orders of the same person for the same recipient"
        " at the same point are one customer. “All orders”, “Paid”, “Goes back” and “To pay” are"
        " of the whole customer and stand in the first of the rows only, so that columns can be"
        " added up."
    )
    products = _(
        "Every product of the deal with the pieces that the orders of this workbook get. Stock"
        " and what is left of it are those of the whole deal."
    )
    cost = _("Pieces times what the supplier is paid; without a cost, the price is taken.")
    points = _("The same pieces by pickup point; an empty cell is none.")
    about = [(_("Customers"), everybody), (_("Products"), products)]
    about += [(_("Cost (yuan)"), cost)] if costs else []
    return [*about, (_("Points and products"), points)]


def range_explained(
    deal: Deal, everybody: Sequence[Customer], filters: Sequence[str]
) -> list[tuple[str, str]]:
    """Which orders of `deal` these are: filters, time span, how many, what was left out."""
    placed = sorted(order.placed_at for customer in everybody for order in customer.orders)
    span = _(
        "%(first)s to %(last)s",
        first=spoken_time(placed[0] if placed else None),
        last=spoken_time(placed[-1] if placed else None),
    )
    window = _(
        "%(first)s to %(last)s",
        first=spoken_time(deal.opens_at),
        last=spoken_time(deal.closes_at),
    )
    left_out = _("Orders that were cancelled or not paid in time, and goods that people took back.")
    return [
        (_("Deal"), deal.title),
        (_("Leader"), deal.leader.name),
        (_("The deal is open"), window),
        (_("Filters"), "\n".join(filters) or _("None: all orders of the deal")),
        (_("Orders placed"), span),
        (_("Number of orders"), f"{len(placed):,}"),
        (_("Left out"), left_out),
    ]


def phones_explained(*, whole: bool) -> tuple[str, str]:
    """Whether phone numbers can be read."""
    if whole:
        words = _("In full, as was asked for and written down. Delete this file after use.")
    else:
        words = _("The middle digits are left out.")
    return _("Phone numbers"), words
