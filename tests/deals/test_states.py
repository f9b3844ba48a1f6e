"""A deal walks through its states by the table and in no other way."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from groupbuy.core.errors import WrongState
from groupbuy.deals.editing import publish
from groupbuy.deals.models import DEAL_STATES, Deal
from groupbuy.deals.window import DealClosed
from groupbuy.orders.ending import cancel_deal
from groupbuy.purchasing import closing
from tests import factories
from tests.checks import refused, refused_by_the_database, run_sql
from tests.conftest import NOON

ALLOWED = {
    ("draft", "open"),
    ("draft", "cancelled"),
    ("open", "closing"),
    ("open", "cancelled"),
    ("closing", "closed"),
    ("closing", "failed"),
    ("closed", "arrived"),
    ("closed", "open"),
}
STEPS = list(itertools.product(DEAL_STATES, repeat=2))


def deal_in(state: str) -> Deal:
    deal = factories.make_deal()
    run_sql("UPDATE deal SET state = :state WHERE id = :id", state=state, id=deal.id)
    return deal


@pytest.mark.parametrize(("old", "new"), STEPS, ids=[f"{old}-{new}" for old, new in STEPS])
def test_a_deal_moves_by_the_table_only(app, old, new):
    deal = deal_in(old)
    if (old, new) in ALLOWED:
        assert deal.advance(new).state == new
    else:
        with refused(WrongState, old):
            deal.advance(new)
        assert deal.state == old


def test_the_database_knows_no_other_state(app):
    deal = factories.make_deal()
    with refused_by_the_database():
        run_sql("UPDATE deal SET state = 'paused' WHERE id = :id", id=deal.id)


@pytest.mark.parametrize("state", [state for state in DEAL_STATES if state != "draft"])
def test_only_a_draft_is_published(app, state):
    with refused(WrongState, state):
        publish(deal_in(state), now=NOON)


@pytest.mark.parametrize("state", [s for s in DEAL_STATES if s not in ("draft", "open")])
def test_what_has_closed_or_ended_is_not_called_off(app, state):
    with refused(WrongState, state):
        cancel_deal(deal_in(state), because="下雨", now=NOON)


@pytest.mark.parametrize("state", [s for s in DEAL_STATES if s not in ("open", "closing")])
def test_what_is_not_open_does_not_begin_to_close(app, state):
    deal = deal_in(state)
    with refused(WrongState, state):
        closing.begin(deal, now=NOON + timedelta(days=1))
    with refused(WrongState, state):
        closing.begin_early(deal, because="卖完了", now=NOON + timedelta(hours=1))


@pytest.mark.parametrize("state", [s for s in DEAL_STATES if s != "closing"])
def test_only_what_is_closing_is_decided(app, state):
    with refused(WrongState, state):
        closing.finish(deal_in(state), now=NOON + timedelta(days=1))


@pytest.mark.parametrize("state", [s for s in DEAL_STATES if s not in ("open", "draft")])
def test_nothing_is_ordered_from_a_deal_that_is_over(app, state):
    deal = deal_in(state)
    with refused(DealClosed):
        factories.make_order(deal)


def test_a_draft_can_be_dropped(app):
    deal = deal_in("draft")
    assert cancel_deal(deal, because="写错了", now=NOON) == 0
    assert (deal.state, deal.ended_because) == ("cancelled", "写错了")
