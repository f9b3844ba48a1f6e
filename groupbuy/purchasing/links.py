"""The signed link that lets a supplier read one purchase list without an account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from groupbuy.catalog.models import Supplier
from groupbuy.core import action_log
from groupbuy.core.errors import RuleBroken
from groupbuy.core.tokens import unsign
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.links import SUPPLIER_LIST, supplier_link
from groupbuy.purchasing.models import PurchaseList

__all__ = ["list_behind", "renew_link", "revoke_links", "supplier_link"]


class LinkUnknown(RuleBroken):
    """Not a link of ours, altered on its way, or revoked."""

    message = _l("This link does not open a purchase list. Ask the leader for a new one.")
    status = 404


class LinkExpired(RuleBroken):
    """A link of ours whose time is over."""

    message = _l("This link to a purchase list has expired. Ask the leader for a new one.")
    status = 410


def list_behind(token: str, now: datetime) -> PurchaseList:
    """The list that `token` opens, with supplier, deal and leader.

    Raises LinkUnknown or LinkExpired.
    """
    payload: Any = unsign(SUPPLIER_LIST, token)
    if payload is None:
        raise LinkUnknown
    found = db.session.scalars(
        sa.select(PurchaseList)
        .where(PurchaseList.id == payload["list"])
        .options(
            joinedload(PurchaseList.supplier),
            joinedload(PurchaseList.deal).joinedload(Deal.leader),
        )
    ).one_or_none()
    if found is None or found.supplier.link_version != payload["v"]:
        raise LinkUnknown
    if now.timestamp() >= payload["until"]:
        raise LinkExpired
    return found


def renew_link(purchase_list: PurchaseList, *, by_id: int, now: datetime) -> str:
    """`supplier_link` with a new term, written down as made by `by_id`. The caller commits."""
    note("link_renewed", purchase_list, by_id, now)
    return supplier_link(purchase_list, now=now)


def revoke_links(purchase_list: PurchaseList, *, by_id: int, now: datetime) -> None:
    """End every link that this list's supplier has, to whichever list. The caller commits."""
    raised = (
        sa.update(Supplier)
        .where(Supplier.id == purchase_list.supplier_id)
        .values(link_version=Supplier.link_version + 1)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(raised)
    db.session.refresh(purchase_list.supplier)
    note("links_revoked", purchase_list, by_id, now)


def note(action: str, purchase_list: PurchaseList, by_id: int, now: datetime) -> None:
    """Write into the log what was done about the link of a list."""
    action_log.note(
        action,
        f"list:{purchase_list.id}",
        actor_id=by_id,
        leader_id=purchase_list.leader_id,
        now=now,
        number=purchase_list.number,
        revision=purchase_list.current_revision,
        supplier_id=purchase_list.supplier_id,
    )
