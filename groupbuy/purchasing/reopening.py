"""Taking a closing back: the deal is open again, as long as no supplier has promised anything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import moment, text_of
from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.deals.editing import check_length
from groupbuy.deals.models import Deal
from groupbuy.deals.telling import tell_members
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.notices.owing import owe_each
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import move_all
from groupbuy.pickup.models import Arrival, Pickup, PickupProxy
from groupbuy.purchasing.models import (
    PurchaseList,
    PurchaseRevision,
    SupplierAnswer,
    SupplierAnswerLine,
)


class SupplierHasConfirmed(RuleBroken):
    """A supplier said that something will come: it may be packed already."""

    message = _l("%(supplier)s has confirmed the list already, so the deal cannot be reopened.")


class GoodsAreHere(RuleBroken):
    """A delivery has been counted, so its list is what was bought."""

    message = _l("Goods of this deal have been counted in, so it cannot be reopened.")


def reopen(deal: Deal, closes_at: datetime, *, now: datetime) -> int:
    """Let `deal` take orders again until `closes_at`; returns how many orders can change again.

    Its lists are withdrawn, and the next closing writes their next revision. Bags are undone:
    nobody has one in hands, and the next closing makes those that are needed then. Whoever
    ordered is told the new closing. Raises WrongState unless the deal is closed,
    SupplierHasConfirmed, GoodsAreHere, or BadInput for a window that cannot be.
    """
    lock_for_deciding(deal)
    now = moment(now)
    require_reopenable(deal)
    if closes_at <= now:
        raise BadInput("closes_at", _l("The new closing time must be later than now."))
    if deal.opens_at:
        check_length(deal.opens_at, closes_at)
    _withdraw_lists(deal, now)
    _undo_bags(deal)
    confirmed = sa.select(Order.id).where(Order.deal_id == deal.id)
    changeable = move_all(confirmed, ("confirmed", "placed"), "reopened", now=now)
    deal.advance(
        "open", Deal.state == "closed", closes_at=closes_at, closed_at=None, ended_because=""
    )
    tell_members(deal, "closing_moved", now=now)
    return changeable


def require_reopenable(deal: Deal) -> None:
    """Raises what `reopen` would, as things stand; without a lock only good for a question."""
    if deal.state != "closed":
        raise WrongState(deal.state, "open")
    counted = sa.select(Arrival.id).join(PurchaseList, PurchaseList.id == Arrival.list_id)
    if db.session.scalar(counted.where(PurchaseList.deal_id == deal.id).limit(1)):
        raise GoodsAreHere
    bound = _promised(deal)
    if bound:
        raise SupplierHasConfirmed(supplier=bound.supplier.name)


def _promised(deal: Deal) -> PurchaseList | None:
    """A list of `deal` of which its supplier has said that at least one piece will come."""
    answered = (
        sa.select(PurchaseList)
        .join(PurchaseRevision, PurchaseRevision.list_id == PurchaseList.id)
        .join(SupplierAnswer, SupplierAnswer.revision_id == PurchaseRevision.id)
        .join(SupplierAnswerLine, SupplierAnswerLine.answer_id == SupplierAnswer.id)
        .where(
            PurchaseList.deal_id == deal.id,
            PurchaseRevision.revision == PurchaseList.current_revision,
            SupplierAnswerLine.pieces > 0,
        )
    )
    return db.session.scalars(answered.order_by(PurchaseList.id).limit(1)).first()


def _withdraw_lists(deal: Deal, now: datetime) -> None:
    mine = PurchaseList.deal_id == deal.id
    told = sa.select(
        PurchaseList.leader_id,
        PurchaseList.supplier_id,
        PurchaseList.deal_id,
        PurchaseList.id.label("list_id"),
        (text_of(PurchaseList.id) + ":" + text_of(PurchaseList.current_revision)).label("key"),
    )
    owe_each("list_withdrawn", told.where(mine), now=now)
    _run(sa.update(PurchaseList).where(mine).values(withdrawn_at=now))
    stamped = (OrderLine.deal_id == deal.id, OrderLine.purchase_line_id.is_not(None))
    _run(sa.update(OrderLine).where(*stamped).values(purchase_line_id=None))


def _undo_bags(deal: Deal) -> None:
    """Bags of an open deal would be codes for nothing; before an arrival none was handed out."""
    mine = sa.select(Pickup.id).where(Pickup.deal_id == deal.id).order_by(Pickup.id)
    db.session.execute(mine.with_for_update())  # whoever makes a pass for one of them goes first
    _run(sa.delete(PickupProxy).where(PickupProxy.deal_id == deal.id))
    _run(sa.delete(Pickup).where(Pickup.deal_id == deal.id))
    db.session.expire_all()


def _run(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))
