"""Orders made as a guest become those of whoever proves the phone number they were made with."""

from __future__ import annotations

import sqlalchemy as sa

from groupbuy.accounts.membership import GUEST
from groupbuy.accounts.models import Member, User
from groupbuy.extensions import db
from groupbuy.orders.models import Order


def claim(user: User) -> int:
    """Make every guest with the phone number of `user` theirs; returns how many orders that found.

    Only call it when a code has just proven the number: a number alone proves nothing.
    """
    if user.phone_hash is None:
        return 0
    theirs = (
        sa.update(Member)
        .where(Member.phone_hash == user.phone_hash, Member.user_id.is_(None))
        .values(user_id=user.id, source_ref=_without_browser())
        .returning(Member.id)
        .execution_options(synchronize_session=False)
    )
    claimed = list(db.session.execute(theirs).scalars())
    if not claimed:
        return 0
    db.session.expire_all()
    orders = sa.select(sa.func.count()).select_from(Order).where(Order.member_id.in_(claimed))
    return db.session.scalars(orders).one()


def _without_browser() -> sa.ColumnElement[str | None]:
    """A browser that types the number again, unproven, must not find the row that was claimed."""
    by_browser = Member.source_ref.startswith(GUEST, autoescape=True)
    return sa.case((by_browser, sa.null()), else_=Member.source_ref)
