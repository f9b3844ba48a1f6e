"""What surrounds every page of the leader's console: navigation, and the tabs of a deal."""

from __future__ import annotations

from typing import NamedTuple

from flask import Flask, g, request
from flask_babel import gettext as _

from groupbuy.deals.models import Deal
from groupbuy.desk import desk_or_none, posts

_DEALS = "/lead/deals"


class Entry(NamedTuple):
    """One place to go; `right`: the helpers who see it, too, or "any" ("": only leaders)."""

    endpoint: str
    symbol: str
    label: str
    right: str = ""

    @property
    def is_here(self) -> bool:
        """Whether the page being shown belongs to it; all about one deal belongs to the deals."""
        if g.get("nowhere"):
            return False
        if request.path.startswith(f"{_DEALS}/"):
            return self.endpoint == "lead_deals.index"
        return (request.endpoint or "").partition(".")[0] == self.endpoint.partition(".")[0]


def entries() -> list[Entry]:
    """The navigation of whoever asks."""
    post = desk_or_none()
    if post is None:
        return []
    every = [
        Entry("lead_today.show", "i-home", _("Today"), "any"),
        Entry("lead_deals.index", "i-shopping-bag", _("Deals"), "orders"),
        Entry("lead_members.index", "i-users", _("Members")),
        Entry("lead_goods.index", "i-box", _("Products and suppliers")),
        Entry("lead_settlement.index", "i-coin-yuan", _("Settlement")),
        Entry("lead_points.index", "i-map-pin", _("Points and helpers")),
        Entry("lead_refunds.index", "i-cash", _("Refunds")),
        Entry("lead_messages.index", "i-message-circle", _("Messages"), "orders"),
        Entry("lead_settings.show", "i-settings", _("Settings")),
    ]
    return [e for e in every if post.is_leader or e.right == "any" or post.may(e.right)]


class Tab(NamedTuple):
    """One page about a deal."""

    endpoint: str
    label: str
    right: str = ""


def tabs(deal: Deal) -> list[Tab]:
    """The pages about `deal` that whoever asks may see; a draft has only its overview."""
    post = desk_or_none()
    if post is None:
        return []
    every = [Tab("lead_deal.show", _("Overview"), "orders")]
    if deal.state != "draft":
        every += [
            Tab("lead_orders.index", _("Orders"), "orders"),
            Tab("lead_roll.show", _("Roll"), "orders"),
            Tab("lead_lists.index", _("Purchase lists"), "count_in"),
            Tab("lead_arrival.index", _("Arrival"), "count_in"),
            Tab("lead_board.show", _("Pickup"), "pickup"),
            Tab("lead_money.show", _("Money to collect")),
            Tab("lead_prints.index", _("Print"), "orders"),
        ]
    return [t for t in every if post.is_leader or post.may(t.right)]


def frame() -> dict[str, object]:
    """For the templates of the console; only they call it."""
    return {"desk": desk_or_none(), "desks": posts(), "entries": entries()}


def register(app: Flask) -> None:
    """Let templates ask for the frame and a deal's tabs."""
    app.add_template_global(frame, "console_frame")
    app.add_template_global(tabs, "deal_tabs")
