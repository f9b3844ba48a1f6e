"""Who ordered is told when the time or the place to collect changes: once for each change."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask_babel import force_locale

from groupbuy.accounts import points
from groupbuy.deals import telling
from groupbuy.deals.editing_open import OpenDealForm, edit_open
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from groupbuy.orders.changing import cancel_order
from tests import factories
from tests.checks import assert_everything_true
from tests.conftest import NOON
from tests.pickup.rows import ready_bag

HOUR = timedelta(hours=1)
STARTS, ENDS = NOON + 29 * HOUR, NOON + 32 * HOUR  # the next day, 17:00 to 20:00


def told(kind: str) -> list[Notice]:
    return list(db.session.scalars(sa.select(Notice).where(Notice.kind == kind)))


def deal_with_orders():
    deal = factories.make_deal(pickup_starts_at=STARTS, pickup_ends_at=ENDS)
    member = factories.make_member(deal.leader)
    for _twice in range(2):
        factories.make_order(deal, 1, member=member)
    factories.make_placed(deal, 1)
    cancel_order(factories.make_order(deal, 1), actor_id=None, now=NOON)
    return deal


def move(deal, starts_at, ends_at, *, intro: str = "", now=NOON) -> None:
    edit_open(deal, OpenDealForm(intro, starts_at, ends_at), now=now)


def test_each_person_with_an_order_is_told_once_when_the_pickup_moves(app):
    deal = deal_with_orders()
    move(deal, STARTS + HOUR, ENDS + HOUR)
    notices = told("pickup_moved")
    assert len({notice.member_id for notice in notices}) == len(notices) == 2
    with force_locale("en"):
        assert "New time: 05-13 18:00–21:00." in words(notices[0])
    move(deal, STARTS + 2 * HOUR, ENDS + 26 * HOUR, now=NOON + HOUR)
    assert len(told("pickup_moved")) == 4
    with force_locale("en"):
        assert "05-13 18:00–21:00" in words(notices[0])  # as it was said
        assert "05-13 19:00–05-14 22:00" in words(told("pickup_moved")[-1])
    assert_everything_true()


def test_other_changes_are_no_news(app):
    deal = deal_with_orders()
    move(deal, STARTS.replace(second=0), ENDS, intro="新的说明")
    assert told("pickup_moved") == []


def test_a_time_that_is_taken_back_is_told_too(app):
    deal = deal_with_orders()
    move(deal, None, None)
    with force_locale("en"):
        assert "the leader will tell you when" in words(told("pickup_moved")[0])


def test_who_still_collects_at_a_point_is_told_where_it_is_now(app):
    bag = ready_bag(2)
    elsewhere = factories.make_deal(leader=bag.deal.leader)
    factories.make_order(elsewhere, 1)
    form = points.PointForm(bag.point.name, "南门外 5 号", "")
    assert points.change_point(bag.point, form, by_id=bag.deal.leader.user_id, now=NOON)
    telling.tell_place_moved(bag.point, now=NOON)
    [notice] = told("place_moved")
    assert (notice.member_id, notice.deal_id) == (bag.member_id, bag.deal_id)
    with force_locale("en"):
        assert f"{bag.point.name} · 南门外 5 号" in words(notice)


def test_other_hours_are_no_other_place(app):
    point = factories.make_point(factories.make_leader())
    form = points.PointForm(point.name, point.address, "17:00")
    assert not points.change_point(point, form, by_id=None, now=NOON)
