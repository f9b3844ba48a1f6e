"""Everybody reads their own messages, as themselves and as a member anywhere, and no other's."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.notices import inbox
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe
from tests import factories
from tests.conftest import NOON

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def told(app):
    """A user with five messages, by three ways, beside a stranger with one; the user's id."""
    user, stranger = factories.make_user(), factories.make_user()
    deals = [factories.make_deal() for _ in range(2)]
    for number, deal in enumerate(deals):
        member, other = (factories.make_member(deal.leader) for _ in range(2))
        member.user_id, other.user_id = user.id, stranger.id
        db.session.flush()
        at = NOON + timedelta(minutes=number)
        owe("arrived", f"a{number}", now=at, member_id=member.id, deal_id=deal.id)
        owe("short", f"s{number}", now=at, member_id=member.id, deal_id=deal.id)
        owe("arrived", f"x{number}", now=at, member_id=other.id, deal_id=deal.id)
    owe("deal_opened", "1", now=NOON + timedelta(minutes=5), user_id=user.id, deal_id=deals[0].id)
    owe("of_another_time", "1", now=NOON, user_id=user.id)
    owe("arrived", "guest", now=NOON, member_id=factories.make_member(deals[0].leader).id)
    return user.id


def keys(user_id: int, page: int = 1) -> list[str]:
    return [notice.key for notice in inbox.messages_of(user_id, page)]


def test_messages_are_listed_newest_first(told):
    assert keys(told) == [
        "deal_opened:1",
        "short:s1",
        "arrived:a1",
        "short:s0",
        "arrived:a0",
    ]


def test_pages_hold_thirty(app):
    user = factories.make_user()
    for number in range(31):
        owe("help", f"{number}", now=NOON + timedelta(minutes=number), user_id=user.id)
    assert [len(keys(user.id, page)) for page in (1, 2, 3)] == [30, 1, 0]
    assert keys(user.id, 2) == ["help:0"]
    assert keys(user.id, 0) == keys(user.id, 1)


def test_opening_one_message_leaves_the_others(told):
    assert inbox.unread(told) == 5
    first = inbox.messages_of(told)[0]
    assert inbox.mark_read(told, first.id, LATER) is True
    assert inbox.mark_read(told, first.id, LATER + timedelta(hours=1)) is False
    assert inbox.unread(told) == 4
    db.session.expire_all()
    assert first.read_at == LATER


def test_all_are_opened_at_once(told):
    assert inbox.mark_all_read(told, LATER) == 5
    assert inbox.mark_all_read(told, LATER) == 0
    assert inbox.unread(told) == 0


def test_nobody_opens_what_was_told_to_another(told):
    foreign = sa.select(Notice.id).where(Notice.key == "arrived:x0")
    assert inbox.mark_read(told, db.session.scalars(foreign).one(), LATER) is False
    inbox.mark_all_read(told, LATER)
    opened = sa.select(Notice.key).where(Notice.read_at.is_not(None))
    assert set(db.session.scalars(opened)) == {
        "deal_opened:1",
        "short:s1",
        "arrived:a1",
        "short:s0",
        "arrived:a0",
    }


def test_somebody_without_messages_has_an_empty_list(app):
    user = factories.make_user()
    assert (inbox.messages_of(user.id), inbox.unread(user.id)) == ([], 0)
