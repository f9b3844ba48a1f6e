"""A deal brought over from another tool is the same deal here: once, whole, and paid for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts.models import Leader, Member, PickupPoint
from groupbuy.catalog.models import Product, Sku, Supplier
from groupbuy.core.db import long_transaction
from groupbuy.core.errors import BadInput
from groupbuy.deals.models import Deal, DealItem, StockMove
from groupbuy.deals.stock import SoldOut
from groupbuy.deals.window import DealClosed
from groupbuy.extensions import db
from groupbuy.orders import intake
from groupbuy.orders.models import Order, OrderEvent, OrderLine
from groupbuy.payments.models import Payment
from groupbuy.purchasing.models import PurchaseLine
from tests.checks import count, refused
from tests.conftest import NOON
from tests.factories import close, make_deal, make_leader, make_sku, make_supplier
from tests.orders.importing import CLOSES, HEADINGS, bring, read, row, write

TABLES = (Order, OrderLine, OrderEvent, Payment, StockMove, Deal, DealItem)
TABLES += (Member, PickupPoint, Product, Sku, Supplier)


@pytest.fixture
def leader(app: Flask) -> Leader:
    return make_leader()


def _order(deal: Deal, number: str) -> Order:
    return db.session.scalars(
        sa.select(Order).where(Order.deal_id == deal.id, Order.source_ref == number)
    ).one()


def _rows_everywhere() -> dict[str, int]:
    return {table.__tablename__: count(table) for table in TABLES}


def test_each_row_is_a_line_at_its_own_price(leader: Leader, tmp_path: Path) -> None:
    rows = [
        row(price="19.80", name="草莓"),
        row(price="18.005", name="大草莓", quantity="3"),
        row(price="0", name="大草莓", quantity="1"),
        row(order="1002", price="18.005", name="大草莓"),
    ]
    deal = bring(leader, write(tmp_path / "a.csv", *rows))
    lines = _order(deal, "1001").lines
    assert [(line.position, line.price_fen, line.quantity) for line in lines] == [
        (1, 1980, 2),
        (2, 1801, 3),
        (3, 0, 1),
    ]
    [item] = deal.items
    assert (item.code, item.name, item.price_fen, item.sold) == ("A1", "大草莓", 1801, 8)
    assert (item.stock, item.unit, item.pack_size, item.supplier.name) == (None, "件", 1, "自采")


def test_orders_come_vouched_for_and_numbered_by_time_then_number(
    leader: Leader, tmp_path: Path
) -> None:
    rows = [
        row(order="10", at="2035-05-12 09:00"),
        row(order="9", at="2035-05-12 09:00"),
        row(order="11", at="2035-05-12 09:30"),
        row(order="11", at="2035-05-12 08:00", sku="B", quantity="1", price="5"),
    ]
    deal = bring(leader, write(tmp_path / "a.csv", *rows))
    numbered = sa.select(Order.source_ref).where(Order.deal_id == deal.id).order_by(Order.roll_no)
    assert db.session.scalars(numbered).all() == ["11", "9", "10"]
    order = _order(deal, "11")
    assert (order.state, order.due_fen, order.paid_fen) == ("placed", 4460, 4460)
    assert order.placed_at == datetime(2035, 5, 12, 0, 0, tzinfo=UTC)
    assert order.number.startswith("20350512-")
    assert [(event.kind, event.from_state, event.to_state) for event in order.events] == [
        ("imported", None, "placed")
    ]
    payment = db.session.scalars(sa.select(Payment).where(Payment.order_id == order.id)).one()
    assert (payment.way, payment.state, payment.amount_fen) == ("cash", "confirmed", 4460)
    assert payment.confirmed_at == order.placed_at
    assert deal.last_roll_no == 3


def test_a_number_with_c_or_a_cancelled_status_comes_as_cancelled(
    leader: Leader, tmp_path: Path
) -> None:
    status = (*HEADINGS, "订单状态")
    rows = [
        (*row(order="C7", quantity="-5"), ""),
        (*row(order="8", quantity="4"), "已取消"),
        (*row(order="9", quantity="1"), "已支付"),
        (*row(order="9", quantity="6", sku="B"), "Cancelled"),
    ]
    deal = bring(leader, write(tmp_path / "a.csv", *rows, headings=status))
    for number, pieces in (("C7", 5), ("8", 4)):
        order = _order(deal, number)
        assert (order.state, order.roll_no, order.due_fen, order.paid_fen) == (
            *("cancelled", None, 0, 0),
        )
        assert [(line.quantity, line.cancelled_pieces) for line in order.lines] == [(pieces,) * 2]
        assert order.events[-1].to_state == "cancelled"
        assert not count(Payment, Payment.order_id == order.id)
    partly = _order(deal, "9")
    assert (partly.state, partly.due_fen, partly.roll_no) == ("placed", 1980, 1)
    assert [(line.quantity, line.kept_pieces) for line in partly.lines] == [(1, 1), (6, 0)]
    assert count(StockMove) == 1


def test_a_row_without_a_member_is_a_walk_in_of_its_order(leader: Leader, tmp_path: Path) -> None:
    rows = [row(order=number, member="") for number in ("1", "2", "2")]
    bring(leader, write(tmp_path / "a.csv", *rows))
    names = db.session.scalars(sa.select(Member.name).order_by(Member.name)).all()
    assert names == ["散客 1", "散客 2"]


def test_people_are_known_again_and_their_phones_are_not_names(
    leader: Leader, tmp_path: Path
) -> None:
    columns = (*HEADINGS, "联系电话")
    rows = [
        (*row(order="1", member="小雨"), "13800138001"),
        (*row(order="2", member="小雨"), "138-0013-8002"),
        (*row(order="3", member="小雨"), "138****8002"),
        (*row(order="4", member="138 0013 8003"), ""),
    ]
    for title in ("一团", "二团"):
        deal = bring(leader, write(tmp_path / "a.csv", *rows, headings=columns), title=title)
    assert [_order(deal, number).member.name for number in "1234"] == [
        *("小雨", "小雨", "小雨", "138****8003")
    ]
    assert [_order(deal, number).member.phone for number in "1234"] == [
        *("13800138001", "13800138002", None, "13800138003")
    ]
    assert count(Member) == 4
    assert not count(Member, Member.source_ref.contains("13800138"))


def test_a_sku_the_leader_has_keeps_its_supplier(leader: Leader, tmp_path: Path) -> None:
    farm = make_supplier(leader)
    own = make_sku(leader, farm, code="A1", price_fen=999, pack_size=6)
    make_sku(make_leader("别人"), code="a1")
    path = write(tmp_path / "a.csv", row(), row(sku="a1"))
    deal = bring(leader, path, supplier="批发市场")
    known, new = deal.items
    assert (known.sku_id, known.supplier_id, known.pack_size) == (own.id, farm.id, 6)
    assert (known.name, known.price_fen, own.price_fen) == ("草莓", 1980, 999)
    assert (new.code, new.supplier.name, new.sku.product.name) == ("a1", "批发市场", "草莓")


def test_rows_without_a_point_go_to_a_default_one(leader: Leader, tmp_path: Path) -> None:
    rows = [row(order="1", point=""), row(order="2"), row(order="2", point="南门")]
    deal = bring(leader, write(tmp_path / "a.csv", *rows))
    assert [point.name for point in deal.points] == ["自提点", "北门", "南门"]


def test_an_order_number_with_two_points_is_an_order_at_each(
    leader: Leader, tmp_path: Path
) -> None:
    points = ("北门", "南门", "", "南门")
    path = write(tmp_path / "a.csv", *(row(order="2", member="", point=p) for p in points))
    deal = bring(leader, path)
    north, south = _order(deal, "2"), _order(deal, "2 @ 南门")
    assert (north.point.name, south.point.name) == ("北门", "南门")
    assert (len(north.lines), len(south.lines)) == (2, 2)
    assert north.member_id == south.member_id
    before = _rows_everywhere()
    assert bring(leader, path) is deal
    assert _rows_everywhere() == before


def test_the_same_file_again_changes_nothing_even_after_closing(
    leader: Leader, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", row(), row(order="C2"), row(order="3", member=""))
    deal = bring(leader, path)
    before = _rows_everywhere()
    assert bring(leader, path) is deal
    assert _rows_everywhere() == before
    close(deal)
    before = _rows_everywhere()
    assert bring(leader, path).state == "closed"
    assert _rows_everywhere() == before


def test_a_later_file_adds_its_new_orders_while_the_deal_is_open(
    leader: Leader, tmp_path: Path
) -> None:
    deal = bring(leader, write(tmp_path / "a.csv", row(order="2"), row(order="5")))
    more = write(tmp_path / "b.csv", row(order="5", quantity="9"), row(order="1", sku="B"))
    assert bring(leader, more) is deal
    assert (_order(deal, "1").roll_no, deal.last_roll_no) == (3, 3)
    assert [(item.code, item.position, item.sold) for item in deal.items] == [
        ("A1", 1, 4),
        ("B", 2, 2),
    ]
    close(deal)
    with refused(DealClosed):
        bring(leader, write(tmp_path / "c.csv", row(order="6")))


def test_an_imported_deal_closes_like_any_other(leader: Leader, tmp_path: Path) -> None:
    rows = [row(order="1"), row(order="2", quantity="3"), row(order="C3", sku="B")]
    deal = bring(leader, write(tmp_path / "a.csv", *rows))
    close(deal)
    bought = db.session.scalars(sa.select(PurchaseLine)).one()
    assert (deal.state, bought.code, bought.pieces, bought.amount_fen) == ("closed", "A1", 5, 9900)


def test_the_window_may_be_past_or_long_but_not_turned_round(
    leader: Leader, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", row(at="2011-01-02 08:00"), row(at="2011-01-01 08:00"))
    first = datetime(2011, 1, 1, 0, 0, tzinfo=UTC)
    closes = datetime(2011, 12, 31, tzinfo=UTC)
    assert bring(leader, path, closes_at=closes).opens_at == first
    assert bring(leader, path, closes_at=first).opens_at == first - timedelta(days=1)
    with refused(BadInput):
        bring(leader, path, closes_at=closes, opens_at=closes)


def test_a_file_without_times_is_placed_at_the_opening(leader: Leader, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", row()[:-1], headings=HEADINGS[:-1])
    deal = bring(leader, path)
    assert deal.opens_at == CLOSES - timedelta(days=1) == _order(deal, "1001").placed_at


def test_without_order_numbers_a_member_at_one_time_is_one_order(
    leader: Leader, tmp_path: Path
) -> None:
    rows = [row(), row(sku="B"), row(at="2035-05-12 08:27"), row(member="王芳"), row(member="")]
    path = write(tmp_path / "a.csv", *(cells[1:] for cells in rows), headings=HEADINGS[1:])
    assert [number for number, _reason in read(path).refused] == [6]
    for _again in range(2):
        deal = bring(leader, path)
        assert count(Order, Order.deal_id == deal.id) == 3


def test_a_stock_that_does_not_suffice_refuses_the_import(leader: Leader, tmp_path: Path) -> None:
    deal = make_deal(leader=leader, skus=[make_sku(leader, code="A1")], stock=5, closes_at=CLOSES)
    path = write(tmp_path / "a.csv", row(order="1", quantity="3"), row(order="2", quantity="3"))
    with refused(SoldOut):
        bring(leader, path, title=deal.title)
    assert not count(Order)
    bring(leader, write(tmp_path / "b.csv", row(quantity="5")), title=deal.title)
    assert (deal.items[0].sold, deal.items[0].price_fen) == (5, 3780)


def test_a_crash_in_the_middle_leaves_nothing(shared_app: Flask, tmp_path: Path) -> None:
    with long_transaction():
        leader = make_leader()
    form = intake.ImportForm("旧团", CLOSES)
    batch = read(write(tmp_path / "a.csv", *(row(order=str(n)) for n in range(50)))).batch

    def power_cut(rows: intake.Rows, _total: int) -> intake.Rows:
        yield from list(rows)[:20]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), long_transaction():
        intake.bring_over(leader, form, batch, now=NOON, watch=power_cut)
    assert set(_rows_everywhere().values()) == {0}
