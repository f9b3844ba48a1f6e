"""The browsers somebody is signed in with. Each holds a token that its row here can void."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Device, User
from groupbuy.core.db import connection, rowcount
from groupbuy.core.errors import RuleBroken
from groupbuy.core.reading import as_object
from groupbuy.core.tokens import public_id, token_hash
from groupbuy.extensions import db

# What pages ask of whoever is signed in; a page that asks for more reads the rest.
_ON_EVERY_PAGE = ("id", "name", "locale", "large_type")
_BETWEEN = " · "
_SHAPE = re.compile("[0-9a-z]{32}")
# What a browser says of itself -> what people call it; the first that fits.
_PROGRAMS = (
    ("MicroMessenger", "WeChat"),
    ("AlipayClient", "Alipay"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
# Programs that people call otherwise in another language.
_WORDS = {"WeChat": _l("WeChat"), "Alipay": _l("Alipay"), "?": _l("A browser")}
_MACHINES = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


class NoSuchDevice(RuleBroken):
    """Not one of theirs, or signed out before."""

    status = 404


def sign_in_device(user: User, user_agent: str, *, now: datetime) -> str:
    """Let a browser in as `user`; returns the token its cookie must hold."""
    token = public_id(32)
    device = Device(
        user_id=user.id,
        token_hash=token_hash(token),
        name=name_of(user_agent),
        signed_in_at=now,
        seen_at=now,
    )
    db.session.add(device)
    db.session.flush()
    user.device_id, user.device_token = device.id, token
    return token


def user_behind(token: str) -> User | None:
    """Who is signed in with `token`, unless it was signed out or they are disabled."""
    if not _SHAPE.fullmatch(token):
        return None
    asked = {"token_hash": token_hash(token)}
    row = connection().execute(_finding(), asked).one_or_none()
    if row is None:
        return None
    device_id, *known = row
    user = as_object(User, dict(zip(_ON_EVERY_PAGE, known, strict=True)))
    user.device_id, user.device_token = device_id, token
    return user


@cache
def _finding() -> sa.Select[Any]:
    """The SELECT of every request by somebody signed in, made once."""
    device, user = Device.__table__, User.__table__
    its = device.c.user_id == user.c.id, user.c.state == "active"
    token = device.c.token_hash == sa.bindparam("token_hash")
    known = sa.select(device.c.id, *(user.c[name] for name in _ON_EVERY_PAGE))
    return known.where(token, device.c.ended_at.is_(None), *its)


def devices_of(user: User) -> Sequence[Device]:
    """Where `user` is signed in, the latest first."""
    open_ones = sa.select(Device).where(Device.user_id == user.id, Device.ended_at.is_(None))
    return db.session.scalars(open_ones.order_by(Device.signed_in_at.desc())).all()


def end_device(user: User, device_id: int, *, now: datetime) -> None:
    """Sign out one device of `user`. Raises NoSuchDevice."""
    if not _end(Device.user_id == user.id, Device.id == device_id, now=now):
        raise NoSuchDevice


def end_others(user: User, device_id: int | None, *, now: datetime) -> int:
    """Sign out every device of `user` but this one; returns how many."""
    return _end(Device.user_id == user.id, Device.id != (device_id or 0), now=now)


def name_of(user_agent: str) -> str:
    """What is kept of a browser, in no language; `said_name` is for people.

    >>> name_of("Mozilla/5.0 (Linux; Android 14) … MicroMessenger/8.0.50")
    'WeChat · Android'
    """
    parts = [
        next((name for sign, name in known if sign in user_agent), "")
        for known in (_PROGRAMS, _MACHINES)
    ]
    return _BETWEEN.join(filter(None, parts)) or "?"


def said_name(device: Device) -> str:
    """What people call a device, in the language of the reader."""
    return _BETWEEN.join(str(_WORDS.get(part, part)) for part in device.name.split(_BETWEEN))


def _end(*which: sa.ColumnElement[bool], now: datetime) -> int:
    return rowcount(sa.update(Device).where(Device.ended_at.is_(None), *which).values(ended_at=now))
