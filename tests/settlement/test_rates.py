"""What part is the leader's: item before deal before leader, fixed when the deal closes."""

from __future__ import annotations

from datetime import timedelta

from groupbuy.deals import commission
from groupbuy.extensions import db
from groupbuy.purchasing.reopening import reopen
from groupbuy.settlement import rates
from tests import factories
from tests.checks import refused, unreadable
from tests.conftest import NOON
from tests.operators.desks import logged
from tests.pickup import rows
from tests.settlement.stage import a_leader, commission_of, sold


def test_an_items_rate_counts_before_its_deals_and_that_before_the_leaders(app):
    leader = a_leader(500)
    plain = sold((1, 1), leader=leader)
    assert [item.commission_bp for item in plain.items] == [500, 500]
    skus = [factories.make_sku(leader, price_fen=1000) for _ in range(2)]
    deal = factories.make_deal(leader=leader, skus=skus)
    rates.set_for_deal(deal, 800, by_id=leader.user_id, now=NOON)
    rates.set_for_item(deal.items[1], 0, by_id=leader.user_id, now=NOON)
    factories.make_placed(deal, 1, 1)
    rows.close(deal)
    assert [item.commission_bp for item in deal.items] == [800, 0]


def test_a_rate_changed_after_the_closing_touches_only_deals_that_close_later(app):
    leader = a_leader(1000)
    deal = sold((2,), (1,), leader=leader)
    assert commission_of(leader) == (300, 0)
    rates.set_for_leader(leader, 2000, by_id=leader.user_id, now=NOON)
    with refused(rates.RateFixed):
        rates.set_for_deal(deal, 1, by_id=leader.user_id, now=NOON)
    with refused(rates.RateFixed):
        rates.set_for_item(deal.items[0], 1, by_id=leader.user_id, now=NOON)
    sold((1,), leader=leader)
    assert commission_of(leader) == (500, 0)


def test_a_deal_that_was_reopened_keeps_the_rates_of_its_first_closing(app):
    deal = rows.closed_deal((3,), leader=a_leader(500))
    reopen(deal, rows.CLOSED + timedelta(days=1), now=rows.CLOSED)
    with refused(rates.RateFixed):
        rates.set_for_deal(deal, 800, by_id=deal.leader.user_id, now=rows.CLOSED)
    with refused(rates.RateFixed):
        rates.set_for_item(deal.items[0], 800, by_id=deal.leader.user_id, now=rows.CLOSED)


def test_freezing_again_changes_nothing(app):
    deal = sold(leader=a_leader(700))
    deal.leader.commission_bp = 900
    db.session.flush()
    commission.freeze(deal)
    assert [item.commission_bp for item in deal.items] == [700]


def test_half_a_fen_of_commission_is_rounded_up_once_per_line(app):
    leader = a_leader(5)  # 0.05 % of ¥10 is half a fen
    sold((1,), (3,), leader=leader)
    assert commission_of(leader) == (1 + 2, 0)


def test_who_changed_a_rate_is_written_down(app):
    leader = a_leader(500)
    rates.set_for_leader(leader, 650, by_id=leader.user_id, now=NOON)
    [entry] = logged("commission_rate")
    assert entry.detail == {"from_bp": 500, "to_bp": 650}


def test_a_rate_beyond_the_whole_is_refused(app):
    leader = a_leader()
    with unreadable():
        rates.set_for_leader(leader, 10_001, by_id=leader.user_id, now=NOON)
