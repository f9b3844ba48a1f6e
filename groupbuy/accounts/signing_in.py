"""Who may come in: by password, by a proven phone or e-mail address, by WeChat."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts import devices
from groupbuy.accounts.models import User
from groupbuy.accounts.passwords import hash_password, is_outdated, is_right
from groupbuy.accounts.reach import Reach, user_of
from groupbuy.core.db import insert_once
from groupbuy.core.errors import RuleBroken
from groupbuy.extensions import db


class WrongPassword(RuleBroken):
    """No such account, no password, another password, disabled: nobody is told which."""

    message = _l("The number or e-mail address and the password do not belong together.")
    status = 422


class NotTheirPassword(RuleBroken):
    """Somebody signed in who does not know the password, or it was just replaced."""

    message = _l("This is not your password.")
    status = 422


class NotLetIn(RuleBroken):
    """Somebody proved who they are, but is disabled."""

    message = _l("You cannot sign in with this. Please ask your leader.")
    status = 403


class Checked(NamedTuple):
    """An account whose password was right: with the hash `kept`, and `renewed` if that is old."""

    user_id: int
    kept: str
    renewed: str | None


def check(reach: Reach, password: str) -> Checked:
    """Whose `reach` and `password` these are; slow, so before the transaction.

    Raises WrongPassword, and takes as long to do so for people that do not exist.
    """
    user = user_of(reach)
    kept = user.password_hash if user and user.state == "active" else None
    if not is_right(password, kept) or user is None or kept is None:
        raise WrongPassword
    return Checked(user.id, kept, hash_password(password) if is_outdated(kept) else None)


def by_password(checked: Checked) -> User:
    """Who was checked, if nothing has changed since. Raises WrongPassword."""
    user = _locked(checked.user_id)
    if user.state != "active" or user.password_hash != checked.kept:
        raise WrongPassword
    if checked.renewed:
        user.password_hash = checked.renewed
    return user


def by_reach(reach: Reach) -> User:
    """Whose proven `reach` it is. Raises NotLetIn when that is nobody, or somebody disabled."""
    user = user_of(reach)
    if user is None:
        raise NotLetIn
    return _active(user)


def register(reach: Reach, name: str, password_hash: str | None, *, now: datetime) -> User:
    """The account of a proven `reach`, added if there is none. Raises NotLetIn.

    Somebody who has one keeps their name and password.
    """
    _add({"name": name, "password_hash": password_hash, **reach.columns}, now)
    return by_reach(reach)


def by_wechat(openid: str, name: str, *, now: datetime) -> User:
    """Whom WeChat calls `openid`; a new account called `name` if that is nobody yet.

    Raises NotLetIn.
    """
    _add({"name": name, "wechat_openid": openid}, now)
    known = sa.select(User).where(User.wechat_openid == openid)
    return _active(db.session.scalars(known).one())


def replace_password(user: User, password_hash: str, *, now: datetime) -> None:
    """Let `user` in with the new password only, and end every device they are signed in with."""
    _locked(user.id)
    user.password_hash = password_hash
    devices.end_others(user, None, now=now)


def check_own(user: User, password: str) -> None:
    """Whether whoever is signed in knows the password; slow, so before the transaction.

    Raises NotTheirPassword. Who has none proves nothing by it.
    """
    if user.password_hash is not None and not is_right(password, user.password_hash):
        raise NotTheirPassword


def change_password(user: User, before: str | None, after: str, *, now: datetime) -> None:
    """`replace_password` with the hash `after`. Raises NotTheirPassword when `before` is over."""
    if _locked(user.id).password_hash != before:
        raise NotTheirPassword
    replace_password(user, after, now=now)


def _add(facts: dict[str, Any], now: datetime) -> None:
    row = {"state": "active", "created_at": now, **facts}
    db.session.execute(insert_once(User).values(row))


def _active(user: User) -> User:
    if _locked(user.id).state != "active":
        raise NotLetIn
    return user


def _locked(user_id: int) -> User:
    """The row as it is now, held: against a new password or disabling at the same moment."""
    row = sa.select(User).where(User.id == user_id).with_for_update()
    return db.session.scalars(row.execution_options(populate_existing=True)).one()
