"""Becoming a leader: somebody applies, an operator approves or refuses, and may disable later.

A leader who was refused never held the role; one who was disabled keeps it, unable to use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts import people
from groupbuy.accounts.models import Leader, RoleGrant, User
from groupbuy.core import action_log
from groupbuy.core.errors import RuleBroken
from groupbuy.core.settings import setting
from groupbuy.core.tokens import public_id
from groupbuy.extensions import db
from groupbuy.notices.owing import owe


class ApplicationsClosed(RuleBroken):
    """The operator takes nobody on at present."""

    message = _l("At present nobody new can open deals here.")


class AlreadyApplied(RuleBroken):
    """Their application is waiting, or they are a leader."""

    message = _l("You have applied already, or lead a group here.")


class LeaderDisabled(RuleBroken):
    """They were a leader and the operator ended it: applying again is no way around."""

    message = _l("Your group was closed by the operator. Please ask them.")


@dataclass(frozen=True)
class LeaderForm:
    """How a leader presents themselves; texts are clean, the phone has 11 digits."""

    name: str
    community: str
    intro: str
    contact_phone: str
    wechat_id: str = ""
    contact_hours: str = ""

    def values(self) -> dict[str, Any]:
        """As columns of Leader."""
        return {
            "name": self.name,
            "community": self.community,
            "intro": self.intro,
            "contact_phone": self.contact_phone,
            "wechat_id": self.wechat_id or None,
            "contact_hours": self.contact_hours or None,
        }


def was_refused(leader: Leader) -> bool:
    """Whether an application was turned down, so that they may try again."""
    return leader.state == "disabled" and not _holds_role(leader)


def apply(user: User, form: LeaderForm, *, now: datetime) -> Leader:
    """Ask to become a leader, or ask again after a refusal.

    Raises ApplicationsClosed, AlreadyApplied, LeaderDisabled or PersonDisabled.
    """
    people.hold(user.id)  # of two taps at once, the second sees the first
    if not setting("APPLICATIONS_OPEN"):
        raise ApplicationsClosed
    if user.state != "active":
        raise people.PersonDisabled(name=user.name)
    leader = people.leader_of(user)
    if leader is None:
        own = {"user_id": user.id, "slug": public_id(8), "state": "applied", "created_at": now}
        leader = Leader(**own, **form.values())
        db.session.add(leader)
        db.session.flush()
    elif leader.state != "disabled":
        raise AlreadyApplied
    elif _holds_role(leader):
        raise LeaderDisabled
    else:
        leader.advance("applied", **form.values())
    _log("leader_applied", leader, user.id, now)
    return leader


def approve(leader: Leader, *, by_id: int, now: datetime) -> None:
    """Let who applied open deals, and tell them. Raises WrongState or PersonDisabled."""
    if leader.user.state != "active":
        raise people.PersonDisabled(name=leader.user.name)
    leader.advance("approved", Leader.state == "applied", decided_at=now, decided_because="")
    people.grant(leader.user, "leader", leader, now=now)
    _log("leader_approved", leader, by_id, now)
    _tell_applicant("application_approved", leader, now)


def refuse(leader: Leader, because: str, *, by_id: int, now: datetime) -> None:
    """Turn an application down with a reason they are told. Raises WrongState."""
    decided = {"decided_at": now, "decided_because": because}
    leader.advance("disabled", Leader.state == "applied", **decided)
    _log("leader_refused", leader, by_id, now, because=because)
    _tell_applicant("application_refused", leader, now)


def disable(leader: Leader, because: str, *, by_id: int, now: datetime) -> None:
    """Shut a leader's desk for them and their helpers. Raises WrongState.

    Deals and orders stay as they are: neighbours keep what they were promised.
    """
    decided = {"decided_at": now, "decided_because": because}
    leader.advance("disabled", Leader.state == "approved", **decided)
    _log("leader_disabled", leader, by_id, now, because=because)
    _tell_applicant("desk_closed", leader, now)


def enable(leader: Leader, *, by_id: int, now: datetime) -> None:
    """Open a desk again that was shut. Raises WrongState, for one who was refused, too."""
    held = sa.exists().where(RoleGrant.leader_id == Leader.id, RoleGrant.role == "leader")
    decided = {"decided_at": now, "decided_because": ""}
    leader.advance("approved", Leader.state == "disabled", held, **decided)
    _log("leader_enabled", leader, by_id, now)
    _tell_applicant("desk_reopened", leader, now)


def _holds_role(leader: Leader) -> bool:
    held = sa.select(RoleGrant.id).where(RoleGrant.leader_id == leader.id)
    return db.session.scalar(held.where(RoleGrant.role == "leader").limit(1)) is not None


def _tell_applicant(kind: str, leader: Leader, now: datetime) -> None:
    detail = {"leader": leader.name, "because": leader.decided_because}
    owe(
        kind,
        f"{leader.id}:{now.isoformat()}",
        now=now,
        user_id=leader.user_id,
        leader_id=leader.id,
        detail=detail,
    )


def _log(action: str, leader: Leader, by_id: int, now: datetime, **detail: Any) -> None:
    action_log.note(
        action,
        f"leader:{leader.id}",
        actor_id=by_id,
        leader_id=leader.id,
        now=now,
        **detail,
    )
