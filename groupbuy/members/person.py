"""Who is asking: somebody signed in, a guest known by this browser's session, or nobody yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import abort, g, session
from flask_login import current_user

from groupbuy.accounts.models import Member, User
from groupbuy.core import crypto
from groupbuy.extensions import db
from groupbuy.orders.models import Order

_NUMBER = re.compile("[0-9A-Za-z-]{1,40}")
_MOST_GUESTS = 20  # leaders a browser is remembered with; the cookie has 4 kB


@dataclass(frozen=True)
class Person:
    """`guest_members`: the member ids that this browser ordered as without signing in."""

    user: User | None
    guest_members: tuple[int, ...]

    def is_member(self) -> sa.ColumnElement[bool]:
        """Whether a row of Member is this person."""
        return whose(self.user.id if self.user else 0, self.guest_members)

    def guest_of(self, leader_id: int, phone: str | None) -> Member | None:
        """The guest of this browser with that number, or whoever it was last."""
        known = sa.select(Member).where(Member.leader_id == leader_id, Member.user_id.is_(None))
        known = known.where(Member.id.in_(self.guest_members)).order_by(Member.id.desc()).limit(1)
        if phone is not None:
            known = known.where(Member.phone_hash == crypto.lookup_hash(phone))
        return db.session.scalars(known).one_or_none()


def whose(user_id: Any, guest_members: Any) -> sa.ColumnElement[bool]:
    """Whether a row of Member is of that user (0: nobody), or a guest of that browser.

    A guest's row that somebody has claimed is theirs alone: whoever only typed their number,
    or lent them a phone, would else see all that they order from then on.
    """
    guest = sa.and_(Member.id.in_(guest_members), Member.user_id.is_(None))
    return sa.or_(guest, Member.user_id == user_id)


def me() -> Person:
    """Whoever sent this request."""
    if "person" not in g:
        user = current_user._get_current_object() if current_user.is_authenticated else None
        g.person = Person(user, tuple(session.get("guest", ())))
    person: Person = g.person
    return person


def remember_guest(member: Member) -> None:
    """From now on this browser may see what `member` ordered."""
    known = [member_id for member_id in session.get("guest", ()) if member_id != member.id]
    session["guest"] = [*known, member.id][-_MOST_GUESTS:]
    session.permanent = True
    g.pop("person", None)


def own_orders() -> sa.Select[Order]:
    """The orders of whoever asks."""
    return sa.select(Order).join(Order.member).where(me().is_member())


def own_order_or_404(number: str) -> Order:
    """The order if it is theirs; somebody else's is as missing as one that never was."""
    if not _NUMBER.fullmatch(number):  # what no order is called never reaches the database
        abort(404)
    order: Order | None = db.session.scalars(own_orders().where(Order.number == number)).first()
    return order or abort(404)
