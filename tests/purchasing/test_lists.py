"""Purchase lists: what each supplier is asked for, sealed."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.orders.models import OrderLine
from groupbuy.purchasing import lists
from tests import factories
from tests.checks import count
from tests.purchasing.listed import closed, lines_of, one_supplier


def test_orders_are_added_up_per_item_into_packs_and_loose_pieces(app):
    deal = one_supplier({"pack_size": 6, "price_fen": 1000}, {"pack_size": 1, "price_fen": 30})
    for pieces in ((5, 1), (6, 0), (3, 2)):
        factories.make_placed(deal, *pieces)
    eggs, greens = lines_of(deal)
    assert (eggs.pieces, eggs.packs, eggs.loose_pieces, eggs.pack_size) == (14, 2, 2, 6)
    assert (eggs.unit_price_fen, eggs.amount_fen, eggs.position) == (1000, 14000, 1)
    assert (greens.pieces, greens.packs, greens.loose_pieces) == (3, 3, 0)
    assert (greens.unit_price_fen, greens.amount_fen, greens.position) == (30, 90, 2)


@pytest.mark.parametrize(
    ("pieces", "packs", "loose"), [(5, 0, 5), (6, 1, 0), (7, 1, 1), (12, 2, 0), (9999, 1666, 3)]
)
def test_packs_at_their_edges(app, pieces, packs, loose):
    deal = one_supplier({"pack_size": 6})
    factories.make_placed(deal, pieces)
    [line] = lines_of(deal)
    assert (line.packs, line.loose_pieces) == (packs, loose)


def test_a_line_tells_what_the_supplier_needs_to_know(app):
    deal = one_supplier(
        {"code": "EGG", "supplier_code": "00012", "spec": "30 枚", "unit": "盒", "name": "土鸡蛋"}
    )
    factories.make_placed(deal, 1)
    [line] = lines_of(deal)
    told = (line.code, line.supplier_code, line.spec, line.unit, line.name)
    assert told == ("EGG", "00012", "30 枚", "盒", "土鸡蛋")


def test_the_supplier_is_paid_the_cost_where_it_is_known(app):
    deal = one_supplier({"price_fen": 1000, "cost_fen": 700}, {"price_fen": 1000})
    factories.make_placed(deal, 2, 2)
    costed, plain = lines_of(deal)
    assert (costed.unit_price_fen, costed.amount_fen) == (700, 1400)
    assert (plain.unit_price_fen, plain.amount_fen) == (1000, 2000)


def test_orders_at_different_prices_have_no_unit_price_and_a_true_amount(app):
    deal = one_supplier({"price_fen": 1000})
    factories.make_placed(deal, 2)
    deal.items[0].price_fen = 900
    factories.make_placed(deal, 3)
    [line] = lines_of(deal)
    assert (line.unit_price_fen, line.amount_fen, line.pieces) == (None, 4700, 5)


def test_each_supplier_gets_a_list_of_their_own_goods(app):
    leader = factories.make_leader()
    farm, mill = (factories.make_supplier(leader) for _ in range(2))
    skus = [factories.make_sku(leader, supplier) for supplier in (farm, mill, farm)]
    deal = factories.make_deal(leader=leader, skus=skus)
    factories.make_placed(deal, 1, 2, 3)
    by_supplier = {one.supplier_id: one.current.lines for one in closed(deal)}
    assert [line.pieces for line in by_supplier[farm.id]] == [1, 3]
    assert [line.position for line in by_supplier[farm.id]] == [1, 2]
    assert [line.pieces for line in by_supplier[mill.id]] == [2]


def test_pieces_are_split_among_the_points(app):
    deal = one_supplier({}, {}, points=2)
    here, there = (point.id for point in deal.points)
    for point_id, pieces in ((here, (2, 1)), (here, (3, 0)), (there, (4, 0))):
        factories.make_placed(deal, *pieces, point_id=point_id)
    first, second = lines_of(deal)
    assert {split.point_id: split.pieces for split in first.splits} == {here: 5, there: 4}
    assert {split.point_id: split.pieces for split in second.splits} == {here: 1}


def test_only_confirmed_pieces_are_asked_for(app):
    deal = one_supplier({}, {})
    factories.make_placed(deal, 2, 0)
    factories.make_order(deal, 5, 5)  # never paid
    [line] = lines_of(deal)
    assert (line.item_id, line.pieces) == (deal.items[0].id, 2)


def test_every_confirmed_line_knows_its_purchase_line_and_no_other_does(app):
    deal = one_supplier({}, {})
    order, unpaid = factories.make_placed(deal, 1, 2), factories.make_order(deal, 1)
    expected = {line.item_id: line.id for line in lines_of(deal)}
    stamped = {line.item_id: line.purchase_line_id for line in order.lines}
    assert stamped == expected
    assert [line.purchase_line_id for line in unpaid.lines] == [None]


def test_who_has_nothing_to_deliver_gets_an_empty_list_and_is_told(app):
    leader = factories.make_leader()
    farm, mill = (factories.make_supplier(leader) for _ in range(2))
    skus = [factories.make_sku(leader, supplier) for supplier in (farm, mill)]
    deal = factories.make_deal(leader=leader, skus=skus)
    factories.make_placed(deal, 1)
    assert [len(one.current.lines) for one in closed(deal)] == [1, 0]
    told = sa.select(Notice.kind, Notice.supplier_id).where(Notice.supplier_id.is_not(None))
    assert set(db.session.execute(told).all()) == {
        ("list_issued", farm.id),
        ("nothing_ordered", mill.id),
    }


def test_lists_are_numbered_by_the_local_day_and_begin_with_revision_1(app):
    [purchase_list] = closed(one_supplier({}))
    assert re.fullmatch(r"PL20350512-[2-9A-HJKMNP-Z]{6}", purchase_list.number)
    assert (purchase_list.current_revision, purchase_list.current.revision) == (1, 1)
    assert purchase_list.current.issued_at == purchase_list.deal.closed_at


def test_totals_add_up_what_the_lists_say(app):
    deal = one_supplier({"price_fen": 1000}, {"price_fen": 30})
    factories.make_placed(deal, 2, 3)
    [purchase_list] = closed(deal)
    assert lists.totals(deal) == [
        {
            "list_id": purchase_list.id,
            "number": purchase_list.number,
            "supplier_id": purchase_list.supplier_id,
            "revision": 1,
            "sha256": purchase_list.current.sha256,
            "lines": 2,
            "pieces": 5,
            "amount_fen": 2090,
        }
    ]


def test_totals_of_an_empty_list_are_zeros(app):
    deal = one_supplier({})
    closed(deal)
    [totals] = lists.totals(deal)
    assert (totals["lines"], totals["pieces"], totals["amount_fen"]) == (0, 0, 0)


def test_lines_of_two_orders_of_one_household_are_one_sum(app):
    deal = one_supplier({})
    member = factories.make_member(deal.leader)
    for _ in range(2):
        factories.make_placed(deal, 2, member=member)
    [line] = lines_of(deal)
    assert line.pieces == 4
    assert count(OrderLine, OrderLine.purchase_line_id == line.id) == 2
