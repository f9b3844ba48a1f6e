"""Following a leader: who wants to hear of their deals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from groupbuy.accounts.models import Follow, Leader, User
from groupbuy.core.db import insert_once, rowcount
from groupbuy.extensions import db

_SLUG = re.compile("[0-9A-Za-z_-]{1,40}")


def follow(user: User, leader: Leader, *, now: datetime) -> None:
    """Let `user` hear of `leader`'s deals; once more changes nothing. The caller commits."""
    rowcount(insert_once(Follow).values(leader_id=leader.id, user_id=user.id, since=now))


def unfollow(user: User, leader: Leader) -> None:
    """Be quiet from now on; whoever does not follow stays as they are. The caller commits."""
    rowcount(sa.delete(Follow).where(Follow.leader_id == leader.id, Follow.user_id == user.id))


def is_following(user: User, leader: Leader) -> bool:
    """Whether `user` hears of `leader`'s deals."""
    return db.session.get(Follow, (leader.id, user.id)) is not None


def followed_leaders(user: User) -> Sequence[Leader]:
    """The approved leaders whom `user` follows, the latest first."""
    return db.session.scalars(
        sa.select(Leader)
        .join(Follow, Follow.leader_id == Leader.id)
        .where(Follow.user_id == user.id, Leader.state == "approved")
        .order_by(Follow.since.desc(), Leader.id)
    ).all()


def approved_leader(slug: str) -> Leader | None:
    """The leader with a page at this address; one who applied or was disabled has none.

    The shape is checked first: what no link can hold never reaches the database.
    """
    if not _SLUG.fullmatch(slug):
        return None
    return db.session.scalars(
        sa.select(Leader).where(Leader.slug == slug, Leader.state == "approved")
    ).one_or_none()
