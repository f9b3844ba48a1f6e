"""Pieces are held and given back by guarded counters, each explained by a move."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from groupbuy.core.db import on_postgresql, transaction
from groupbuy.deals import stock
from groupbuy.deals.models import DealItem, StockMove
from groupbuy.deals.stock import SoldOut
from groupbuy.extensions import db
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.models import Order, OrderLine
from tests import factories
from tests.checks import count, in_thread, refused, refused_by_the_database, run_sql
from tests.conftest import NOON


def sold(item: DealItem) -> int:
    return db.session.scalars(sa.select(DealItem.sold).where(DealItem.id == item.id)).one()


def moves(item: DealItem) -> list[tuple[str, int]]:
    rows = sa.select(StockMove.kind, StockMove.pieces).where(StockMove.item_id == item.id)
    return [(kind, pieces) for kind, pieces in db.session.execute(rows.order_by(StockMove.id))]


def test_an_order_holds_its_pieces_and_a_move_explains_them(app):
    deal = factories.make_deal(stock=5)
    factories.make_order(deal, 3)
    assert sold(deal.items[0]) == 3
    assert moves(deal.items[0]) == [("hold", 3)]


def test_the_last_piece_is_sold_and_not_one_more(app):
    deal = factories.make_deal(stock=3)
    factories.make_order(deal, 3)
    with refused(SoldOut):
        factories.make_order(deal, 1)
    assert sold(deal.items[0]) == 3


def test_sold_out_names_the_item_and_what_is_left(app):
    leader = factories.make_leader()
    deal = factories.make_deal(
        leader=leader, skus=[factories.make_sku(leader, name="草莓")], stock=5
    )
    factories.make_order(deal, 3)
    with force_locale("en"), refused(SoldOut, "“草莓”: only 2 left.") as caught:
        factories.make_order(deal, 3)
    assert caught.value.facts == {"item": "草莓", "left": 2, "item_id": deal.items[0].id}


def test_one_item_sold_out_holds_nothing_of_the_others(app):
    leader = factories.make_leader()
    skus = [factories.make_sku(leader) for _ in range(3)]
    deal = factories.make_deal(leader=leader, skus=skus, stock=4)
    factories.make_order(deal, 0, 3, 0)
    before = [sold(item) for item in deal.items]
    with refused(SoldOut) as caught:
        factories.make_order(deal, 1, 2, 1)
    assert caught.value.facts["item_id"] == deal.items[1].id
    assert [sold(item) for item in deal.items] == before
    assert count(Order) == 1


def test_an_item_without_stock_is_unlimited(app):
    deal = factories.make_deal(stock=None)
    factories.make_order(deal, 9999)
    factories.make_order(deal, 9999)
    assert sold(deal.items[0]) == 19998


def test_an_item_of_stock_zero_is_sold_out_from_the_start(app):
    deal = factories.make_deal(stock=0)
    with refused(SoldOut) as caught:
        factories.make_order(deal, 1)
    assert caught.value.facts["left"] == 0


def test_what_is_cancelled_can_be_sold_again(app):
    deal = factories.make_deal(stock=2)
    order = factories.make_order(deal, 2)
    cancel_order(order, now=NOON, actor_id=None)
    factories.make_order(deal, 2)
    assert moves(deal.items[0]) == [("hold", 2), ("release", -2), ("hold", 2)]
    assert sold(deal.items[0]) == 2


def test_two_lines_of_one_item_are_counted_together(app):
    deal = factories.make_deal(stock=4)
    order = factories.make_order(deal, 2)
    [line] = order.lines
    twin = OrderLine(
        leader_id=line.leader_id,
        deal_id=line.deal_id,
        order_id=line.order_id,
        item_id=line.item_id,
        position=2,
        price_fen=line.price_fen,
        quantity=2,
        cancelled_pieces=0,
        short_pieces=0,
    )
    order.lines.append(twin)
    order.due_fen *= 2
    db.session.flush()
    with refused(SoldOut):
        stock.reserve([line, twin], "x", now=NOON)
    stock.reserve([twin], "x", now=NOON)
    stock.release([(line, 1), (twin, 1)], "y", now=NOON)
    line.cancelled_pieces = twin.cancelled_pieces = 1
    order.due_fen //= 2
    assert sold(deal.items[0]) == 2


def test_the_same_change_is_never_counted_twice(app):
    deal = factories.make_deal()
    [line] = factories.make_order(deal, 2).lines
    with refused_by_the_database("idem_key"):
        stock.reserve([line], "placed", now=NOON)
    assert sold(deal.items[0]) == 2


def test_more_is_never_given_back_than_was_held(app):
    deal = factories.make_deal()
    [line] = factories.make_order(deal, 2).lines
    with refused_by_the_database("ck_deal_item_sold"):
        stock.release([(line, 3)], "x", now=NOON)


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("sold", -1, "ck_deal_item_sold"),
        ("sold", 6, "ck_deal_item_sold"),
        ("stock", 1, "ck_deal_item_sold"),
        ("price_fen", -1, "ck_deal_item_price"),
        ("pack_size", 0, "ck_deal_item_pack_size"),
        ("limit_per_person", 0, "ck_deal_item_limit_per_person"),
    ],
)
def test_the_database_is_the_second_wall_of_an_item(app, column, value, constraint):
    deal = factories.make_deal(stock=5)
    factories.make_order(deal, 2)
    with refused_by_the_database(constraint):
        run_sql(f"UPDATE deal_item SET {column} = :value", value=value)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("closes_at = opens_at", "ck_deal_window"),
        ("opens_at = NULL", "ck_deal_published_opens"),
        ("closes_at = NULL", "ck_deal_published_closes"),
        ("minimum_kind = 'persons', minimum = 0", "ck_deal_minimum"),
        ("last_roll_no = -1", "ck_deal_last_roll_no"),
    ],
)
def test_the_database_is_the_second_wall_of_a_deal(app, change, constraint):
    factories.make_deal()
    with refused_by_the_database(constraint):
        run_sql(f"UPDATE deal SET {change}")


@pytest.mark.postgres
def test_two_baskets_of_the_same_items_do_not_deadlock(shared_app):
    if not on_postgresql():
        pytest.skip("SQLite has a single writer")
    with transaction():
        leader = factories.make_leader()
        skus = [factories.make_sku(leader) for _ in range(2)]
        ids = [item.id for item in factories.make_deal(leader=leader, skus=skus).items]
    both_inside = threading.Barrier(2)

    def fill_basket() -> str:
        with transaction():
            # What the foreign keys of order lines and stock moves take by themselves.
            lines = sa.select(DealItem.id).where(DealItem.id.in_(ids))
            db.session.execute(lines.with_for_update(read=True, key_share=True))
            both_inside.wait(timeout=10)
            stock.lock_items(ids)
        return "locked"

    baskets = [in_thread(shared_app, fill_basket) for _ in range(2)]
    assert [wait() for wait in baskets] == ["locked", "locked"]
