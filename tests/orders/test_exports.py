"""Files as other tools write them, and as accidents leave them, are read or refused in one line."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask

from groupbuy.core.errors import RuleBroken
from groupbuy.core.xlsx_in import NotAWorkbook
from groupbuy.orders.export_columns import BadMapping, MissingColumns, parse_mapping
from groupbuy.orders.exports import Unreadable
from tests.orders.importing import GOOD, HEADINGS, Read, read, row, write

KTT = ("跟团号", "下单人", "团员备注", "支付时间", "团长备注", "商品", "规格", "数量", "商品金额")
KTT += ("订单金额", "退款金额", "订单状态", "自提点", "收货人", "联系电话", "详细地址")
KTT_ROW = (1, "小雨", "", "2035-05-12 08:26:10", "", "草莓", "500g", 3, 59.4)
KTT_ROW += (59.4, 0, "已支付", "北门", "张伟", "13800138001", "3-502")
QJL = (
    "下单序号",
    "接龙号",
    "收货人",
    "联系电话",
    "商品名称",
    "商品编码",
    "规格",
    "数量",
    "商品金额",
)
QJL += ("订单总金额", "下单时间", "省", "市", "收货地址", "团长ID")
QJL_ROW = ("A-1", 7, "张伟", "13800138001", "草莓", "CM500", "500g", 3, 59.4)
QJL_ROW += (99, "2035-05-12 08:26:10", "上海", "上海", "3-502", 12)


@pytest.mark.parametrize(
    ("headings", "cells", "order", "member", "code"),
    [(KTT, KTT_ROW, "1", "小雨", "草莓 500g"), (QJL, QJL_ROW, "7", "张伟", "CM500")],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_exports_of_known_tools_need_no_map(
    app: Flask,
    tmp_path: Path,
    headings: Any,
    cells: Any,
    order: str,
    member: str,
    code: str,
    kind: str,
) -> None:
    path = tmp_path / f"export.{kind}"
    if kind == "csv":
        write(path, cells, headings=headings)
    else:
        book = openpyxl.Workbook()
        for line in (("五月第二团",), (), headings, cells):
            book.active.append(line)
        book.save(path)
    batch, refused = read(path)
    assert refused == []
    [(ref, brought)] = batch.orders.items()
    assert (ref, brought.member, brought.phone) == (order, member, "13800138001")
    assert brought.at == datetime(2035, 5, 12, 0, 26, 10, tzinfo=UTC)
    [item] = batch.items.values()
    assert (item.code, item.name, item.spec, item.price_fen) == (code, "草莓", "500g", 1980)
    assert batch.totals()["total_fen"] == 5940


def test_in_a_workbook_the_sheet_with_the_orders_is_found(app: Flask, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(("说明",))
    sheet = book.create_sheet()
    for line in (KTT, KTT_ROW, (None, *KTT_ROW[1:5], "鸡蛋", *KTT_ROW[6:]), (), (2, *KTT_ROW[1:])):
        sheet.append(line)
    sheet.merge_cells("A2:A3")
    book.save(tmp_path / "a.xlsx")
    batch, refused = read(tmp_path / "a.xlsx")
    assert (batch.rows, refused) == (3, [])
    assert [order.live_lines for order in batch.orders.values()] == [2, 1]


def test_a_map_names_columns_with_commas_and_brackets(app: Flask, tmp_path: Path) -> None:
    headings = ("Transaction ID", "Item", "Quantity", "Price (yuan)", "Point, main", "price")
    path = write(tmp_path / "a.csv", ("1", "eggs", "2", "3.5", "Gate", "99"), headings=headings)
    mapping = "order=Transaction ID, sku=Item,name=Item,price=Price (yuan),point=Point, main"
    [item] = read(path, mapping).batch.items.values()
    assert (item.code, item.name, item.price_fen) == ("eggs", "eggs", 350)


@pytest.mark.parametrize("text", ["order", "colour=Red", "order=", "=x", "order=A,,b=c,nothing"])
def test_a_map_that_is_none_is_refused(app: Flask, text: str) -> None:
    if "," in text:
        assert parse_mapping(text) == {"order": "A,,b=c,nothing"}
        return
    with pytest.raises(BadMapping):
        parse_mapping(text)


@pytest.mark.parametrize("name", ["quantity", "price", "order"])
def test_a_column_that_is_missing_is_named(app: Flask, tmp_path: Path, name: str) -> None:
    kept = [heading for heading in HEADINGS if heading not in (name, "member")]
    path = write(tmp_path / "a.csv", GOOD[: len(kept)], headings=kept)
    with pytest.raises(MissingColumns) as caught:
        read(path)
    assert name in caught.value.sentence
    with pytest.raises(MissingColumns) as caught:
        read(path, f"{name}=Nowhere")
    assert "Nowhere" in caught.value.sentence


def _text(*rows: tuple[str, ...]) -> str:
    return "\n".join(",".join(cells) for cells in (HEADINGS, *rows)) + "\n"


def _counted(seen: Read) -> tuple[int, int]:
    return seen.batch.rows, seen.batch.rejected


@pytest.mark.parametrize(
    "content",
    [
        _text(GOOD).encode(),
        _text(GOOD).encode("utf-8-sig"),
        _text(GOOD).encode("gbk"),
        _text(GOOD).replace(",", "\t").encode(),
        _text(GOOD).replace(",", ";").encode("gb18030"),
        _text(GOOD).replace("\n", "\r\n").encode(),
        _text(GOOD).replace("\n", "\r").encode(),
        _text(GOOD).replace("\n", "\n\n").encode(),
        _text(GOOD).rstrip().encode(),
        gzip.compress(_text(GOOD).encode("gbk")),
    ],
)
def test_every_usual_way_to_write_a_csv_is_read(app: Flask, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    seen = read(tmp_path / "a.csv")
    assert _counted(seen) == (1, 0)
    assert seen.batch.orders["1001"].member == "张伟"


MALFORMED = {
    "empty": b"",
    "one newline": b"\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "broken utf-8": _text(GOOD).encode() + b"\xff\xff\n",
    "utf-16": _text(GOOD).encode("utf-16"),
    "no headings": _text(GOOD).split("\n", 1)[1].encode(),
    "old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
    "half a gzip": gzip.compress(_text(*[GOOD] * 99).encode())[:-20],
    "a damaged gzip": gzip.compress(_text(GOOD).encode())[:12] + b"\xff" * 60,
    "no zip": b"PK\x03\x04" + bytes(99),
    "a quote that never ends": _text(GOOD, GOOD).replace("北门", '"北门', 1).encode(),
    "a huge field": _text((*GOOD[:2], "x" * 200_000, *GOOD[3:])).encode(),
    "a huge line": b"x" * (2 << 20),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_file_is_refused_in_one_line(
    app: Flask, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(RuleBroken) as caught:
        read(tmp_path / "a.csv")
    assert isinstance(caught.value, Unreadable | MissingColumns | NotAWorkbook)
    assert "\n" not in caught.value.sentence
    assert len(caught.value.sentence) < 500


@pytest.mark.slow
def test_a_csv_that_would_unpack_to_gigabytes_is_refused(app: Flask, tmp_path: Path) -> None:
    member = gzip.compress(b"\n" * (1 << 24))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(_text(GOOD).encode()) + member * 65)
    with pytest.raises(Unreadable):
        read(tmp_path / "a.csv.gz")


def test_a_line_of_commas_is_a_row_and_an_empty_line_is_none(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(_text(GOOD, ("",) * 8, (), GOOD[:3], (*GOOD, "more")))
    seen = read(tmp_path / "a.csv")
    assert _counted(seen) == (4, 2)
    assert [number for number, _reason in seen.refused] == [3, 5]


def test_a_lone_surrogate_on_the_border_of_two_reads_is_no_other_encoding(
    app: Flask, tmp_path: Path
) -> None:
    for shift in range(4):
        filler = "x" * ((1 << 18) - len(_text(GOOD).encode()) - shift)
        name = write(tmp_path / "a.csv", row(), *[row(name=filler[:9])] * 3)
        head = name.read_bytes()
        padding = b"," * ((1 << 18) - len(head) - shift)
        name.write_bytes(head + padding + "\ud800北\n".encode("utf-8", "surrogatepass"))
        assert _counted(read(name)) == (5, 1)
