"""Everything the order page shows of one order, read at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.members.person import me, own_orders
from groupbuy.orders.models import LIVE_STATES, Order, OrderLine
from groupbuy.payments.models import Payment, Refund
from groupbuy.pickup.models import Pickup

# What people look for -> the order states it is made of; "ready" also asks for a bag.
GROUPS: dict[str, tuple[str, ...]] = {
    "all": (),
    "pending": ("pending",),
    "coming": ("placed", "confirmed"),
    "ready": ("confirmed",),
    "fulfilled": ("fulfilled",),
    "cancelled": ("cancelled", "expired"),
}
# Links from elsewhere name single states.
SAME_AS = {"placed": "coming", "confirmed": "coming", "expired": "cancelled"}


class Money(NamedTuple):
    """What came in and what goes back, each in order of time."""

    payments: Sequence[Payment]
    refunds: Sequence[Refund]


def money_of(order: Order) -> Money:
    """The confirmed payments and all refunds of `order`."""
    paid = sa.select(Payment).where(Payment.order_id == order.id, Payment.state == "confirmed")
    back = sa.select(Refund).where(Refund.order_id == order.id)
    return Money(
        db.session.scalars(paid.order_by(Payment.id)).all(),
        db.session.scalars(back.order_by(Refund.id)).all(),
    )


def bag_of(order: Order) -> Pickup | None:
    """The bag that holds what `order` bought."""
    own = sa.select(Pickup).where(
        Pickup.deal_id == order.deal_id,
        Pickup.member_id == order.member_id,
        Pickup.point_id == order.point_id,
    )
    return db.session.scalars(own).one_or_none()


def last_order_from(leader_id: int) -> Order | None:
    """What whoever asks ordered last from the leader."""
    person = me()
    if not person.user and not person.guest_members:
        return None
    latest = own_orders().where(Order.leader_id == leader_id).order_by(Order.id.desc()).limit(1)
    return db.session.scalars(latest).one_or_none()


def others_in_deal(order: Order) -> Sequence[Order]:
    """The other live orders of the same member in the same deal: they are packed together."""
    same = (
        sa.select(Order)
        .where(Order.deal_id == order.deal_id, Order.member_id == order.member_id)
        .where(Order.id != order.id, Order.state.in_(LIVE_STATES))
    )
    return db.session.scalars(same.order_by(Order.id)).all()


def stage_of(order: Order, bag: Pickup | None, phase: str) -> str:
    """Where `order` stands in one word; the page has a sentence for each.

    to_pay, checking, placed, ordered, ready, collected, uncollected, nothing_came, cancelled,
    expired, called_off or failed.
    """
    if order.state == "pending":
        return "to_pay" if phase == "open" else "checking"
    if order.state == "placed":
        return "placed"
    if order.state == "confirmed":
        return "ready" if bag and bag.state == "ready" else "ordered"
    if order.state == "fulfilled":
        return _how_it_ended(order, bag)
    ended = {"cancelled": "called_off", "failed": "failed"}
    return ended.get(order.deal.state, order.state) if order.state == "cancelled" else order.state


def orders_in(group: str, own: sa.Select[Order], page: int, per_page: int) -> Any:
    """One page of `own` orders in a group of GROUPS, the latest first, ready to be shown."""
    wanted = own.order_by(Order.placed_at.desc(), Order.id.desc())
    if GROUPS[group]:
        wanted = wanted.where(Order.state.in_(GROUPS[group]))
    ready = sa.exists().where(
        Pickup.deal_id == Order.deal_id,
        Pickup.member_id == Order.member_id,
        Pickup.point_id == Order.point_id,
        Pickup.state == "ready",
    )
    if group == "ready":
        wanted = wanted.where(ready)
    shown = wanted.options(
        joinedload(Order.deal).joinedload(Deal.leader),
        joinedload(Order.point),
        selectinload(Order.lines).joinedload(OrderLine.item),
    )
    return db.paginate(shown, page=page, per_page=per_page, error_out=False)


def _how_it_ended(order: Order, bag: Pickup | None) -> str:
    if bag and bag.state == "uncollected":
        return "uncollected"
    return "collected" if any(line.picked_pieces for line in order.lines) else "nothing_came"
