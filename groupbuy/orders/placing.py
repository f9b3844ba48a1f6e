"""Placing an order: into the window, within the limits, onto the stock, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader, Member
from groupbuy.core.clock import local
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.inserts import Insertion, insert_object, new_row
from groupbuy.core.money import format_yuan
from groupbuy.core.tokens import dated_number
from groupbuy.deals import stock
from groupbuy.deals.models import Deal, DealItem, DealPoint
from groupbuy.deals.window import lock_for_buying
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owed
from groupbuy.orders import limits, roll
from groupbuy.orders.form import MOST_PIECES, OrderForm, cleaned
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import first_events
from groupbuy.orders.ways import HOLD, check_way
from groupbuy.payments import attempts
from groupbuy.payments.models import Payment

_NOTHING_ELSE = dict.fromkeys(
    ("point_id", "member_id", "leader_id", "user_id", "phone_hash", "form_key")
)


class PriceChanged(RuleBroken):
    """The order would cost another sum than the person was shown."""

    message = _l(
        "The price changed from %(old)s to %(new)s. Please look at it again before you order."
    )


class DeskShut(RuleBroken):
    """The operator has shut the leader's desk, so nobody would see to it."""

    message = _l(
        "“%(leader)s” takes no orders at the moment. What has been ordered already stays as it is."
    )


def place_order(
    member: Member, deal: Deal, form: OrderForm, *, now: datetime, actor_id: int | None = None
) -> Order:
    """Hold the goods and record what `member` wants; the same form again gives the same order.

    Raises NotOpenYet, DealClosed, DeskShut, Blocked, PriceChanged, SoldOut, LimitReached,
    DealLimitReached, CashOnlyAbove or BadInput. The statements it takes are few, and as many for
    fifty lines as for one.
    """
    form = cleaned(form)
    try:
        now = lock_for_buying(deal, now)
    except RuleBroken:
        if earlier := _earlier(member, deal, form):  # a second tap, after the first came in time
            return earlier
        raise
    limits.lock_person(member)
    asked = {
        "point_id": form.point_id,
        "member_id": member.id,
        "leader_id": deal.leader_id,
        "user_id": member.user_id,
        "phone_hash": member.phone_hash,
        "form_key": form.key,
    }
    items = wanted_items(deal, form.quantities, asked)
    known = next(iter(items.values()))
    if known.earlier_id and (earlier := _earlier(member, deal, form)):
        return earlier
    check_desk(deal, items)
    if known.is_shut_out:
        raise limits.Blocked(leader=deal.leader.name)
    if not known.has_point:
        raise _no_point()
    limits.check_limits(member, deal, items, form.quantities)
    due_fen = cost_of(items, form.quantities)
    check_price(form, due_fen)
    if not due_fen:
        form = replace(form, way="cash")  # nobody could pay nothing: the leader lets it in
    if form.way != "cash":
        check_way(form.way, deal, member, due_fen)
    stock.check_left(items, form.quantities)
    order = _new_order(member, deal, form, due_fen, now)
    lines = add_lines(order, form.quantities, items, form)
    stock.reserve(lines, "placed", now=now, also=_beside(order, now, actor_id))
    return order


def _beside(order: Order, now: datetime, actor_id: int | None) -> list[Insertion]:
    """What is written with a new order: its events, the attempt to pay it, a message."""
    kinds = ["ordered", "accepted"] if order.roll_no else ["ordered"]
    detail, is_online = {"due_fen": order.due_fen}, order.way != "cash"
    message = owed(
        "ordered_online" if is_online else "ordered",
        str(order.id),
        now=now,
        detail=detail,
        **about(order),
    )
    return [
        first_events(order, *kinds, now=now, actor_id=actor_id),
        new_row(Payment, attempts.beginning(order, now=now)),
        new_row(Notice, message),
    ]


def about(order: Order) -> dict[str, int]:
    """The references of a notice to the member of `order`."""
    return {
        "leader_id": order.leader_id,
        "member_id": order.member_id,
        "deal_id": order.deal_id,
        "order_id": order.id,
    }


def pay_by(way: str, deal: Deal, placed_at: datetime) -> datetime | None:
    """Until when goods are held for money; None: until closing, which only cash may take."""
    if deal.hold_minutes:
        return placed_at + timedelta(minutes=deal.hold_minutes)
    return None if way == "cash" or deal.pay_at_pickup else placed_at + HOLD


def wanted_items(
    deal: Deal, quantities: Mapping[int, int], asked: Mapping[str, Any] = _NOTHING_ELSE
) -> dict[int, sa.Row[Any]]:
    """Item id -> name, price_fen, limit_per_person, stock and sold of what `quantities` asks for.

    There is at least one. Each also has what would else be statements of their own: `has_point`,
    whether the deal goes to the point_id in `asked`; `earlier_id` of the order that its member_id
    made with its form_key; `is_shut_out`, whether the leader blocked a row of that person;
    `is_led`, whether there is a leader at the desk.
    Raises BadInput for items of another deal, or odd counts.
    """
    if not quantities:
        raise BadInput("quantities", _l("Choose at least one item."))
    if not all(1 <= pieces <= MOST_PIECES for pieces in quantities.values()):
        raise BadInput("quantities", _l("A quantity must be between 1 and 9999."))
    values = {"deal_id": deal.id, "items": list(quantities), **asked}
    found = db.session.connection().execute(_looking_up(), values)
    items = {item.id: item for item in found}
    if len(items) < len(quantities):
        raise BadInput("quantities", _l("One of the items is not in this deal."))
    return items


