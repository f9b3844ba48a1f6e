"""For whom somebody works, and what they may do there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import Leader, RoleGrant, User
from groupbuy.extensions import db

# What a leader can let a helper do; a leader may do all of it.
RIGHTS = ("pickup", "count_in", "orders")


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
    own = sa.select(Leader).where(Leader.user_id == user.id, Leader.state == "approved")
    posts = [Post(leader, True, frozenset(RIGHTS), None) for leader in db.session.scalars(own)]
    helping = (
        sa.select(Leader, RoleGrant.rights)
        .join(RoleGrant, RoleGrant.leader_id == Leader.id)
        .where(RoleGrant.user_id == user.id, RoleGrant.role == "helper")
        .where(Leader.state == "approved", Leader.user_id != user.id)
        .order_by(RoleGrant.id)
    )
    for leader, given in db.session.execute(helping):
        points = given.get("points")
        where = None if points is None else frozenset(points)
        rights = frozenset(right for right in RIGHTS if given.get(right))
        posts.append(Post(leader, False, rights, where))
    return posts


def is_operator(user: User) -> bool:
    """Whether `user` runs the site."""
    granted = sa.select(RoleGrant.id).where(RoleGrant.user_id == user.id)
    return db.session.scalar(granted.where(RoleGrant.role == "operator").limit(1)) is not None
