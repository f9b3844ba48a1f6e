"""Where a message leads to: the page on which its reader can do something about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app

from groupbuy.core.tokens import sign
from groupbuy.notices.models import Notice
from groupbuy.purchasing.models import PurchaseList

SUPPLIER_LIST = "supplier-list"  # what suppliers' links are signed for

_LIST = "/me/messages"
_OF_LEADERS = {"help"}  # an order's page is its member's, not the leader's
_OF_APPLICANTS = {"application_approved", "application_refused", "desk_closed", "desk_reopened"}


def path_of(notice: Notice) -> str:
    """The path of the page, or "" for suppliers, whose links are signed when they are asked for."""
    if notice.supplier_id is not None:
        return ""
    if notice.kind == "restock" and notice.deal:
        return f"/lead/deals/{notice.deal.slug}/edit"
    if notice.kind == "waiting":
        return "/lead"
    if notice.kind == "money_stuck":
        return "/operator/money"
    if notice.kind in _OF_LEADERS:
        return _LIST
    if notice.kind in _OF_APPLICANTS:
        return "/lead/apply"
    if notice.pickup_id is not None:
        return "/me/pickups"
    if notice.order:
        return f"/o/{notice.order.number}"
    if notice.deal:
        return f"/d/{notice.deal.slug}"
    return _LIST


def supplier_link(purchase_list: PurchaseList, *, now: datetime) -> str:
    """The full address of `purchase_list` for its supplier, good for SUPPLIER_LINK_DAYS from `now`.

    Raising the supplier's `link_version` ends all links made before.
    """
    until = now + timedelta(days=current_app.config["SUPPLIER_LINK_DAYS"])
    payload = {
        "list": purchase_list.id,
        "v": purchase_list.supplier.link_version,
        "until": int(until.timestamp()),
    }
    return f"{current_app.config['SITE_URL']}/s/{sign(SUPPLIER_LIST, payload)}"
