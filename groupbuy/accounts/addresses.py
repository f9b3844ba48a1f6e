"""Contacts people keep, so that nothing has to be typed twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Address, User
from groupbuy.accounts.people import hold
from groupbuy.core.db import rowcount
from groupbuy.core.errors import RuleBroken
from groupbuy.extensions import db

PARTS = ("name", "phone", "building", "unit", "room")
MOST = 20


class TooManyAddresses(RuleBroken):
    """As many as anybody may keep; one has to go first."""

    message = _l("You keep %(most)s addresses, and there is no room for more. Delete one first.")


def of(user: User) -> Sequence[Address]:
    """The addresses of `user`: the default first, then the one used last."""
    return db.session.scalars(_in_order(user)).all()


def default(user: User) -> Address | None:
    """The one chosen as default, else the one used last."""
    return db.session.scalars(_in_order(user).limit(1)).one_or_none()


def own(user: User, address_id: int) -> Address | None:
    """The address, if it is theirs."""
    mine = sa.select(Address).where(Address.id == address_id, Address.user_id == user.id)
    return db.session.scalars(mine).one_or_none()


def add(user: User, contact: dict[str, str], *, now: datetime) -> Address:
    """Keep `contact` (the PARTS, normalised); one that is known is the one used last again.

    Raises TooManyAddresses.
    """
    known = _alone(user)
    if twin := _same(known, contact):
        twin.used_at = now
        return twin
    if len(known) >= MOST:
        raise TooManyAddresses(most=MOST)
    return _keep(user, contact, now)


def remember(user: User, contact: dict[str, str], *, now: datetime) -> None:
    """Keep the contact of an order for the next one.

    Where there is no room, the one that was not used for longest makes it; never the default.
    """
    hold(user.id)
    same = {"user": user.id, "hash": Address.hash_of(_parts(contact)), "now": now}
    if db.session.connection().execute(_using(), same).rowcount:
        return
    known = _alone(user)
    if len(known) >= MOST:
        # Accounts that were joined may hold more than MOST.
        for old in [address for address in known if not address.is_default][
            MOST - 1 - len(known) :
        ]:
            db.session.delete(old)
    _keep(user, contact, now)


def change(user: User, address: Address, contact: dict[str, str], *, now: datetime) -> None:
    """Write `contact` over `address`; another that says the same goes, so that none is twice."""
    twin = _same([known for known in _alone(user) if known.id != address.id], contact)
    if twin:
        address.is_default = address.is_default or twin.is_default
        db.session.delete(twin)
    address.contact, address.used_at = _parts(contact), now
    db.session.flush()


def make_default(user: User, address: Address) -> None:
    """Let `address` be the one that forms begin with."""
    _alone(user)
    others = sa.update(Address).where(Address.user_id == user.id, Address.id != address.id)
    rowcount(others.values(is_default=False))
    address.is_default = True
    db.session.flush()


def delete(address: Address) -> None:
    """Forget `address`; orders keep what they were told."""
    db.session.delete(address)
    db.session.flush()


def _in_order(user: User) -> sa.Select[Address]:
    mine = sa.select(Address).where(Address.user_id == user.id)
    return mine.order_by(Address.is_default.desc(), Address.used_at.desc(), Address.id.desc())


@cache
def _using() -> sa.Update:
    address = Address.__table__
    mine = (
        address.c.user_id == sa.bindparam("user"),
        address.c.contact_hash == sa.bindparam("hash"),
    )
    now = sa.bindparam("now", type_=address.c.used_at.type)
    return sa.update(address).where(*mine).values(used_at=now)


def _alone(user: User) -> Sequence[Address]:
    """What `user` keeps, while nobody else changes it: two orders at once keep a contact once."""
    hold(user.id)
    return db.session.scalars(_in_order(user).execution_options(populate_existing=True)).all()


def _same(known: Sequence[Address], contact: dict[str, str]) -> Address | None:
    wanted = _parts(contact)
    return next((address for address in known if _parts(address.contact) == wanted), None)


def _keep(user: User, contact: dict[str, str], now: datetime) -> Address:
    address = Address(user_id=user.id, contact=_parts(contact), is_default=False, used_at=now)
    db.session.add(address)
    db.session.flush()
    return address


def _parts(contact: dict[str, str]) -> dict[str, str]:
    """All PARTS, so that one left out is the same as one left empty."""
    return {part: contact.get(part, "") for part in PARTS}
