"""What surrounds every page of the operator's console."""

from __future__ import annotations

from typing import NamedTuple

from flask import Blueprint, g, request
from flask_babel import gettext as _
from flask_login import current_user

from groupbuy.accounts.staff import is_operator
from groupbuy.core.text import mask_name

bp = Blueprint("op_frame", __name__)
bp.add_app_template_filter(mask_name, "masked_name")
_WITHIN = {"op_order_refund": "op_orders"}  # pages of their own below a place to go


class Entry(NamedTuple):
    """One place to go."""

    endpoint: str
    symbol: str
    label: str

    @property
    def is_here(self) -> bool:
        """Whether the page being shown belongs to it."""
        if g.get("nowhere"):
            return False
        here = (request.endpoint or "").partition(".")[0]
        return _WITHIN.get(here, here) == self.endpoint.partition(".")[0]


@bp.app_template_global()
def operator_entries() -> list[Entry]:
    """The navigation."""
    return [
        Entry("op_home.show", "i-home", _("Today")),
        Entry("op_leaders.index", "i-users-group", _("Leaders")),
        Entry("op_people.index", "i-users", _("People")),
        Entry("op_deals.index", "i-shopping-bag", _("Deals")),
        Entry("op_orders.index", "i-file-spreadsheet", _("Orders")),
        Entry("op_money.index", "i-alert-triangle", _("Stuck money")),
        Entry("op_refunds.index", "i-cash", _("Refunds")),
        Entry("op_bills.index", "i-checks", _("Bills")),
        Entry("op_settlement.index", "i-coin-yuan", _("Settlement")),
        Entry("op_goods.products", "i-box", _("Products and suppliers")),
        Entry("op_categories.index", "i-adjustments-horizontal", _("Categories")),
        Entry("op_jobs.index", "i-refresh-alert", _("Jobs")),
        Entry("op_messages.index", "i-message-exclamation", _("Messages")),
        Entry("op_log.index", "i-list-numbers", _("What staff did")),
        Entry("op_settings.show", "i-settings", _("Settings")),
        Entry("op_health.show", "i-circle-check", _("Health")),
    ]


@bp.app_template_global()
def runs_site() -> bool:
    """Whether whoever asks is an operator."""
    return bool(current_user.is_authenticated and is_operator(current_user))
