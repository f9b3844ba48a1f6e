"""For whom somebody works, and what they may do there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import Leader, RoleGrant, User
from groupbuy.core.db import connection
from groupbuy.core.reading import as_object
from groupbuy.extensions import db

# What a leader can let a helper do; a leader may do all of it.
RIGHTS = ("pickup", "count_in", "orders")
_OF_LEADER = Leader.__table__.c.keys()


class Post(NamedTuple):
    """Somebody's place at a leader's: as the leader, or as a helper with some of the RIGHTS.

    `point_ids`: the pickup points a helper hands over at; None: all.
    """

    leader: Leader
    is_leader: bool
    rights: frozenset[str]
    point_ids: frozenset[int] | None

    def may(self, right: str) -> bool:
        """Whether they may do what one of RIGHTS allows."""
        return right in self.rights

    def serves(self, point_id: int) -> bool:
        """Whether bags of this point are theirs to hand over."""
        return self.point_ids is None or point_id in self.point_ids


def posts_of(user: User) -> Sequence[Post]:
    """Where `user` works, their own deals first; only with leaders who are approved."""
    posts = []
    for given, *known in connection().execute(_places(), {"user_id": user.id}):
        leader = as_object(Leader, dict(zip(_OF_LEADER, known, strict=True)))
        if leader.user_id == user.id:
            posts.append(Post(leader, True, frozenset(RIGHTS), None))
            continue
        points = given.get("points")
        where = None if points is None else frozenset(points)
        rights = frozenset(right for right in RIGHTS if given.get(right))
        posts.append(Post(leader, False, rights, where))
    return posts


@cache
def _places() -> sa.Select[Any]:
    """The SELECT of every request at a desk, made once: approved leaders, rights of helpers."""
    user_id = sa.bindparam("user_id", type_=Leader.__table__.c.user_id.type)
    helps = RoleGrant.user_id == user_id, RoleGrant.role == "helper"
    own = sa.select(Leader.id).where(Leader.user_id == user_id)
    theirs = own.union_all(sa.select(RoleGrant.leader_id).where(*helps))
    return (
        sa.select(RoleGrant.__table__.c.rights, *Leader.__table__.c)
        .select_from(Leader.__table__)
        .outerjoin(RoleGrant, sa.and_(RoleGrant.leader_id == Leader.id, *helps))
        .where(Leader.state == "approved", Leader.id.in_(theirs))
        .order_by(Leader.user_id != user_id, RoleGrant.id)
    )


def is_operator(user: User) -> bool:
    """Whether `user` runs the site."""
    granted = sa.select(RoleGrant.id).where(RoleGrant.user_id == user.id)
    return db.session.scalar(granted.where(RoleGrant.role == "operator").limit(1)) is not None
