"""Everything the page of one order shows, read at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from groupbuy.core import clock
from groupbuy.deals.models import DealQuestion
from groupbuy.extensions import db
from groupbuy.leaders.order_rows import Badge, address_of, badge_of
from groupbuy.orders.models import LIVE_STATES, Order, OrderLine
from groupbuy.orders.searching import contact_of
from groupbuy.orders.timeline import Step, timeline
from groupbuy.payments.models import Payment, Refund
from groupbuy.pickup.models import Handover, Pickup


class About(NamedTuple):
    """What surrounds an order; `answers` are (question, answer), `others` those of its member."""

    contact: dict[str, str]
    address: str
    badge: Badge
    steps: list[Step]
    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    bag: Pickup | None
    others: Sequence[Order]
    answers: list[tuple[str, str]]
    may_vouch: bool
    may_cancel: bool


def about_order(order: Order) -> About:
    """Read `order` afresh, with its lines and their items, and what surrounds it."""
    _read_afresh(order)
    contact, bag = contact_of(order), _bag(order)
    open_now = order.deal.phase(clock.now()) == "open"
    return About(
        contact,
        address_of(contact),
        badge_of(order, bag, _collected_at(bag)),
        timeline(order),
        _payments(order),
        _refunds(order),
        bag,
        _others(order),
        _answers(order),
        order.state == "pending" and order.deal.state in ("open", "closing"),
        order.state in ("pending", "placed") and open_now,
    )


def _read_afresh(order: Order) -> None:
    """With its lines, at once: those that a transaction forgot would each be read again."""
    lines = selectinload(Order.lines).joinedload(OrderLine.item)
    own = sa.select(Order).where(Order.id == order.id)
    whole = own.options(joinedload(Order.member), joinedload(Order.point), lines)
    db.session.scalars(whole.execution_options(populate_existing=True)).one()


def _payments(order: Order) -> Sequence[Payment]:
    paid = sa.select(Payment).where(Payment.order_id == order.id, Payment.state == "confirmed")
    return db.session.scalars(paid.order_by(Payment.id)).all()


def _refunds(order: Order) -> Sequence[Refund]:
    back = sa.select(Refund).where(Refund.order_id == order.id)
    return db.session.scalars(back.order_by(Refund.id)).all()


def _bag(order: Order) -> Pickup | None:
    own = sa.select(Pickup).where(
        Pickup.deal_id == order.deal_id,
        Pickup.member_id == order.member_id,
        Pickup.point_id == order.point_id,
    )
    return db.session.scalars(own).one_or_none()


def _collected_at(bag: Pickup | None) -> datetime | None:
    if bag is None:
        return None
    given = (Handover.pickup_id == bag.id, Handover.undone_at.is_(None))
    return db.session.scalar(sa.select(sa.func.max(Handover.at)).where(*given))


def _others(order: Order) -> Sequence[Order]:
    """The member's other live orders in the deal: they are packed together."""
    same = sa.select(Order).where(
        Order.deal_id == order.deal_id,
        Order.member_id == order.member_id,
        Order.id != order.id,
        Order.state.in_(LIVE_STATES),
    )
    return db.session.scalars(same.order_by(Order.id)).all()


def _answers(order: Order) -> list[tuple[str, str]]:
    if not order.answers:
        return []
    asked = sa.select(DealQuestion).where(DealQuestion.deal_id == order.deal_id)
    questions = db.session.scalars(asked.order_by(DealQuestion.position))
    said = ((q.label, order.answers.get(str(q.id), "")) for q in questions)
    return [pair for pair in said if pair[1]]
