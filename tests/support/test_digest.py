"""The message of the morning: what waits for a leader, in numbers, at most once a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale

from groupbuy import jobs
from groupbuy.accounts import people
from groupbuy.extensions import db
from groupbuy.notices import wording
from groupbuy.notices.links import path_of
from groupbuy.notices.models import Notice
from groupbuy.pickup.models import DoubleHandover
from groupbuy.support.models import HelpMessage
from tests import factories
from tests.checks import assert_everything_true
from tests.conftest import NOON
from tests.pages.reading import statements
from tests.pickup.rows import ARRIVED, arrive, bags_of, closed_deal

DAY = timedelta(days=1)
EIGHT = NOON - timedelta(hours=4)  # 8:00 where the people are


def digests() -> list[Notice]:
    kind = sa.select(Notice).where(Notice.kind == "waiting").order_by(Notice.id)
    return list(db.session.scalars(kind))


def run(now: datetime) -> jobs.Tally:
    db.session.commit()  # what the test has made so far
    return jobs.leaders_digest(now)


def told(now: datetime) -> dict[str, int]:
    """What one leader is told in a run at `now`."""
    before = len(digests())
    run(now)
    [notice] = digests()[before:]
    return notice.detail or {}


def deal_to_collect():
    times = {"pickup_starts_at": ARRIVED, "pickup_ends_at": ARRIVED + timedelta(hours=3)}
    return closed_deal((2,), (3,), **times)


def test_orders_to_vouch_for_are_told_once_a_day(app: Flask):
    deal = factories.make_deal(closes_at=NOON + 3 * DAY)
    factories.make_order(deal, 1)
    factories.make_order(deal, 1)
    assert told(NOON) == {"to_vouch": 2}
    assert run(NOON + timedelta(hours=5)).done == 0
    assert told(EIGHT + DAY) == {"to_vouch": 2}
    notice = digests()[0]
    assert (notice.user_id, notice.leader_id) == (deal.leader.user_id, deal.leader_id)
    assert path_of(notice) == "/lead"
    with force_locale("en"):
        assert wording.words(notice) == (
            "At your desk: 2 orders to vouch for. Please have a look today."
        )
    assert_everything_true()


def test_nobody_is_told_before_the_hour_and_a_missed_morning_is_made_up_for(app: Flask):
    factories.make_order(factories.make_deal(closes_at=NOON + 3 * DAY), 1)
    assert run(EIGHT + DAY - timedelta(seconds=1)).done == 0
    app.config["DIGEST_HOUR"] = 7
    try:
        assert run(EIGHT + DAY - timedelta(seconds=1)).done == 1
    finally:
        app.config["DIGEST_HOUR"] = 8
    assert run(EIGHT + 2 * DAY + timedelta(hours=15)).done == 1  # at 23:00


def test_lists_and_deliveries_are_told(app: Flask):
    deal = deal_to_collect()
    assert told(deal.closes_at) == {"unanswered": 1}
    assert told(ARRIVED) == {"unanswered": 1, "arriving": 1}


def test_bags_cases_and_calls_for_help_are_told(app: Flask):
    deal = deal_to_collect()
    arrive(deal)
    late = ARRIVED + timedelta(hours=2)
    case = DoubleHandover(leader_id=deal.leader_id, pickup_id=bags_of(deal)[0].id, nonce="n")
    case.scanned_at = case.reported_at = late
    asked = {"leader_id": deal.leader_id, "step": "cart", "text": "?", "contact": "张 1"}
    db.session.add_all([case, HelpMessage(at=late, **asked)])
    db.session.add(HelpMessage(at=late, answered_at=late, **asked))
    assert told(late) == {"to_hand_over": 2, "doubles": 1, "questions": 1}
    assert told(late + DAY) == {"uncollected": 2, "doubles": 1, "questions": 1}


def test_where_nothing_waits_nothing_is_said(app: Flask):
    factories.make_deal(closes_at=NOON + 3 * DAY)
    assert run(NOON).done == 0
    assert digests() == []


def test_helpers_and_leaders_whose_group_is_closed_are_not_told(app: Flask):
    deal = factories.make_deal(closes_at=NOON + 3 * DAY)
    factories.make_order(deal, 1)
    rights = {"pickup": True, "orders": True}
    people.grant(factories.make_user(), "helper", leader=deal.leader, rights=rights, now=NOON)
    closed = factories.make_deal(closes_at=NOON + 3 * DAY)
    factories.make_order(closed, 1)
    closed.leader.advance("disabled")
    db.session.flush()
    run(NOON)
    assert [notice.user_id for notice in digests()] == [deal.leader.user_id]


@pytest.mark.parametrize("orders", [1, 12])
def test_counting_takes_few_statements_however_much_waits(app: Flask, orders: int):
    deal = factories.make_deal(closes_at=NOON + 3 * DAY)
    for _each in range(orders):
        factories.make_order(deal, 1)
    db.session.commit()
    with statements() as asked:
        jobs.leaders_digest(NOON)
    assert len(asked) <= 20
