"""Owing messages, sending them, and looking at how it went."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.accounts.models import Member, User
from groupbuy.core import crypto
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices import sending
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe
from tests import factories
from tests.conftest import NOON


def owed_notice(**recipient: int) -> int:
    """A committed message, to a guest unless `recipient` says whom."""
    with transaction():
        deal = factories.make_deal(title="周六菜篮子")
        recipient = recipient or {"member_id": factories.make_member(deal.leader).id}
        owe("arrived", "1", now=NOON, deal_id=deal.id, **recipient)
        return db.session.scalars(sa.select(Notice.id)).one()


def make_reader(**values: Any) -> Member:
    """A committed member whose user reads English, has e-mail and WeChat, and `values`."""
    with transaction():
        member = factories.make_member(factories.make_leader())
        user = factories.make_user()
        email = values.pop("email", f"reader-{user.id}@example.com")
        user.email, user.email_hash = email, crypto.lookup_hash(email) if email else None
        user.wechat_openid = values.pop("wechat_openid", f"o-{user.id}")
        user.locale = values.pop("locale", "en")
        for name, value in values.items():
            setattr(user, name, value)
        member.user_id = user.id
        db.session.flush()
        db.session.refresh(member)
        db.session.expunge(member)
    return member


def user_of(member: Member) -> User:
    return db.session.get_one(User, member.user_id)


def send(notice_id: int, now: datetime = NOON) -> bool:
    """Claim, deliver and write down; what the last returns."""
    with transaction():
        assert sending.claim(notice_id, now=now)
    outcomes = sending.deliver(notice_id, now=now)
    with transaction():
        return sending.write_down(notice_id, outcomes, now=now)


def notice_of(notice_id: int) -> Notice:
    db.session.expire_all()
    return db.session.get_one(Notice, notice_id)


def tries(notice_id: int) -> dict[str, tuple[int, bool]]:
    """channel -> (attempts, whether it was sent)"""
    rows = notice_of(notice_id).deliveries
    return {row.channel: (row.attempts, row.sent_at is not None) for row in rows}
