"""Telling those who have ordered what changed, and followers what they might miss."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from groupbuy.accounts.models import Follow, Member, PickupPoint, User
from groupbuy.core.db import AnySelect, text_of
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe_each
from groupbuy.orders.models import LIVE_STATES, Order

FRESH = timedelta(days=1)  # a deal is news for so long


def tell_members(deal: Deal, kind: str, *, now: datetime) -> None:
    """Owe one message of `kind` to each person with a live order, however many they have.

    Somebody may be several members of one leader: their first one is told.

    `now` is part of the message's key: the same news at another time is news again.
    """
    # As it is now: the sentence may be read after the next change.
    detail = {"because": deal.ended_because}
    for name in ("closes_at", "pickup_starts_at", "pickup_ends_at"):
        if instant := getattr(deal, name):
            detail[name] = instant.isoformat()
    _tell_members(kind, detail, Order.deal_id == deal.id, now=now)


def tell_place_moved(point: PickupPoint, *, now: datetime) -> None:
    """Owe "place_moved" to each person who still collects something there, once for each deal."""
    place = " · ".join(filter(None, [point.name, point.address]))
    to_come = (Order.point_id == point.id, Order.state != "fulfilled")
    _tell_members("place_moved", {"place": place}, *to_come, now=now)


def _tell_members(kind: str, detail: dict[str, str], *which: Any, now: datetime) -> None:
    """One message for each deal and person with a live order among `which`."""
    first = sa.func.min(Order.member_id)
    person = sa.case((Member.user_id.is_(None), Order.member_id))
    key = text_of(first) + ":" + text_of(Order.deal_id) + f":{now:%Y%m%dT%H%M%S.%f}"
    told = (
        sa.select(Order.leader_id, first.label("member_id"), Order.deal_id, key.label("key"))
        .join(Member, Member.id == Order.member_id)
        .where(Order.state.in_(LIVE_STATES), *which)
        .group_by(Order.leader_id, Order.deal_id, Member.user_id, person)
        .subquery()
    )
    fixed = sa.literal(detail, Notice.__table__.c.detail.type).label("detail")
    owe_each(kind, sa.select(*told.c, fixed), now=now)


def tell_opened(now: datetime) -> int:
    """Owe "deal_opened" to who followed the leader when a deal opened; returns to how many.

    Once, and only on the first day: whoever follows later is not told of what is long open.
    """
    fresh = (Deal.opens_at > now - FRESH, Follow.since <= Deal.opens_at)
    return _tell_followers("deal_opened", *fresh, now=now)


def tell_closing_soon(now: datetime, within: timedelta) -> int:
    """Owe "closing_soon" to followers who have ordered nothing; returns to how many.

    Once per deal and person, even when the closing moves afterwards.
    """
    return _tell_followers("closing_soon", Deal.closes_at <= now + within, now=now)


def _tell_followers(kind: str, *conditions: Any, now: datetime) -> int:
    told = _followers(kind).where(Deal.opens_at <= now, Deal.closes_at > now, *conditions)
    count = db.session.scalars(sa.select(sa.func.count()).select_from(told.subquery())).one()
    if count:
        owe_each(kind, told, now=now)
    return count


def _followers(kind: str) -> AnySelect:
    """One notice per open deal and follower who has no live order in it and was not told yet."""
    key = text_of(Deal.id) + ":" + text_of(Follow.user_id)
    told = sa.exists().where(Notice.key == sa.literal(f"{kind}:") + key)
    ordered = sa.exists().where(
        Order.deal_id == Deal.id,
        Order.state.in_(LIVE_STATES),
        Order.member_id == Member.id,
        Member.user_id == Follow.user_id,
    )
    return (
        sa.select(Deal.leader_id, Follow.user_id, Deal.id.label("deal_id"), key.label("key"))
        .join(Follow, Follow.leader_id == Deal.leader_id)
        .join(User, User.id == Follow.user_id)
        .where(Deal.state == "open", User.state == "active", ~ordered, ~told)
    )
