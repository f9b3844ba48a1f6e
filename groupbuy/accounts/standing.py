"""What an operator decides about a person: their roles, and whether they may sign in at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts import devices, people
from groupbuy.accounts.models import RoleGrant, User
from groupbuy.core import action_log
from groupbuy.core.db import rowcount
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.extensions import db

# Roles that belong to nobody: leaders apply, helpers are named by their leader.
FREE_ROLES = ("operator", "support")


class NotOneself(RuleBroken):
    """So there is always an operator left."""

    message = _l("Another operator must do this: nobody locks themselves out.")


class NoSuchRole(RuleBroken):
    """It was taken from them a moment ago."""

    message = _l("This person does not hold that role any more.")


def grant_role(user: User, role: str, *, by_id: int, now: datetime) -> None:
    """Give one of FREE_ROLES; again changes nothing. Raises BadInput or PersonDisabled."""
    if role not in FREE_ROLES:
        raise BadInput("role", _l("There is no such role."))
    people.hold(user.id)
    if user.state != "active":
        raise people.PersonDisabled(name=user.name)
    if role in people.roles_of(user):
        return
    people.grant(user, role, now=now)
    _log("role_granted", user, by_id, now, role=role)


def revoke_role(user: User, grant_id: int, *, by_id: int, now: datetime) -> None:
    """Take one role away, at once. A leader's desk is shut instead (accounts.applying).

    Raises NotOneself or NoSuchRole.
    """
    if user.id == by_id:
        raise NotOneself
    own = RoleGrant.id == grant_id, RoleGrant.user_id == user.id, RoleGrant.role != "leader"
    role = db.session.execute(sa.select(RoleGrant.role, RoleGrant.leader_id).where(*own)).first()
    if role is None or not rowcount(sa.delete(RoleGrant).where(*own)):
        raise NoSuchRole
    db.session.expire(user, ["grants"])
    _log("role_revoked", user, by_id, now, role.leader_id, role=role.role)


def disable_person(user: User, because: str, *, by_id: int, now: datetime) -> int:
    """Sign somebody out everywhere and keep them out; returns how many devices that ended.

    Raises NotOneself or WrongState.
    """
    if user.id == by_id:
        raise NotOneself
    user.advance("disabled")
    ended = devices.end_others(user, None, now=now)
    _log("person_disabled", user, by_id, now, because=because, devices=ended)
    return ended


def enable_person(user: User, *, by_id: int, now: datetime) -> None:
    """Let somebody sign in again. Raises WrongState."""
    user.advance("active")
    _log("person_enabled", user, by_id, now)


def _log(
    action: str,
    user: User,
    by_id: int,
    now: datetime,
    leader_id: int | None = None,
    **detail: Any,
) -> None:
    action_log.note(
        action, f"user:{user.id}", actor_id=by_id, leader_id=leader_id, now=now, **detail
    )
