"""Once a day, a leader is told how much waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from flask import current_app

from groupbuy.accounts.models import Leader, User
from groupbuy.accounts.staff import RIGHTS, Post
from groupbuy.core.clock import local
from groupbuy.core.db import text_of
from groupbuy.extensions import db
from groupbuy.notices import owing
from groupbuy.notices.models import Notice
from groupbuy.support.desk_work import Waiting, desk_of, waiting_of


def due(now: datetime) -> Sequence[int]:
    """Ids of leaders for whom something waits and who were not told today.

    From the hour DIGEST_HOUR on (local), so that a missed morning is made up for the same day.
    """
    if local(now).hour < current_app.config["DIGEST_HOUR"]:
        return []
    key = sa.literal("waiting:") + text_of(Leader.id) + sa.literal(_day(now))
    untold = (
        sa.select(Leader)
        .join(User, User.id == Leader.user_id)
        .where(Leader.state == "approved", User.state == "active")
        .where(~sa.exists().where(Notice.key == key))
        .order_by(Leader.id)
    )
    return [leader.id for leader in db.session.scalars(untold) if any(_waiting(leader, now))]


def tell(leader_id: int, *, now: datetime) -> None:
    """Owe the leader one message with the numbers; a second one on the same day is none."""
    leader = db.session.get_one(Leader, leader_id)
    numbers = {name: count for name, count in _waiting(leader, now)._asdict().items() if count}
    who = {"user_id": leader.user_id, "leader_id": leader.id}
    owing.owe("waiting", f"{leader.id}{_day(now)}", now=now, detail=numbers, **who)


def _waiting(leader: Leader, now: datetime) -> Waiting:
    return waiting_of(desk_of(Post(leader, True, frozenset(RIGHTS), None), now))


def _day(now: datetime) -> str:
    return f":{local(now):%Y-%m-%d}"
