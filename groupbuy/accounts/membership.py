"""As whom somebody orders from a leader: one row per person, whoever taps twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from groupbuy.accounts.models import Member, User
from groupbuy.core import crypto
from groupbuy.core.db import insert_once
from groupbuy.extensions import db

GUEST = "guest:"  # how the source_ref of a guest's row begins, until somebody claims it


def membership(leader_id: int, user: User, *, now: datetime) -> Member:
    """The first row under which the leader knows `user`, added if there is none."""
    if found := known_as(leader_id, user):
        return found
    own = {"user_id": user.id, "phone": user.phone, "phone_hash": user.phone_hash}
    return _add(leader_id, f"user:{user.id}", {"name": user.name, **own}, now)


def known_as(leader_id: int, user: User) -> Member | None:
    """The first row under which the leader knows `user`, if there is one."""
    whose = {"leader_id": leader_id, "user_id": user.id}
    return db.session.scalars(_finding(), whose).first()


def guest_membership(
    leader_id: int, browser: str, name: str, phone: str, *, now: datetime
) -> Member:
    """The row of somebody who did not sign in: this browser with this phone number.

    A number alone proves nothing, so another browser with the same number is another row, until a
    code proves that both are one person's; from then on it is another row in this browser, too.
    `browser` is a secret of the session.
    """
    phone_hash = crypto.lookup_hash(phone)
    own = {"name": name, "phone": phone, "phone_hash": phone_hash}
    return _add(leader_id, f"{GUEST}{browser}:{phone_hash[:16]}", own, now)


def _add(leader_id: int, ref: str, facts: Mapping[str, object], now: datetime) -> Member:
    row = {"leader_id": leader_id, "source_ref": ref, "created_at": now, **facts}
    db.session.execute(insert_once(Member).values(row))
    made = sa.select(Member).where(Member.leader_id == leader_id, Member.source_ref == ref)
    return db.session.scalars(made).one()


@cache
def _finding() -> sa.Select[Member]:
    leader = Member.leader_id == sa.bindparam("leader_id")
    mine = sa.select(Member).where(leader, Member.user_id == sa.bindparam("user_id"))
    return mine.order_by(Member.id).limit(1)
