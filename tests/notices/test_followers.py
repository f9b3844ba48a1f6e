"""Followers hear of a deal when it opens, and before it closes if they have not ordered."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from groupbuy import jobs
from groupbuy.accounts.models import Follow, Leader, User
from groupbuy.core.db import transaction
from groupbuy.deals import editing, telling
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.orders.changing import cancel_order
from tests import factories
from tests.conftest import NOON

HOUR = timedelta(hours=1)
CLOSES = NOON + 8 * HOUR
SOON = 2 * HOUR


def make_follower(leader: Leader, since: datetime = NOON - HOUR) -> User:
    user = factories.make_user()
    db.session.add(Follow(leader_id=leader.id, user_id=user.id, since=since))
    db.session.flush()
    return user


def told(kind: str) -> list[int]:
    """Ids of those who were told, as often as they were."""
    users = sa.select(Notice.user_id).where(Notice.kind == kind).order_by(Notice.user_id)
    return list(db.session.scalars(users))


def order_of(user: User, deal: Deal):
    member = factories.make_member(deal.leader)
    member.user_id = user.id
    db.session.flush()
    return factories.make_order(deal, member=member)


def test_a_last_call_goes_to_followers_who_have_not_ordered(app):
    deal = factories.make_deal()
    follower, buyer = make_follower(deal.leader), make_follower(deal.leader)
    order_of(buyer, deal)
    factories.make_user()  # follows nobody
    make_follower(factories.make_leader())  # follows another
    assert telling.tell_closing_soon(CLOSES - SOON - timedelta(seconds=1), SOON) == 0
    assert telling.tell_closing_soon(CLOSES - SOON, SOON) == 1
    assert told("closing_soon") == [follower.id]


def test_the_last_call_comes_once_even_if_the_closing_moves(app):
    deal = factories.make_deal()
    follower = make_follower(deal.leader)
    assert telling.tell_closing_soon(CLOSES - HOUR, SOON) == 1
    assert telling.tell_closing_soon(CLOSES - HOUR, SOON) == 0
    editing.extend(deal, CLOSES + 5 * HOUR, now=CLOSES - HOUR)
    assert telling.tell_closing_soon(CLOSES + 4 * HOUR, SOON) == 0
    assert told("closing_soon") == [follower.id]


def test_who_cancelled_has_not_ordered(app):
    deal = factories.make_deal()
    follower = make_follower(deal.leader)
    cancel_order(order_of(follower, deal), actor_id=follower.id, now=NOON)
    assert telling.tell_closing_soon(CLOSES - HOUR, SOON) == 1


def test_deals_that_are_over_or_not_yet_open_are_not_called_out(app):
    leader = factories.make_leader()
    make_follower(leader)
    factories.make_deal(leader=leader)
    factories.make_draft(leader)
    later = factories.make_deal(leader=leader, opens_at=CLOSES + HOUR, closes_at=CLOSES + 2 * HOUR)
    assert telling.tell_closing_soon(CLOSES, SOON) == 0
    assert telling.tell_opened(CLOSES) == 0
    assert telling.tell_closing_soon(later.opens_at, SOON) == 1


def test_followers_of_the_day_are_told_that_a_deal_has_opened(app):
    deal = factories.make_deal()
    follower = make_follower(deal.leader)
    make_follower(deal.leader, since=NOON + timedelta(minutes=1))  # found it by themselves
    assert telling.tell_opened(NOON - timedelta(seconds=1)) == 0
    assert telling.tell_opened(NOON) == 1
    assert telling.tell_opened(NOON + HOUR) == 0
    assert told("deal_opened") == [follower.id]


def test_an_old_deal_is_no_news(app):
    deal = factories.make_deal(closes_at=NOON + 72 * HOUR)
    make_follower(deal.leader)
    assert telling.tell_opened(NOON + 24 * HOUR) == 0
    assert telling.tell_opened(NOON + 23 * HOUR) == 1


def test_who_disabled_the_account_is_left_alone(app):
    deal = factories.make_deal()
    make_follower(deal.leader).advance("disabled")
    assert telling.tell_opened(NOON) == telling.tell_closing_soon(CLOSES - HOUR, SOON) == 0


def test_the_jobs_tell_followers_as_early_as_the_setting_says(app, monkeypatch):
    monkeypatch.setitem(app.config, "CLOSING_SOON_MINUTES", 30)
    with transaction():
        deal = factories.make_deal()
        make_follower(deal.leader)
    assert jobs.run("announce-opened", NOON).done == 1
    assert jobs.run("closing-soon", CLOSES - HOUR).done == 0
    assert jobs.run("closing-soon", CLOSES - HOUR / 2).done == 1
    assert jobs.send_notices(CLOSES - HOUR / 2).done == 2
