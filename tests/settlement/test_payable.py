"""What a delivery costs: usable pieces that were ordered, at the price of the list."""

from __future__ import annotations

import pytest

from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.pickup import arrival, shortage
from groupbuy.purchasing.models import PurchaseLine
from tests import factories
from tests.checks import run_sql
from tests.pickup import rows
from tests.pickup.rows import ARRIVED


def owed(deal) -> list[int]:
    return [-ledger.balance_fen("supplier", s.supplier_id) for s in rows.lists_of(deal)]


def count_in(deal, received: int, damaged: int) -> None:
    [asked] = rows.lists_of(deal)
    [line] = asked.current.lines
    counted = arrival.count_in(asked, {line.id: (received, damaged)}, by_id=None, now=ARRIVED)
    shortage.carry_out(counted, "payment", by_id=None, now=ARRIVED)


@pytest.mark.parametrize(
    ("received", "damaged", "fen"),
    [(5, 0, 5000), (4, 1, 3000), (5, 5, 0), (0, 0, 0), (9, 0, 5000), (9, 6, 3000)],
)
def test_a_supplier_is_owed_the_usable_pieces_that_were_ordered(app, received, damaged, fen):
    deal = rows.closed_deal((2,), (3,))
    count_in(deal, received, damaged)
    assert owed(deal) == [fen]
    assert ledger.balance_fen("goods", deal.id) == fen


def test_the_cost_counts_not_the_price(app):
    leader = factories.make_leader()
    sku = factories.make_sku(leader, price_fen=1000, cost_fen=700)
    deal = rows.closed_deal((3,), leader=leader, skus=[sku])
    rows.arrive(deal)
    assert owed(deal) == [2100]


def test_a_line_with_several_prices_costs_their_mean_rounded_half_up_once(app):
    deal = factories.make_deal(
        skus=[factories.make_sku(leader := factories.make_leader(), price_fen=1000)], leader=leader
    )
    factories.make_placed(deal, 1)
    run_sql("UPDATE deal_item SET price_fen = 1001")
    factories.make_placed(deal, 1)
    rows.close(deal)
    line = db.session.query(PurchaseLine).one()
    assert (line.unit_price_fen, line.amount_fen, line.pieces) == (None, 2001, 2)
    rows.arrive(deal, 1)
    assert owed(deal) == [1001]


def test_each_supplier_is_owed_their_own(app):
    leader = factories.make_leader()
    skus = [factories.make_sku(leader, price_fen=fen) for fen in (300, 500)]
    deal = rows.closed_deal((1, 2), leader=leader, skus=skus)
    rows.arrive(deal)
    assert owed(deal) == [300, 1000]
