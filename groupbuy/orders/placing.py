"""Placing an order: into the window, within the limits, onto the stock, once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Member
from groupbuy.core.clock import local
from groupbuy.core.db import on_postgresql, sum_of
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import clean
from groupbuy.core.tokens import dated_number
from groupbuy.deals import stock
from groupbuy.deals.models import Deal, DealItem, DealPoint
from groupbuy.deals.window import lock_for_buying
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders import roll
from groupbuy.orders.models import LIVE_STATES, Order, OrderLine
from groupbuy.orders.moving import record
from groupbuy.payments import attempts

MOST_PIECES = 9999
LONGEST_NOTE = 500
IF_SHORT = ("refund", "less", "substitute")
_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,59}")  # the column has 64, change_order adds five


class LimitReached(RuleBroken):
    """A member wants more than one person may have."""

    message = _l("“%(item)s”: at most %(limit)s per person, you already have %(has)s.")


class DealLimitReached(RuleBroken):
    """A member wants more pieces than one person may have from the whole deal."""

    message = _l("At most %(limit)s pieces per person in this deal, you already have %(has)s.")


@dataclass(frozen=True)
class OrderForm:
    """What a member asks for: deal item id -> pieces, where to collect, and wishes.

    `key` is made with the form; the same key again is the same order. `if_short` says per item
    whether less, nothing ("refund") or something else is welcome.
    """

    quantities: Mapping[int, int]
    point_id: int
    key: str
    note: str = ""
    if_short: Mapping[int, str] = field(default_factory=dict)


def place_order(
    member: Member, deal: Deal, form: OrderForm, *, now: datetime, actor_id: int | None = None
) -> Order:
    """Hold the goods and record what `member` wants; the same form again gives the same order.

    Raises NotOpenYet, DealClosed, SoldOut, LimitReached, DealLimitReached or BadInput.
    """
    check_form(form)
    try:
        now = lock_for_buying(deal, now)
    except RuleBroken:
        if earlier := _earlier(member, deal, form):  # a second tap, after the first came in time
            return earlier
        raise
    lock_member(member)
    if earlier := _earlier(member, deal, form):
        return earlier
    items = wanted_items(deal, form.quantities)
    check_point(deal, form.point_id)
    check_limits(member, deal, items, form.quantities)
    order = _new_order(member, deal, form, items, now)
    db.session.flush()
    record(order, "ordered", from_state=None, now=now, actor_id=actor_id)
    if deal.pay_at_pickup:
        roll.enter(order, "accepted", now=now)
    attempts.begin(order, now=now)
    owe("ordered", str(order.id), now=now, **about(order))
    db.session.flush()
    stock.reserve([(line, line.quantity) for line in order.lines], "placed", now=now)
    return order


def check_form(form: OrderForm) -> None:
    """Raises BadInput for what no page of ours sends and the two databases refuse differently."""
    if not _KEY.fullmatch(form.key):
        raise BadInput("key", _l("This form cannot be read. Please open it again."))
    if len(clean(form.note)) > LONGEST_NOTE:
        raise BadInput("note", _l("The note must be at most 500 characters."))
    if not set(form.if_short.values()) <= set(IF_SHORT):
        raise BadInput("if_short", _l("Choose what should happen if too little arrives."))
    if not all(0 <= pieces <= MOST_PIECES for pieces in form.quantities.values()):
        raise BadInput("quantities", _l("A quantity must be between 1 and 9999."))


def about(order: Order) -> dict[str, int]:
    """The references of a notice to the member of `order`."""
    return {
        "leader_id": order.leader_id,
        "member_id": order.member_id,
        "deal_id": order.deal_id,
        "order_id": order.id,
    }


def lock_member(member: Member) -> None:
    """One order of one member at a time, so that limits and forms are counted once."""
    if on_postgresql():
        db.session.execute(
            sa.select(Member.id).where(Member.id == member.id).with_for_update(key_share=True)
        )


def wanted_items(deal: Deal, quantities: Mapping[int, int]) -> dict[int, DealItem]:
    """The items of `deal` behind `quantities`. Raises BadInput for foreign items or odd counts."""
    if not quantities:
        raise BadInput("quantities", _l("Choose at least one item."))
    for pieces in quantities.values():
        if not 1 <= pieces <= MOST_PIECES:
            raise BadInput("quantities", _l("A quantity must be between 1 and 9999."))
    found = db.session.scalars(
        sa.select(DealItem).where(DealItem.deal_id == deal.id, DealItem.id.in_(quantities))
    )
    items = {item.id: item for item in found}
    if len(items) < len(quantities):
        raise BadInput("quantities", _l("One of the items is not in this deal."))
    return items


def check_point(deal: Deal, point_id: int) -> None:
    """Raises BadInput unless `deal` can be collected at the point."""
    if not db.session.get(DealPoint, (deal.id, point_id)):
        raise BadInput("point", _l("Choose a pickup point of this deal."))


def check_limits(
    member: Member, deal: Deal, items: Mapping[int, DealItem], more: Mapping[int, int]
) -> None:
    """Raises LimitReached or DealLimitReached if `more` pieces would be too many for `member`.

    Only true inside the transaction that holds the member's lock.
    """
    if deal.limit_per_person is None and all(i.limit_per_person is None for i in items.values()):
        return
    counted = (
        sa.select(OrderLine.item_id, sum_of(OrderLine.kept_pieces))
        .join(Order)
        .where(Order.deal_id == deal.id, Order.member_id == member.id)
        .where(Order.state.in_(LIVE_STATES))
        .group_by(OrderLine.item_id)
    )
    has = dict(db.session.execute(counted).all())
    for item in items.values():
        limit, own = item.limit_per_person, has.get(item.id, 0)
        if limit is not None and own + more[item.id] > limit:
            raise LimitReached(item=item.name, limit=limit, has=own, item_id=item.id)
    total = sum(has.values())
    if deal.limit_per_person is not None and total + sum(more.values()) > deal.limit_per_person:
        raise DealLimitReached(limit=deal.limit_per_person, has=total)


def new_lines(
    deal: Deal,
    quantities: Mapping[int, int],
    items: Mapping[int, DealItem],
    if_short: Mapping[int, str],
    after: int = 0,
) -> list[OrderLine]:
    """Order lines at today's prices, in order of item id, numbered on from `after`."""
    return [
        OrderLine(
            leader_id=deal.leader_id,
            deal_id=deal.id,
            item_id=item_id,
            position=position,
            price_fen=items[item_id].price_fen,
            quantity=pieces,
            cancelled_pieces=0,
            short_pieces=0,
            if_short=if_short.get(item_id, "less"),
        )
        for position, (item_id, pieces) in enumerate(sorted(quantities.items()), after + 1)
    ]


def _earlier(member: Member, deal: Deal, form: OrderForm) -> Order | None:
    """What this form has become before. Raises BadInput when that was in another deal."""
    made = sa.select(Order).where(Order.member_id == member.id, Order.form_key == form.key)
    order = db.session.scalars(made).one_or_none()
    if order and order.deal_id != deal.id:
        raise BadInput("key", _l("This form cannot be read. Please open it again."))
    return order


def _new_order(
    member: Member, deal: Deal, form: OrderForm, items: Mapping[int, DealItem], now: datetime
) -> Order:
    lines = new_lines(deal, form.quantities, items, form.if_short)
    order = Order(
        leader_id=deal.leader_id,
        deal_id=deal.id,
        member_id=member.id,
        point_id=form.point_id,
        number=dated_number(local(now)),
        state="pending",
        way="cash",
        due_fen=sum(line.quantity * line.price_fen for line in lines),
        note=clean(form.note),
        form_key=form.key,
        placed_at=now,
        pay_by=now + timedelta(minutes=deal.hold_minutes) if deal.hold_minutes else None,
        lines=lines,
    )
    db.session.add(order)
    return order
