"""Goods go out as a workbook and come back edited: told first, then done, text staying text."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from openpyxl import load_workbook

from groupbuy.accounts.models import Leader
from groupbuy.catalog import sheet_plan, sheets
from groupbuy.catalog.models import Category, Product, Sku, Supplier
from groupbuy.catalog.sheet_plan import ChangedMeanwhile, Plan
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from tests.catalog.goods_books import CHINESE, ENGLISH, book, edited, goods_book, written
from tests.checks import assert_everything_true, count, refused
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_sku, make_supplier


def planned(leader: Leader, content: bytes, folder: Path) -> Plan:
    return sheet_plan.plan(leader, sheets.read_goods(written(folder, content)))


def carried_out(leader: Leader, content: bytes, folder: Path) -> Plan:
    read = sheets.read_goods(written(folder, content))
    seen = sheet_plan.plan(leader, read)
    assert seen.problems == []
    done = sheet_plan.carry_out(leader, read, seen.fingerprint, by_id=None, now=NOON)
    db.session.expire_all()
    return done


def exported(leader: Leader) -> bytes:
    return sheets.export_goods(leader, now=NOON)[0]


def told(plan: Plan) -> set[tuple[str, str, str, str]]:
    return {(c.kind, cell.column, cell.old, cell.new) for c in plan.changes for cell in c.cells}


def stocked() -> Leader:
    """A leader with three SKUs of two suppliers, and odd text in them."""
    leader = make_leader()
    farm, dock = make_supplier(leader, "农场"), make_supplier(leader, "渔港")
    dock.contact_phone, dock.note = "13812340001", "=HYPERLINK"
    farm.email = "farm@example.com"
    eggs = make_sku(leader, farm, code="007", name="=1+1", spec="1-2", cost_fen=3000)
    eggs.warn_below_pieces = 8
    make_sku(leader, farm, code="1E5", name="#N/A 不是错误", price_fen=5)
    eggs.product.description = "两行\n说明"
    eggs.product.category_id = _category("蛋奶")
    make_sku(leader, dock, code="0x1F", storage_class="frozen", is_active=False)
    db.session.flush()
    return leader


def _category(name: str) -> int:
    category = Category(name=name, position=1)
    db.session.add(category)
    db.session.flush()
    return category.id


def test_what_went_out_and_comes_back_changes_nothing(app: Flask, tmp_path: Path) -> None:
    leader = stocked()
    make_sku(make_leader("别家"))
    plan = planned(leader, exported(leader), tmp_path)
    assert (plan.changes, plan.problems, plan.unchanged) == ([], [], 5)


@pytest.mark.parametrize("language", ["en", "zh_Hans_CN"])
def test_the_same_is_true_in_every_language(app: Flask, tmp_path: Path, language: str) -> None:
    leader = stocked()
    with force_locale(language):
        content = exported(leader)
    for other in ("en", "zh_Hans_CN"):
        with force_locale(other):
            assert planned(leader, content, tmp_path).changes == []


def test_text_stays_text_and_codes_keep_their_zeros(app: Flask) -> None:
    content, rows = sheets.export_goods(stocked(), now=NOON)
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert rows == 5
    assert [row[0] for row in sheet.iter_rows(values_only=True)][1:] == ["007", "1E5", "0x1F"]
    assert sheet["B2"].value == "=1+1"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert sheet["A2"].number_format == "@"


def test_a_cell_that_changed_is_told_as_old_and_new_and_then_written(
    app: Flask, tmp_path: Path
) -> None:
    leader = stocked()
    deal = make_deal(leader=leader, skus=[_sku(leader, "007")])
    content = edited(exported(leader), {"H2": "39.90", "E2": "=2+2", "B2": "土鸡蛋"})
    plan = planned(leader, content, tmp_path)
    assert {(kind, old, new) for kind, _column, old, new in told(plan)} == {
        ("sku", "37.80", "39.90"),
        ("sku", "1-2", "=2+2"),
        ("product", "=1+1", "土鸡蛋"),
    }
    assert _sku(leader, "007").price_fen == 3780  # a preview writes nothing
    carried_out(leader, content, tmp_path)
    sku = _sku(leader, "007")
    assert (sku.price_fen, sku.spec, sku.product.name) == (3990, "=2+2", "土鸡蛋")
    item = deal.items[0]
    assert (item.price_fen, item.spec, item.name) == (3780, "1-2", "=1+1")  # copies
    [entry] = db.session.query(ActionLog)
    assert (entry.action, entry.leader_id) == ("goods_imported", leader.id)
    assert entry.detail == {"new": 0, "changed": 2, "unchanged": 4}
    assert_everything_true()


@pytest.mark.parametrize("headings", [ENGLISH, CHINESE])
def test_new_codes_are_new_skus_of_old_and_new_products(
    app: Flask, tmp_path: Path, headings: tuple[str, ...]
) -> None:
    leader = make_leader()
    make_sku(leader, make_supplier(leader, "农场"), code="A1", name="番茄")
    content = goods_book(
        ("A2", "番茄", "份", 12.5, "新农场"),
        ("0099", "黄瓜", "根", "1.50", "新农场"),
        (100, "黄瓜", "箱", 30, "新农场"),
        headings=headings,
    )
    plan = planned(leader, content, tmp_path)
    assert [(c.kind, c.is_new) for c in plan.changes] == [
        ("supplier", True),
        ("product", True),
        *[("sku", True)] * 3,
    ]
    carried_out(leader, content, tmp_path)
    assert {sku.code for sku in _sku(leader, "A1").product.skus} == {"A1", "A2"}
    assert _sku(leader, "0099").product_id == _sku(leader, "100").product_id
    assert _sku(leader, "A2").price_fen == 1250
    assert count(Supplier, Supplier.leader_id == leader.id, Supplier.name == "新农场") == 1
    assert planned(leader, content, tmp_path).changes == []  # again: nothing left to do


def test_when_to_warn_and_addresses_are_read_or_refused(app: Flask, tmp_path: Path) -> None:
    leader = stocked()
    content = goods_book(
        ("007", "=1+1", "１２"), ("1E5", "#N/A 不是错误", ""), headings=("编码", "商品", "余量提醒")
    )
    carried_out(leader, content, tmp_path)
    assert [_sku(leader, code).warn_below_pieces for code in ("007", "1E5")] == [12, None]
    wrong = goods_book(("007", "=1+1", "少"), headings=("编码", "商品", "余量提醒"))
    assert len(planned(leader, wrong, tmp_path).problems) == 1
    nobody = book([("供应商", "邮箱"), ("农场", "farm@")])
    assert len(planned(leader, nobody, tmp_path).problems) == 1


def test_suppliers_have_a_sheet_of_their_own(app: Flask, tmp_path: Path) -> None:
    leader = make_leader()
    known = make_supplier(leader, "农场")
    headings = ("供应商", "联系人", "电话", "邮箱", "备注", "启用")
    rows = [(known.name, "老王", 13812340001, "Farm@Example.com", "", "否"), ("渔港", *[""] * 5)]
    carried_out(leader, book([headings, *rows]), tmp_path)
    assert known.email == "farm@example.com"
    assert (known.contact_name, known.contact_phone, known.is_active) == (
        "老王",
        "13812340001",
        False,
    )
    assert count(Supplier, Supplier.name == "渔港", Supplier.is_active) == 1


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        (("", "番茄", "份", 1, "农场"), "SKU code", "may not be empty"),
        (("A" * 65, "番茄", "份", 1, "农场"), "SKU code", "1 to 64"),
        (("A1", "", "份", 1, "农场"), "Product", "may not be empty"),
        (("A1", "a\u202eb", "份", 1, "农场"), "Product", "readable"),
        (("A1", "番茄", None, 1, "农场"), "Unit", "may not be empty"),
        (("A1", "番茄", "份", "1_000", "农场"), "Price", "An amount looks like"),
        (("A1", "番茄", "份", -1, "农场"), "Price", "An amount looks like"),
        (("A1", "番茄", "份", "1.999", "农场"), "Price", "An amount looks like"),
        (("A1", "番茄", "份", 1e300, "农场"), "Price", "An amount looks like"),
        (("A1", "番茄", "份", True, "农场"), "Price", "An amount looks like"),
        (("A1", "番茄", "份", "٣", "农场"), "Price", "An amount looks like"),
        (("A1", "番茄", datetime(2026, 5, 1), 1, "农场"), "Unit", "made a date"),  # noqa: DTZ001
        (("#REF!", "番茄", "份", 1, "农场"), "SKU code", "has no result"),
        (("A1", "番茄", "份", 1, ""), "Supplier", "may not be empty"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(
    app: Flask, tmp_path: Path, row: tuple[Any, ...], column: str, said: str
) -> None:
    leader = make_leader()
    with force_locale("en"):
        plan = planned(leader, goods_book(("OK", "好的", "份", 1, "农场"), row), tmp_path)
    [problem] = plan.problems
    assert (problem.row, problem.column) == (3, column)
    assert said in problem.sentence


def test_one_wrong_cell_and_nothing_is_written(app: Flask, tmp_path: Path) -> None:
    leader = make_leader()
    content = goods_book(("A1", "番茄", "份", 1, "农场"), ("A2", "番茄", "份", "x", "农场"))
    read = sheets.read_goods(written(tmp_path, content))
    plan = sheet_plan.plan(leader, read)
    with refused(ChangedMeanwhile):
        sheet_plan.carry_out(leader, read, plan.fingerprint, by_id=None, now=NOON)
    assert count(Sku) == count(Product) == count(Supplier) == count(ActionLog) == 0


def test_rows_that_contradict_each_other_are_problems(app: Flask, tmp_path: Path) -> None:
    leader = make_leader()
    make_sku(leader, code="A", name="重名")
    make_sku(leader, code="B", name="重名")
    headings = (*ENGLISH, "Category")
    content = goods_book(
        ("C", "重名", "份", 1, "农场", ""),
        ("D", "番茄", "份", 1, "农场", ""),
        ("D", "番茄", "份", 2, "农场", ""),
        ("E", "黄瓜", "份", 2, "农场", "没有的"),
        ("F", "番茄", "份", 2, "农场", "别的"),
        headings=headings,
    )
    plan = planned(leader, content, tmp_path)
    assert [problem.row for problem in plan.problems] == [2, 4, 6, 5]


def test_what_changed_since_the_preview_stops_it(app: Flask, tmp_path: Path) -> None:
    leader = stocked()
    content = edited(exported(leader), {"H2": "39.90"})
    read = sheets.read_goods(written(tmp_path, content))
    seen = sheet_plan.plan(leader, read)
    _sku(leader, "007").price_fen = 4100
    db.session.flush()
    with refused(ChangedMeanwhile):
        sheet_plan.carry_out(leader, read, seen.fingerprint, by_id=None, now=NOON)
    assert _sku(leader, "007").price_fen == 4100
    sheet_plan.carry_out(
        leader, read, sheet_plan.plan(leader, read).fingerprint, by_id=None, now=NOON
    )
    assert _sku(leader, "007").price_fen == 3990


def test_a_column_left_out_stays_and_an_empty_cell_means_nothing(
    app: Flask, tmp_path: Path
) -> None:
    leader = stocked()
    content = goods_book(("007", "=1+1", ""), headings=("编码", "商品", "进价"))
    carried_out(leader, content, tmp_path)
    sku = _sku(leader, "007")
    assert (sku.cost_fen, sku.spec, sku.price_fen) == (None, "1-2", 3780)
    assert sku.product.description == "两行\n说明"


def _sku(leader: Leader, code: str) -> Sku:
    own = db.select(Sku).where(Sku.leader_id == leader.id, Sku.code == code)
    return db.session.scalars(own).one()
