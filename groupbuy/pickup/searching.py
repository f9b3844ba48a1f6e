"""Finding a bag without its code: by the end of a phone number, a name or a roll number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from groupbuy.accounts.models import Leader, Member, PickupPoint
from groupbuy.core import crypto
from groupbuy.core.db import sum_of
from groupbuy.core.text import clean, parse_phone
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup.bags import IN_BAGS
from groupbuy.pickup.models import Pickup
from groupbuy.pickup.progress import at_the_gate

PAGE_SIZE = 50
_TAIL = re.compile("[0-9]{4}")
_ROLL_NO = re.compile("#?([0-9]{1,9})")
_LONGEST = 100  # characters of what is typed that count


@dataclass
class Found:
    """A bag in a list: whose, where, and what to say so that it is the right one."""

    id: int
    state: str
    name: str
    point: str
    deal: str
    roll_nos: list[int]
    pieces: int = 0
    tail: str = ""


def search(
    leader: Leader, typed: str, point_ids: Set[int] | None, *, page: int = 1, now: datetime
) -> tuple[list[Found], int]:
    """A page of the bags that `typed` fits, those to hand over first, and how many there are.

    Four digits are the end of a phone number or a roll number, fewer a roll number, eleven a
    phone number, anything else the beginning of a name; nothing fits all bags that are not
    collected yet. Only bags that may be asked for now, at `point_ids` (None: everywhere).
    """
    text = unicodedata.normalize("NFKC", clean(typed)[:_LONGEST])
    wanted = _bags(leader, point_ids, now).where(_fitting(leader, text, now))
    ids = db.session.scalars(wanted.order_by(_READY_FIRST, Pickup.id)).all()
    shown = ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return _read(shown), len(ids)


_READY_FIRST = sa.case({"ready": 0, "waiting": 1, "uncollected": 2}, value=Pickup.state, else_=3)


def _bags(leader: Leader, point_ids: Set[int] | None, now: datetime) -> sa.Select[int]:
    on = sa.select(Deal.id).where(*at_the_gate(leader, now))
    bags = sa.select(Pickup.id).where(Pickup.deal_id.in_(on), Pickup.state != "void")
    return bags if point_ids is None else bags.where(Pickup.point_id.in_(point_ids))


def _fitting(leader: Leader, text: str, now: datetime) -> sa.ColumnElement[bool]:
    if not text:
        return Pickup.state.in_(("ready", "waiting"))
    fits = []
    roll_no = _ROLL_NO.fullmatch(text)
    if roll_no:
        fits.append(_with_order(Order.roll_no == int(roll_no[1])))
    if _TAIL.fullmatch(text):
        fits.append(Pickup.id.in_(_with_tail(leader, text, now)))
    try:
        hashed = crypto.lookup_hash(parse_phone(text))
        fits.append(Pickup.member_id.in_(sa.select(Member.id).where(Member.phone_hash == hashed)))
    except ValueError:
        pass
    if not fits:
        named = sa.select(Member.id).where(
            Member.leader_id == leader.id, Member.name.startswith(text, autoescape=True)
        )
        fits.append(Pickup.member_id.in_(named))
    return sa.or_(*fits)


def _with_order(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        Order.deal_id == Pickup.deal_id,
        Order.member_id == Pickup.member_id,
        Order.point_id == Pickup.point_id,
        condition,
    )


def _with_tail(leader: Leader, tail: str, now: datetime) -> list[int]:
    """The bags of people whose number ends so. Numbers are encrypted, so all have to be read."""
    return [bag_id for bag_id, phone in _phones(leader, now) if phone.endswith(tail)]


def _phones(leader: Leader, now: datetime) -> list[tuple[int, str]]:
    rows = db.session.execute(
        sa.select(Pickup.id, Order.contact, Member.phone)
        .join(Deal, Deal.id == Pickup.deal_id)
        .join(Member, Member.id == Pickup.member_id)
        .join(Order, _SAME_PLACE)
        .where(*at_the_gate(leader, now))
    )
    return [(bag_id, _phone(contact, own)) for bag_id, contact, own in rows]


def _phone(contact: dict[str, str] | None, own: str | None) -> str:
    """The number given for this order, else the one they are known by."""
    return (contact or {}).get("phone") or own or ""


_SAME_PLACE = sa.and_(
    Order.deal_id == Pickup.deal_id,
    Order.member_id == Pickup.member_id,
    Order.point_id == Pickup.point_id,
    Order.state.in_(IN_BAGS),
)


def _read(ids: Sequence[int]) -> list[Found]:
    """What a list says of these bags, in their order, in one statement."""
    pieces = (
        sa.select(sum_of(OrderLine.open_pieces))
        .where(OrderLine.order_id == Order.id)
        .scalar_subquery()
    )
    rows = db.session.execute(
        sa.select(
            Pickup.id,
            Pickup.state,
            Member.name,
            Member.phone,
            PickupPoint.name,
            Deal.title,
            Order.roll_no,
            Order.contact,
            pieces,
        )
        .join(Member, Member.id == Pickup.member_id)
        .join(PickupPoint, PickupPoint.id == Pickup.point_id)
        .join(Deal, Deal.id == Pickup.deal_id)
        .outerjoin(Order, _SAME_PLACE)
        .where(Pickup.id.in_(ids))
        .order_by(Order.roll_no)
    )
    found: dict[int, Found] = {}
    for bag_id, state, name, own, point, deal, roll_no, contact, count in rows:
        bag = found.setdefault(bag_id, Found(bag_id, state, name, point, deal, []))
        bag.pieces += count or 0
        bag.tail = bag.tail or _phone(contact, own)[-4:]
        if roll_no:
            bag.roll_nos.append(roll_no)
    return [found[bag_id] for bag_id in ids if bag_id in found]