def check_point(deal: Deal, point_id: int) -> None:
    """Raises BadInput unless `deal` can be collected at the point."""
    if not db.session.get(DealPoint, (deal.id, point_id)):
        raise _no_point()


def check_desk(deal: Deal, items: Mapping[int, sa.Row[Any]]) -> None:
    """Raises DeskShut unless the leader is one at this moment; `items` are of `wanted_items`."""
    if not all(item.is_led for item in items.values()):
        raise DeskShut(leader=deal.leader.name)


def cost_of(items: Mapping[int, sa.Row[Any]], quantities: Mapping[int, int]) -> int:
    """Fen for `quantities` at today's prices."""
    return sum(items[item_id].price_fen * pieces for item_id, pieces in quantities.items())


def check_price(form: OrderForm, due_fen: int) -> None:
    """Raises PriceChanged if the person was shown another sum."""
    if form.expected_fen not in (None, due_fen):
        raise PriceChanged(old=format_yuan(form.expected_fen), new=format_yuan(due_fen))


def add_lines(
    order: Order,
    quantities: Mapping[int, int],
    items: Mapping[int, sa.Row[Any]],
    form: OrderForm,
    after: int = 0,
) -> Sequence[sa.Row[Any]]:
    """Write order lines at today's prices, in order of item id, numbered on from `after`.

    Returns id and item_id of each.
    """
    rows = [
        {
            "leader_id": order.leader_id,
            "deal_id": order.deal_id,
            "order_id": order.id,
            "item_id": item_id,
            "position": position,
            "price_fen": items[item_id].price_fen,
            "quantity": pieces,
            "if_short": "less",
            "substitute_fen": None,
            "note": "",
            **form.for_line(item_id),
        }
        for position, (item_id, pieces) in enumerate(sorted(quantities.items()), after + 1)
    ]
    return db.session.connection().execute(_adding_lines(), rows).all()


@cache
def _looking_up() -> sa.Select[Any]:
    """The SELECT of `wanted_items`, made once."""
    item, order = DealItem.__table__.c, Order.__table__.c
    deal_id = sa.bindparam("deal_id", type_=item.deal_id.type)
    point = (DealPoint.deal_id == deal_id, DealPoint.point_id == sa.bindparam("point_id"))
    mine = order.member_id == sa.bindparam("member_id")
    made = sa.select(order.id).where(mine, order.form_key == sa.bindparam("form_key"))
    return sa.select(
        item.id,
        item.name,
        item.price_fen,
        item.limit_per_person,
        item.stock,
        item.sold,
        sa.exists().where(*point).label("has_point"),
        made.scalar_subquery().label("earlier_id"),
        sa.exists().where(*_shut_out()).label("is_shut_out"),
        sa.exists().where(*_led(item)).label("is_led"),
    ).where(item.deal_id == deal_id, item.id.in_(sa.bindparam("items", expanding=True)))


def _led(item: Any) -> list[sa.ColumnElement[bool]]:
    leader = Leader.__table__.c
    return [leader.id == item.leader_id, leader.state == "approved"]


def _shut_out() -> list[sa.ColumnElement[bool]]:
    """The blocked rows of one person: the row itself, the account's, the phone number's."""
    member = Member.__table__.c
    marks = (
        member.id == sa.bindparam("member_id"),
        member.user_id == sa.bindparam("user_id", type_=member.user_id.type),
        member.phone_hash == sa.bindparam("phone_hash", type_=member.phone_hash.type),
    )
    leader = member.leader_id == sa.bindparam("leader_id", type_=member.leader_id.type)
    return [leader, member.blocked_at.is_not(None), sa.or_(*marks)]


@cache
def _adding_lines() -> sa.Insert:
    """The INSERT of `add_lines`: with RETURNING all rows are one statement."""
    line = OrderLine.__table__
    return sa.insert(line).returning(line.c.id, line.c.item_id)


def _earlier(member: Member, deal: Deal, form: OrderForm) -> Order | None:
    """What this form has become before. Raises BadInput when that was in another deal."""
    made = sa.select(Order).where(Order.member_id == member.id, Order.form_key == form.key)
    order = db.session.scalars(made).one_or_none()
    if order and order.deal_id != deal.id:
        raise BadInput("key", _l("This form cannot be read. Please open it again."))
    return order


def _no_point() -> BadInput:
    return BadInput("point", _l("Choose a pickup point of this deal."))


def _new_order(member: Member, deal: Deal, form: OrderForm, due_fen: int, now: datetime) -> Order:
    """The order without its lines; one that is paid at the pickup is numbered at once."""
    number = roll.next_number(deal.id) if deal.pay_at_pickup else None
    row = {
        "leader_id": deal.leader_id,
        "deal_id": deal.id,
        "member_id": member.id,
        "point_id": form.point_id,
        "number": dated_number(local(now)),
        "roll_no": number,
        "state": "placed" if number else "pending",
        "way": form.way,
        "due_fen": due_fen,
        "paid_fen": 0,
        "refunded_fen": 0,
        "note": form.note,
        "contact": form.contact,
        "answers": form.answers,
        "form_key": form.key,
        "placed_at": now,
        "pay_by": pay_by(form.way, deal, now),
        "version": 1,
    }
    order: Order = insert_object(Order, row)
    return order
