"""Adding people and giving them roles; the same again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload

from groupbuy.accounts.models import ROLES, Leader, RoleGrant, User
from groupbuy.accounts.passwords import check_password, set_password
from groupbuy.core import crypto
from groupbuy.core.db import insert_once, on_postgresql, rowcount
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.models import ActionLog
from groupbuy.core.text import clean_name, mask_name, parse_phone
from groupbuy.core.tokens import public_id
from groupbuy.extensions import db

GIVEN_ROLES = ("operator", "leader", "support", "supplier")  # helpers are named by their leader


class OtherName(RuleBroken):
    """The phone number is known under another name, so somebody mistyped."""

    message = _l("This phone number belongs to somebody with another name (%(name)s).")


class PersonDisabled(RuleBroken):
    """A disabled person is given no roles."""

    message = _l("%(name)s is disabled and can be given no role.")


@dataclass(frozen=True)
class PersonForm:
    """Who somebody is, as typed; `role` is one of GIVEN_ROLES."""

    name: str
    phone: str
    role: str
    password: str | None = None


class Added(NamedTuple):
    """The person, and which of it is new."""

    user: User
    created: bool
    granted: bool
    password_set: bool


def add_person(form: PersonForm, *, now: datetime, actor_id: int | None = None) -> Added:
    """Make sure that the person exists and has the role; a password replaces the one they had.

    A new leader is approved at once and gets a page address. Raises BadInput, OtherName or
    PersonDisabled. What changed is written to the action log.
    """
    if form.role not in GIVEN_ROLES:
        raise BadInput("role", _l("There is no such role."))
    if form.password is not None:
        check_password(form.password)
    user, created = find_or_add(form.name, form.phone, now=now)
    db.session.refresh(user, with_for_update=True)  # of two who add the same role, one does
    granted = form.role not in roles_of(user)
    if granted:
        leader = _approved_leader(user, now) if form.role == "leader" else None
        grant(user, form.role, leader, now=now)
    if form.password is not None:
        set_password(user, form.password)
    added = Added(user, created, granted, form.password is not None)
    if granted or added.password_set:
        _log(form.role, added, actor_id, now)
    db.session.flush()
    return added


def find_or_add(name: str, phone: str, *, now: datetime) -> tuple[User, bool]:
    """The person with this phone number, added if missing (then True): a resident, no roles.

    Raises BadInput, OtherName or PersonDisabled.
    """
    name, phone = _name(name), _phone(phone)
    row = {
        "name": name,
        "phone": phone,
        "phone_hash": crypto.lookup_hash(phone),
        "state": "active",
        "created_at": now,
    }
    created = rowcount(insert_once(User).values(row)) == 1
    user = db.session.scalars(sa.select(User).where(User.phone_hash == row["phone_hash"])).one()
    if user.name != name:
        raise OtherName(name=mask_name(user.name))
    if user.state == "disabled":
        raise PersonDisabled(name=name)
    return user, created


def hold(user_id: int) -> None:
    """Until commit nobody else changes what belongs to this person: cart, contacts, sign-in.

    SQLite's writer is alone anyway.
    """
    if on_postgresql():
        db.session.connection().execute(_holding(), {"user_id": user_id})


@cache
def _holding() -> sa.Select[int]:
    own = sa.select(User.id).where(User.id == sa.bindparam("user_id"))
    return own.with_for_update(key_share=True)


def grant(
    user: User,
    role: str,
    leader: Leader | None = None,
    *,
    now: datetime,
    rights: dict[str, Any] | None = None,
) -> None:
    """Give `user` a role, of `leader` where there is one; again changes nothing."""
    row = {
        "user_id": user.id,
        "role": role,
        "leader_id": leader.id if leader else None,
        "rights": rights or {},
        "created_at": now,
    }
    db.session.execute(insert_once(RoleGrant).values(row))
    db.session.expire(user, ["grants"])


def roles_of(user: User) -> list[str]:
    """What `user` may be, each role once, the humblest first."""
    return sorted({grant.role for grant in user.grants}, key=ROLES.index)


def with_roles() -> Sequence[User]:
    """Everybody who is more than a resident, in the order they came."""
    staff = (
        sa.select(User)
        .where(User.grants.any())
        .order_by(User.id)
        .options(selectinload(User.grants))
    )
    return db.session.scalars(staff).all()


def leader_of(user: User) -> Leader | None:
    """The leader that `user` is, or has applied to be."""
    return db.session.scalars(sa.select(Leader).where(Leader.user_id == user.id)).one_or_none()


def _approved_leader(user: User, now: datetime) -> Leader:
    leader = leader_of(user)
    if leader is None:
        leader = Leader(
            user_id=user.id,
            slug=public_id(8),
            name=user.name,
            community="",
            intro="",
            state="approved",
            created_at=now,
        )
        db.session.add(leader)
        db.session.flush()
    elif leader.state != "approved":
        leader.advance("approved")
    return leader


def _log(role: str, added: Added, actor_id: int | None, now: datetime) -> None:
    detail = {"role": role, "created": added.created, "password_set": added.password_set}
    db.session.add(
        ActionLog(
            at=now,
            actor_id=actor_id,
            action="person_added" if added.granted else "password_replaced",
            subject=f"user:{added.user.id}",
            detail=detail,
        )
    )


def _name(text: str) -> str:
    try:
        return clean_name(text)
    except ValueError:
        raise BadInput("name", _l("The name must be 1 to 100 readable characters.")) from None


def _phone(text: str) -> str:
    try:
        return parse_phone(text)
    except ValueError:
        raise BadInput(
            "phone", _l("This is not a mobile number: 11 digits that begin with 13 to 19.")
        ) from None
