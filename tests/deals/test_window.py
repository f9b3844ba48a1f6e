"""The window is half-open, to the microsecond, by the deal's state and the later clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groupbuy.core import clock
from groupbuy.deals.window import DealClosed, NotOpenYet, lock_for_buying, lock_for_paying
from groupbuy.purchasing import closing
from tests import factories
from tests.checks import refused
from tests.conftest import NOON

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("after_closing", "phase"), [(-1, "open"), (0, "closing"), (1, "closing"), (10**12, "closing")]
)
def test_at_exactly_its_closing_a_deal_takes_no_order(app, after_closing, phase):
    deal = factories.make_deal()
    now = deal.closes_at + timedelta(microseconds=after_closing)
    assert deal.phase(now) == phase
    if phase == "open":
        assert factories.make_order(deal, now=now).placed_at == now
    else:
        with refused(DealClosed):
            factories.make_order(deal, now=now)


@pytest.mark.parametrize(("after_opening", "phase"), [(-1, "upcoming"), (0, "open"), (1, "open")])
def test_at_exactly_its_opening_a_deal_takes_orders(app, after_opening, phase):
    deal = factories.make_deal(opens_at=NOON + timedelta(days=1))
    now = deal.opens_at + after_opening * TICK
    assert deal.phase(now) == phase
    if phase == "open":
        assert factories.make_order(deal, now=now).placed_at == now
    else:
        with refused(NotOpenYet):
            factories.make_order(deal, now=now)


def test_state_beats_the_clock(app):
    deal = factories.make_deal()
    closing.begin_early(deal, because="卖完了", now=NOON + timedelta(hours=1))
    deal.closes_at = NOON + timedelta(days=3)
    with refused(DealClosed):
        factories.make_order(deal, now=NOON + timedelta(hours=2))


def test_a_slow_host_lets_nobody_in_after_the_database_clock(app):
    opened = clock.now() - timedelta(days=1)
    deal = factories.make_deal(opens_at=opened, closes_at=clock.now() + timedelta(hours=1))
    deal.closes_at = clock.now() - timedelta(minutes=1)
    with refused(DealClosed):
        factories.make_order(deal, now=opened + timedelta(minutes=1))


def test_the_instant_that_counts_is_returned(app):
    deal = factories.make_deal()
    assert lock_for_buying(deal, NOON) == NOON


def test_money_counts_until_the_closing_has_decided(app):
    deal = factories.make_deal()
    lock_for_paying(deal)
    closing.begin(deal, now=deal.closes_at)
    lock_for_paying(deal)
    closing.finish(deal, now=deal.closes_at)
    with refused(DealClosed):
        lock_for_paying(deal)


def test_a_draft_has_not_opened_yet(app):
    leader = factories.make_leader()
    deal = factories.make_draft(leader)
    with refused(NotOpenYet):
        lock_for_buying(deal, NOON)
    with refused(DealClosed):
        lock_for_paying(deal)
