"""Telling everybody who has ordered from a deal what changed about it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from groupbuy.core.db import text_of
from groupbuy.deals.models import Deal
from groupbuy.notices.owing import owe_each
from groupbuy.orders.models import LIVE_STATES, Order


def tell_members(deal: Deal, kind: str, *, now: datetime) -> None:
    """Owe one message of `kind` to each member with a live order, however many they have.

    `now` is part of the message's key: the same news at another time is news again.
    """
    event = sa.literal(f":{deal.id}:{now:%Y%m%dT%H%M%S.%f}")
    told = (
        sa.select(
            Order.leader_id,
            Order.member_id,
            Order.deal_id,
            (text_of(Order.member_id) + event).label("key"),
        )
        .where(Order.deal_id == deal.id, Order.state.in_(LIVE_STATES))
        .distinct()
    )
    owe_each(kind, told, now=now)
