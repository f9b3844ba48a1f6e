"""One person, one account: joining a phone, an e-mail address and WeChat that were apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts import devices
from groupbuy.accounts.models import Address, Follow, Leader, Member, RoleGrant, User
from groupbuy.accounts.reach import Reach, user_of
from groupbuy.core import crypto
from groupbuy.core.db import rowcount
from groupbuy.core.errors import RuleBroken
from groupbuy.core.locks import lock_exclusive
from groupbuy.extensions import db
from groupbuy.orders.models import CartLine, Order

_WECHATS = 3  # namespace of the advisory locks on what WeChat calls a person
_WAYS_IN = {"phone", "email", "wechat_openid"}


class TwoAccounts(RuleBroken):
    """Both accounts have been used, so neither can give way."""

    message = _l(
        "This belongs to another account that has been used already, so the two cannot be joined."
        " Sign out, then sign in with it to see what was ordered there."
    )


class OtherWeChat(RuleBroken):
    """The account belongs to another WeChat."""

    message = _l("Your account already belongs to another WeChat.")


def link(user: User, reach: Reach, *, now: datetime) -> User:
    """Give `user` the `reach` that they have just proven; returns the account they now are.

    Somebody who has only WeChat so far becomes the account that already has `reach`; an account
    that has nothing but `reach` gives it up. Raises TwoAccounts when both have been used.
    """
    user, other = _both(user, user_of(reach))
    if other is None:
        for column, value in reach.columns.items():
            setattr(user, column, value)
    elif _is_bare(user, "wechat_openid") and other.state == "active":
        if user.wechat_openid and other.wechat_openid:
            raise OtherWeChat
        _absorb(user, other, now=now)
        user = other
    elif _is_bare(other, reach.kind):
        _absorb(other, user, now=now)
    else:
        raise TwoAccounts
    db.session.flush()
    return user


def link_wechat(user: User, openid: str, *, now: datetime) -> None:
    """Let `user` sign in as whom WeChat calls `openid`. Raises OtherWeChat or TwoAccounts."""
    lock_exclusive(
        _WECHATS, int.from_bytes(bytes.fromhex(crypto.lookup_hash(openid)[:8]), signed=True)
    )
    known = db.session.scalars(sa.select(User).where(User.wechat_openid == openid)).one_or_none()
    user, other = _both(user, known)
    if user.wechat_openid == openid:
        return
    if user.wechat_openid:
        raise OtherWeChat
    if other is None:
        user.wechat_openid = openid
    elif _is_bare(other, "wechat_openid"):
        _absorb(other, user, now=now)
    else:
        raise TwoAccounts
    db.session.flush()


def _both(user: User, other: User | None) -> tuple[User, User | None]:
    """The two rows, held in the order of their ids; `other` is None when it is the same person."""
    other_id = other.id if other and other.id != user.id else None
    ids = [user.id] + ([other_id] if other_id else [])
    rows = sa.select(User).where(User.id.in_(ids)).order_by(User.id).with_for_update()
    held = list(db.session.scalars(rows.execution_options(populate_existing=True)))
    return user, next((row for row in held if row.id == other_id), None)


def _is_bare(user: User, besides: str) -> bool:
    """Whether an account holds nothing that would be missed: no order, no role, no other way in."""
    if user.state != "active" or any(getattr(user, way) for way in _WAYS_IN - {besides}):
        return False
    ordered = sa.select(Order.id).join(Order.member).where(Member.user_id == user.id)
    follows = sa.select(Follow.leader_id).where(Follow.user_id == user.id)
    roles = sa.select(RoleGrant.id).where(RoleGrant.user_id == user.id)
    leads = sa.select(Leader.id).where(Leader.user_id == user.id)
    found = [db.session.scalar(sa.select(sa.exists(q))) for q in (ordered, follows, roles, leads)]
    return not any(found)


def _absorb(gone: User, kept: User, *, now: datetime) -> None:
    """Hand what the bare account `gone` has to `kept`, and end it."""
    ways = [*_WAYS_IN, "phone_hash", "email_hash"]
    given = {way: getattr(gone, way) for way in ways if getattr(gone, way) is not None}
    gone.advance("disabled", **dict.fromkeys(given))  # first: each may be held once only
    devices.end_others(gone, None, now=now)
    for way, value in given.items():
        setattr(kept, way, value)
    whose: dict[str, Any] = {"user_id": kept.id}
    rowcount(sa.update(Member).where(Member.user_id == gone.id).values(whose))
    rowcount(sa.update(Address).where(Address.user_id == gone.id).values(is_default=False, **whose))
    held = sa.select(CartLine.item_id).where(CartLine.user_id == kept.id)
    mine = CartLine.user_id == gone.id
    rowcount(sa.update(CartLine).where(mine, CartLine.item_id.not_in(held)).values(whose))
    rowcount(sa.delete(CartLine).where(mine))
