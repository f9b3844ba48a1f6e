"""The message list inside the product: what somebody was told, newest first, read or not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from groupbuy.accounts.models import Member
from groupbuy.core.db import rowcount
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.kinds import KINDS
from groupbuy.notices.models import Notice

PER_PAGE = 30


def messages_of(user_id: int, page: int = 1) -> list[Notice]:
    """A page, counted from 1, of what `user_id` was told, as themselves or as a member anywhere.

    Deal and order come along; ask `wording.title`, `wording.words` and `links.path_of`.
    """
    found = (
        sa.select(Notice)
        .where(*_to(user_id))
        .options(joinedload(Notice.deal).joinedload(Deal.leader), joinedload(Notice.order))
        .order_by(Notice.owed_at.desc(), Notice.id.desc())
        .limit(PER_PAGE)
        .offset((max(page, 1) - 1) * PER_PAGE)
    )
    return list(db.session.scalars(found))


def unread(user_id: int) -> int:
    """How many messages they have not opened."""
    unopened = sa.select(sa.func.count()).select_from(Notice).where(*_to(user_id))
    return db.session.scalars(unopened.where(Notice.read_at.is_(None))).one()


def mark_read(user_id: int, notice_id: int, now: datetime) -> bool:
    """Mark one message as opened; whether it was theirs and new. The caller commits."""
    return _mark(user_id, now, Notice.id == notice_id) == 1


def mark_all_read(user_id: int, now: datetime) -> int:
    """Mark everything they were told as opened; returns how much was new. The caller commits."""
    return _mark(user_id, now)


def _mark(user_id: int, now: datetime, *conditions: Any) -> int:
    mine = sa.update(Notice).where(*_to(user_id), Notice.read_at.is_(None), *conditions)
    return rowcount(mine.values(read_at=now).execution_options(synchronize_session=False))


def _to(user_id: int) -> tuple[Any, ...]:
    """Conditions for the messages of one user.

    Their members are asked for first: with a list PostgreSQL goes by the indexes, with a
    subquery beside an OR it reads the whole table.
    """
    members = db.session.scalars(sa.select(Member.id).where(Member.user_id == user_id)).all()
    return (
        sa.or_(Notice.user_id == user_id, Notice.member_id.in_(members)),
        Notice.kind.in_(KINDS),
    )
