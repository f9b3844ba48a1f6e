"""Who helps a leader, with what, and at which points; a change counts at the next click."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from groupbuy.accounts import people
from groupbuy.accounts.models import Leader, PickupPoint, RoleGrant, User
from groupbuy.accounts.staff import RIGHTS
from groupbuy.core import action_log, crypto
from groupbuy.core.db import rowcount
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import mask_name
from groupbuy.extensions import db


class HelpsAlready(RuleBroken):
    """Somebody is added twice."""

    message = _l("%(name)s helps you already: change what they may do below.")


class NoHelper(RuleBroken):
    """They were removed a moment ago."""

    message = _l("This person does not help you any more.")


def helpers_of(leader: Leader) -> Sequence[RoleGrant]:
    """The grants of all who help `leader`, with their users, in the order they came."""
    theirs = (
        sa.select(RoleGrant)
        .where(RoleGrant.leader_id == leader.id, RoleGrant.role == "helper")
        .options(joinedload(RoleGrant.user))
        .order_by(RoleGrant.id)
    )
    return db.session.scalars(theirs).all()


def add_helper(
    leader: Leader,
    phone: str,
    rights: Collection[str],
    point_ids: Collection[int] | None,
    *,
    now: datetime,
) -> User:
    """Let the registered person with this number help with `rights`, at points or (None) at all.

    Raises BadInput (field "phone", "rights" or "points"), HelpsAlready or PersonDisabled.
    """
    given = _given(leader, rights, point_ids)
    by_phone = sa.select(User).where(User.phone_hash == crypto.lookup_hash(phone))
    user = db.session.scalars(by_phone).one_or_none()
    if user is None:
        raise BadInput(
            "phone",
            _l("Nobody has registered with this number yet. Ask them to sign in once, then try."),
        )
    if user.id == leader.user_id:
        raise BadInput("phone", _l("This is your own number: you may do everything already."))
    if user.state != "active":
        raise people.PersonDisabled(name=user.name)
    people.hold(user.id)
    if _grants(leader, user.id):
        raise HelpsAlready(name=mask_name(user.name))
    people.grant(user, "helper", leader, now=now, rights=given)
    _log("helper_added", leader, user.id, now, **given)
    return user


def change_helper(
    leader: Leader,
    user_id: int,
    rights: Collection[str],
    point_ids: Collection[int] | None,
    *,
    now: datetime,
) -> None:
    """Give other rights and points. Raises BadInput or NoHelper."""
    given = _given(leader, rights, point_ids)
    own = _own(leader, user_id)
    if not rowcount(sa.update(RoleGrant).where(*own).values(rights=given)):
        raise NoHelper
    _forget(leader, user_id)
    _log("helper_changed", leader, user_id, now, **given)


def remove_helper(leader: Leader, user_id: int, *, now: datetime) -> None:
    """From now on they see nothing of the leader's work. Raises NoHelper."""
    if not rowcount(sa.delete(RoleGrant).where(*_own(leader, user_id))):
        raise NoHelper
    _forget(leader, user_id)
    _log("helper_removed", leader, user_id, now)


def _given(
    leader: Leader, rights: Collection[str], point_ids: Collection[int] | None
) -> dict[str, Any]:
    """The column `rights`. Raises BadInput for no right, no point, or somebody else's point."""
    chosen = [right for right in RIGHTS if right in rights]
    if not chosen:
        raise BadInput("rights", _l("Choose at least one thing they may do."))
    if point_ids is None:
        return dict.fromkeys(chosen, True)
    own = sa.select(PickupPoint.id).where(PickupPoint.leader_id == leader.id)
    points = sorted(db.session.scalars(own.where(PickupPoint.id.in_(point_ids))))
    if not points:
        raise BadInput("points", _l("Choose at least one point, or all of them."))
    return {**dict.fromkeys(chosen, True), "points": points}


def _own(leader: Leader, user_id: int) -> tuple[Any, ...]:
    helper = RoleGrant.role == "helper"
    return helper, RoleGrant.leader_id == leader.id, RoleGrant.user_id == user_id


def _grants(leader: Leader, user_id: int) -> Sequence[RoleGrant]:
    own = sa.select(RoleGrant).where(*_own(leader, user_id))
    return db.session.scalars(own).all()


def _forget(leader: Leader, user_id: int) -> None:
    """What the session knows of the grant is no longer so."""
    for row in [each for each in db.session if isinstance(each, RoleGrant)]:
        if row.leader_id == leader.id and row.user_id == user_id:
            db.session.expire(row)


def _log(action: str, leader: Leader, user_id: int, now: datetime, **detail: Any) -> None:
    """Only leaders change who helps them, so the actor is always their user."""
    action_log.note(
        action,
        f"user:{user_id}",
        actor_id=leader.user_id,
        leader_id=leader.id,
        now=now,
        **detail,
    )
