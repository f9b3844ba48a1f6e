"""Closing a deal in three repeatable steps; any of them may die and be run again.

A `begin*`: no more orders, edits or cancellations (one short transaction).
B `unknown_payments`: ask the providers about payments begun and not known (no transaction).
C `finish`: expire the unpaid, check the minimum, seal the purchase lists (one transaction).
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core.db import moment, sum_of
from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.core.text import label
from groupbuy.deals import commission
from groupbuy.deals.models import Deal
from groupbuy.deals.telling import tell_members
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.orders.ending import end_orders
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import move_all
from groupbuy.payments.models import Payment
from groupbuy.purchasing import lists


class NotDue(RuleBroken):
    """The window is still open: extended, perhaps, since somebody looked."""

    message = _l("This deal is not due to close yet.")


def due_deals(now: datetime) -> list[int]:
    """Ids of deals to close, the longest overdue first: found by state, however old.

    A deal that a crash left in `closing` is due as well.
    """
    due = sa.or_(Deal.state == "closing", sa.and_(Deal.state == "open", Deal.closes_at <= now))
    return list(db.session.scalars(sa.select(Deal.id).where(due).order_by(Deal.closes_at)))


def begin(deal: Deal, *, now: datetime) -> None:
    """Step A at the appointed time; again is harmless. Raises NotDue or WrongState."""
    lock_for_deciding(deal)
    if deal.state == "closing":
        return
    if deal.closes_at is None or moment(now) < deal.closes_at:
        raise NotDue
    deal.advance("closing")


def begin_early(deal: Deal, *, because: str, now: datetime) -> None:
    """Step A because the leader says so. Raises BadInput without a reason, NotDue or WrongState."""
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say why, so that the neighbours can be told."))
    lock_for_deciding(deal)
    now = moment(now)
    if deal.opens_at and now <= deal.opens_at:
        raise NotDue
    announced = deal.closes_at or now
    deal.advance("closing", closes_at=min(now, announced), ended_because=because)
    if now < announced:
        tell_members(deal, "closed_early", now=now)


def unknown_payments(deal_id: int) -> list[int]:
    """Step B: ids of the attempts that a provider has to be asked about before `finish`.

    Those given up for another way, too: somebody may have paid one all the same.
    What is not paid is ended with the provider, so that no money can come in behind the list.
    """
    told = sa.select(Payment.id).join(Order, Order.id == Payment.order_id)
    open_ones = (Payment.state != "confirmed", Payment.next_ask_at.is_not(None))
    waiting = told.where(Order.deal_id == deal_id, Order.state == "pending", *open_ones)
    return list(db.session.scalars(waiting.order_by(Payment.id)))


def finish(deal: Deal, *, now: datetime) -> None:
    """Step C: decide. Afterwards the deal is `closed` with sealed lists, or `failed`.

    Members of the lists are the orders that are `placed` now: the window let nobody in at or
    after `closes_at`, and what was not vouched for by now expires. Raises WrongState when the
    deal is not `closing`, so of two processes one does it.
    """
    lock_for_deciding(deal)
    now = moment(now)
    if deal.state != "closing":
        raise WrongState(deal.state, "closed")
    end_orders(deal, ("pending", "expired"), "expired", why="", now=now)
    if not reaches_minimum(deal):
        end_orders(deal, ("placed", "cancelled"), "deal_failed", why="", now=now)
        deal.advance("failed", closed_at=now)
        return
    placed = sa.select(Order.id).where(Order.deal_id == deal.id)
    move_all(placed, ("placed", "confirmed"), "confirmed", now=now)
    commission.freeze(deal)
    lists.issue(deal, now=now)
    deal.advance("closed", closed_at=now)


def reaches_minimum(deal: Deal) -> bool:
    """Whether enough was ordered for the deal to go ahead."""
    return deal.minimum_kind == "none" or progress(deal) >= deal.minimum


def progress(deal: Deal) -> int:
    """Persons, pieces or fen of the placed orders: what the deal's minimum counts."""
    counts = {
        "none": sa.func.count(),
        "persons": sa.func.count(Order.member_id.distinct()),
        "amount": sum_of(Order.due_fen),
        "pieces": sum_of(OrderLine.kept_pieces),
    }
    counted = sa.select(counts[deal.minimum_kind]).select_from(Order)
    if deal.minimum_kind == "pieces":
        counted = counted.join(OrderLine)
    placed = counted.where(Order.deal_id == deal.id, Order.state == "placed")
    return int(db.session.scalars(placed).one())
