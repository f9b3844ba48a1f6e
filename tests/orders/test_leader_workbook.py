"""The leader's workbook: four sheets that agree with each other and with the database."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from groupbuy.deals.models import DealQuestion
from groupbuy.extensions import db
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.leader_workbook import Asked, build
from groupbuy.orders.models import Order
from tests import factories
from tests.checks import assert_everything_true
from tests.conftest import NOON
from tests.office import as_csv, as_pdf, opened, rows
from tests.pages.reading import statements
from tests.pickup.rows import arrive, close

ALICE = {"name": "李静", "phone": "13800138000", "building": "6", "unit": "2", "room": "1102"}


@pytest.fixture
def deal(app: Flask):
    """Eggs (¥10, cost ¥7) and =rice (¥20), two points, a question."""
    leader = factories.make_leader()
    supplier = factories.make_supplier(leader)
    eggs = factories.make_sku(
        leader, supplier, name="土鸡蛋", code="0007", price_fen=1000, cost_fen=700
    )
    rice = factories.make_sku(leader, supplier, name="=米", code="1E5", price_fen=2000)
    deal = factories.make_deal(leader=leader, skus=[eggs, rice], points=2, stock=50)
    asked = DealQuestion(
        leader_id=leader.id, deal_id=deal.id, position=1, kind="text", label="几号门"
    )
    db.session.add(asked)
    db.session.flush()
    db.session.refresh(deal)
    return deal


def sheets(deal, *conditions: Any, **asked: Any) -> list[list[list[Any]]]:
    everything = Asked([Order.deal_id == deal.id, *conditions], **asked)
    with force_locale("en"):
        written = build(deal, everything, now=NOON + timedelta(hours=1))
    return [rows(sheet) for sheet in opened(written.file).worksheets]


def table(sheet: list[list[Any]]) -> list[dict[str, Any]]:
    """The rows below the headings by heading, the totals last."""
    return [dict(zip(sheet[1], row, strict=True)) for row in sheet[2:]]


def test_a_customer_has_a_row_for_each_product_and_the_sums_once(deal):
    member = factories.make_member(deal.leader, "张伟")
    asked = {str(deal.questions[0].id): "东门"}
    factories.make_placed(deal, 2, 1, member=member, contact=ALICE, answers=asked, note="轻放")
    factories.make_placed(deal, 1, 0, member=member, contact=ALICE)
    eggs, rice, total = table(sheets(deal)[0])
    assert (eggs["Roll no."], eggs["Orderer"], eggs["Recipient"]) == ("#1\n#2", "张伟", "李静")
    assert (eggs["Product"], eggs["Pieces"], eggs["Goods (yuan)"]) == ("土鸡蛋", 3, 30)
    assert (rice["Product"], rice["Pieces"], rice["Goods (yuan)"]) == ("=米", 1, 20)
    assert (eggs["All orders (yuan)"], rice["All orders (yuan)"]) == (50, None)
    assert [eggs[name] for name in ("Building", "Unit (staircase)", "Room")] == ["6", "2", "1102"]
    assert (eggs["几号门"], eggs["Note of the member"]) == ("东门", "轻放")
    assert (total["Pieces"], total["Goods (yuan)"], total["Paid (yuan)"]) == (4, 50, 50)


def test_another_recipient_or_another_point_is_another_customer(deal):
    member = factories.make_member(deal.leader, "张伟")
    factories.make_placed(deal, 1, member=member, contact=ALICE)
    factories.make_placed(deal, 1, member=member, contact=ALICE | {"name": "孙立秋"})
    factories.make_placed(deal, 1, member=member, contact=ALICE, point_id=deal.points[1].id)
    *own, _total = table(sheets(deal)[0])
    assert [row["Recipient"] for row in own] == ["李静", "孙立秋", "李静"]
    about = dict(row[:2] for row in sheets(deal)[3])
    assert about["Number of orders"] == "3"


def test_cancelled_orders_are_left_out_and_pending_ones_are_last(deal):
    cancel_order(factories.make_placed(deal, 1), actor_id=None, now=NOON)
    factories.make_order(deal, 1, member=factories.make_member(deal.leader, "待付"))
    factories.make_placed(deal, 1, member=factories.make_member(deal.leader, "已付"))
    *own, total = table(sheets(deal)[0])
    assert [row["Orderer"] for row in own] == ["已付", "待付"]
    assert [row["Roll no."] for row in own] == ["#2", "–"]
    assert total["Pieces"] == 2


def test_a_shortage_shows_as_fewer_pieces_and_money_that_goes_back(deal):
    factories.make_placed(deal, 2, 1)
    factories.make_placed(deal, 2, 1)
    close(deal)
    arrive(deal, 3)
    customers, products, points, _about = sheets(deal)
    total = table(customers)[-1]
    assert (total["Pieces"], total["Pieces short"], total["Goes back (yuan)"]) == (5, 1, 10)
    assert table(products)[0]["Pieces short"] == 1
    assert table(points)[-1]["Goes back (yuan)"] == 10
    assert_everything_true()


def test_the_sheets_agree_with_each_other(deal):
    for place, pieces in ((0, (2, 1)), (1, (5, 0)), (0, (0, 3))):
        factories.make_placed(deal, *pieces, point_id=deal.points[place].id)
    customers, products, points, _about = sheets(deal, costs=True)
    total = table(customers)[-1]
    *items, all_items = table(products)
    *places, all_places = table(points)
    assert total["Pieces"] == all_items["Pieces"] == all_places["Pieces"] == 11
    assert total["Goods (yuan)"] == all_items["Goods (yuan)"] == 150
    assert [row["土鸡蛋"] for row in places] == [2, 5]
    assert [(row["Pieces"], row["Stock left"]) for row in items] == [(7, 43), (4, 46)]
    assert [(row["Cost (yuan)"], row["Margin (yuan)"]) for row in items] == [(49, 21), (80, 0)]
    assert [row["Customers"] for row in [*places, all_places]] == [2, 1, 3]


def test_text_stays_text_and_codes_keep_their_zeros(deal):
    factories.make_placed(deal, 1, 1, note="=1+1")
    customers, products, *_more = sheets(deal)
    assert [row["Code"] for row in table(products)[:2]] == ["0007", "1E5"]
    assert table(customers)[0]["Note of the member"] == "=1+1"
    assert table(products)[1]["Product"] == "=米"


def test_phones_are_masked_unless_they_are_asked_for(deal):
    factories.make_placed(deal, 1, contact=ALICE)
    masked, whole = sheets(deal), sheets(deal, whole_phones=True)
    assert table(masked[0])[0]["Phone"] == "138****8000"
    assert table(whole[0])[0]["Phone"] == "13800138000"
    assert "13800138000" not in str(masked)
    assert "Delete this file after use" in dict(r[:2] for r in whole[3])["Phone numbers"]


def test_the_last_sheet_tells_which_orders_these_are(deal):
    factories.make_placed(deal, 1)
    factories.make_placed(deal, 1, now=NOON + timedelta(minutes=30))
    about = dict(row[:2] for row in sheets(deal, words=["State: placed"])[3])
    assert about["Filters"] == "State: placed"
    assert about["Orders placed"].startswith("2035-05-12 Sat 12:00 to 2035-05-12 Sat 12:30")
    assert about["Workbook written"] == "2035-05-12 Sat 13:00"
    assert "None" in dict(row[:2] for row in sheets(deal)[3])["Filters"]


def test_a_deal_without_orders_gives_a_workbook_that_says_so(deal):
    customers, products, points, about = sheets(deal)
    assert table(customers)[0]["Pieces"] == 0
    assert [row["Pieces"] for row in table(products)] == [0, 0, 0]
    assert table(points)[0]["Customers"] == 0
    assert dict(row[:2] for row in about)["Number of orders"] == "0"


def test_statements_do_not_grow_with_the_orders(deal):
    def asked() -> int:
        db.session.flush()
        db.session.expire_all()
        with statements() as said:
            sheets(deal)
        return len(said)

    factories.make_placed(deal, 1, 1)
    few = asked()
    for _ in range(20):
        factories.make_placed(deal, 1, 1)
    assert asked() == few


@pytest.mark.slow
def test_the_workbook_opens_and_prints_in_libreoffice(deal, tmp_path: Path):
    factories.make_placed(deal, 2, 1, contact=ALICE)
    with force_locale("zh_Hans_CN"):
        file = build(deal, Asked([Order.deal_id == deal.id]), now=NOON).file
    customers, products, _points, _about = as_csv(file, tmp_path)
    assert [row[3] for row in customers[2:4]] == ["土鸡蛋", "=米"]
    assert [row[0] for row in products[2:4]] == ["0007", "1E5"]
    (tmp_path / "printed").mkdir()
    assert as_pdf(file, tmp_path / "printed").startswith(b"%PDF")
