"""Closing a deal's sheet: what is booked later is a correction and stands beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.errors import RuleBroken
from groupbuy.deals.models import Deal
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments.models import LedgerEntry, LedgerTxn, Refund
from groupbuy.payments.reconciling import let_bills_end
from groupbuy.pickup.models import Arrival
from groupbuy.purchasing.models import PurchaseLine, PurchaseList, PurchaseRevision
from groupbuy.settlement import sheet
from groupbuy.settlement.models import Settlement

_DECIDED = ("closed", "arrived", "failed", "cancelled")
_FINAL = ("fulfilled", "cancelled", "expired")


class NotFinal(RuleBroken):
    """Something about the deal can still happen by itself."""

    message = _l("Not everything of this deal is collected, given back or counted yet.")


class OnHold(RuleBroken):
    """Somebody may still complain."""

    message = _l("The time for complaints about this deal is not over yet.")


class AlreadySettled(RuleBroken):
    """There is one sheet for each deal."""

    message = _l("This deal is settled already.")


def due(now: datetime, most: int = 100) -> list[int]:
    """Ids of deals that `settle` takes, the oldest first."""
    ids = (
        sa.select(Deal.id)
        .where(Deal.state.in_(_DECIDED), sa.exists().where(LedgerTxn.deal_id == Deal.id))
        .where(~sa.exists().where(Settlement.deal_id == Deal.id), ~_uncredited(Deal.id))
        .where(~_unfinished(Deal.id), ~_in_flight(Deal.id), ~_uncounted(Deal.id))
        .order_by(Deal.id)
        .limit(most)
    )
    return list(db.session.scalars(ids))


def settle(deal: Deal, *, by_id: int | None, now: datetime) -> Settlement:
    """Write down the sheet as it is. Raises AlreadySettled, NotFinal or OnHold.

    Every order is locked first: whoever is booking something about one ends before, and whoever
    comes later books behind the last entry that is counted here.
    """
    let_bills_end()
    lock_for_deciding(deal)
    orders = sa.select(Order.id).where(Order.deal_id == deal.id).order_by(Order.id)
    db.session.execute(orders.with_for_update(key_share=True)).all()
    if db.session.scalar(sa.select(Settlement.id).where(Settlement.deal_id == deal.id)):
        raise AlreadySettled
    open_ends = sa.or_(_unfinished(deal.id), _in_flight(deal.id), _uncounted(deal.id))
    if deal.state not in _DECIDED or db.session.scalars(sa.select(open_ends)).one():
        raise NotFinal
    figures = sheet.figures(deal)
    until = figures["hold_until"]
    waits = until is not None and now < datetime.fromisoformat(until)
    if waits or db.session.scalars(sa.select(_uncredited(deal.id))).one():
        raise OnHold
    settlement = Settlement(
        leader_id=deal.leader_id,
        deal_id=deal.id,
        figures=figures,
        last_entry_id=sheet.last_entry_id(deal),
        settled_at=now,
        settled_by_id=by_id,
    )
    db.session.add(settlement)
    db.session.flush()
    return settlement


def of(deal: Deal) -> Settlement | None:
    """The settled sheet of `deal`."""
    return db.session.scalars(
        sa.select(Settlement).where(Settlement.deal_id == deal.id)
    ).one_or_none()


def altered() -> list[dict[str, Any]]:
    """Settled sheets that the ledger tells differently now; none, as long as nobody meddles."""
    told: dict[int, list[sheet.Group]] = {}
    counted = (
        sheet.groups()
        .join(Settlement, Settlement.deal_id == LedgerTxn.deal_id)
        .where(LedgerEntry.id <= Settlement.last_entry_id)
    )
    for deal_id, *group in db.session.execute(counted):
        told.setdefault(deal_id, []).append(sheet.Group(*group))
    return [
        {"deal_id": row.deal_id, "settled": row.figures, "now": now_told}
        for row in db.session.scalars(sa.select(Settlement).order_by(Settlement.id))
        if (now_told := _fen(sheet.computed(told.get(row.deal_id, ())))) != _fen(row.figures)
    ]


def _fen(figures: dict[str, Any]) -> dict[str, int]:
    """Without the hold, which is a setting."""
    return {name: fen for name, fen in figures.items() if name != "hold_until"}


def _unfinished(deal_id: Any) -> Any:
    return sa.exists().where(Order.deal_id == deal_id, Order.state.not_in(_FINAL))


def _uncredited(deal_id: Any) -> Any:
    return sa.exists().where(
        Order.deal_id == deal_id, Order.state == "fulfilled", Order.credited_at.is_(None)
    )


def _in_flight(deal_id: Any) -> Any:
    """Money on its way back; cash that the leader has not given back yet, too."""
    return sa.exists().where(
        Refund.order_id == Order.id, Order.deal_id == deal_id, Refund.state != "succeeded"
    )


def _uncounted(deal_id: Any) -> Any:
    """A list that asks for something of which no delivery was shared out."""
    came = sa.exists().where(Arrival.list_id == PurchaseList.id, Arrival.state == "shared_out")
    return sa.exists().where(
        PurchaseList.deal_id == deal_id,
        PurchaseRevision.list_id == PurchaseList.id,
        PurchaseRevision.revision == PurchaseList.current_revision,
        PurchaseLine.revision_id == PurchaseRevision.id,
        ~came,
    )
