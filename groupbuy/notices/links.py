"""Where a message leads to: the page on which its reader can do something about it."""

from __future__ import annotations

from groupbuy.notices.models import Notice

_LIST = "/me/messages"
_OF_LEADERS = {"help"}  # an order's page is its member's, not the leader's
_OF_APPLICANTS = {"application_approved", "application_refused", "desk_closed", "desk_reopened"}


def path_of(notice: Notice) -> str:
    """The path of the page, or "" for suppliers, whose links are signed when they are asked for."""
    if notice.supplier_id is not None:
        return ""
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
