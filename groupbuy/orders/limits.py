"""What one person may have of a deal, however many member rows they are known by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Member
from groupbuy.core.db import on_postgresql, sum_of
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import LIVE_STATES, Order, OrderLine


class LimitReached(RuleBroken):
    """A member wants more than one person may have."""

    message = _l("“%(item)s”: at most %(limit)s per person, you already have %(has)s.")


class DealLimitReached(RuleBroken):
    """A member wants more pieces than one person may have from the whole deal."""

    message = _l("At most %(limit)s pieces per person in this deal, you already have %(has)s.")


class Blocked(RuleBroken):
    """The leader wants no orders from this member."""

    message = _l("%(leader)s takes no orders from you at the moment. Please ask them why.")


def lock_person(member: Member) -> None:
    """One order of one person at a time, so that limits and forms are counted once.

    Held until commit, and taken after the deal's lock. A guest in two browsers is two members,
    the second perhaps not committed yet: so it is the phone number that is locked, not a row.
    """
    if on_postgresql():  # in one order of keys for everybody
        keys = sorted(_lock_key(member.leader_id, *mark) for mark in marks_of(member))
        db.session.connection().execute(_locking(), {"keys": keys})


def check_limits(
    member: Member, deal: Deal, items: Mapping[int, Any], more: Mapping[int, int]
) -> None:
    """Raises LimitReached or DealLimitReached if `more` pieces would be too many for the person.

    Both maps go by item id; an item has name and limit_per_person. Only true inside the
    transaction that holds the person's lock.
    """
    if deal.limit_per_person is None and all(i.limit_per_person is None for i in items.values()):
        return
    has = _pieces_of_person(member, deal)
    for item_id, item in items.items():
        limit, own = item.limit_per_person, has.get(item_id, 0)
        if limit is not None and own + more[item_id] > limit:
            raise LimitReached(item=item.name, limit=limit, has=own, item_id=item_id)
    total = sum(has.values())
    if deal.limit_per_person is not None and total + sum(more.values()) > deal.limit_per_person:
        raise DealLimitReached(limit=deal.limit_per_person, has=total)


def _pieces_of_person(member: Member, deal: Deal) -> dict[int, int]:
    """Item id -> pieces that the person behind `member` has ordered and still gets."""
    same = [getattr(Member, name) == value for name, value in marks_of(member)]
    person = sa.select(Member.id).where(Member.leader_id == member.leader_id, sa.or_(*same))
    counted = (
        sa.select(OrderLine.item_id, sum_of(OrderLine.kept_pieces))
        .join(Order)
        .where(Order.deal_id == deal.id, Order.member_id.in_(person))
        .where(Order.state.in_(LIVE_STATES))
        .group_by(OrderLine.item_id)
    )
    return dict(db.session.execute(counted).all())


def marks_of(member: Member) -> list[tuple[str, Any]]:
    """The columns of Member, with their values, that tell the same person."""
    marks = [("id", member.id), ("user_id", member.user_id), ("phone_hash", member.phone_hash)]
    return [(name, value) for name, value in marks if value is not None]


@cache
def _locking() -> sa.Select[Any]:
    keys = sa.func.unnest(sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger)))
    return sa.select(sa.func.pg_advisory_xact_lock(keys.column_valued("key")))


def _lock_key(leader_id: int, name: str, value: Any) -> int:
    digest = hashlib.blake2b(f"{leader_id}:{name}:{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
