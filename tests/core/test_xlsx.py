"""Workbooks that open everywhere and say what was meant, whatever was typed."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.core.xlsx import (
    COUNT,
    LONGEST_TEXT,
    MONEY,
    Book,
    Look,
    Page,
    cell_text,
    sheet_title,
    width_for,
    yuan,
)
from tests.checks import unreadable
from tests.conftest import NOON
from tests.office import as_csv, opened, rows

NOT_TEXT_TO_A_SPREADSHEET = [
    *("=1+1", '=HYPERLINK("http://example.com")', "+1", "-2+3", "@SUM(A1)", "=", "'=1"),
    *("#N/A", "#REF!", "TRUE", "000123", "1E5", "3-4", "2035-05-12", "1,000", "¥5.00"),
]
HOSTILE = [
    *NOT_TEXT_TO_A_SPREADSHEET,
    *("👨‍👩‍👧 草莓 🍓", "שלום עולם", "\u202eتفاح\u202c", "<b>&amp;</b>", '"quoted", and 逗号，'),
    *("two\nlines", "  spaces around  ", "tab\tinside", "草" * 10_000, "🍓" * 20_000),
    *("lone \ud800 surrogate", "control \x00\x0b\x1f", "none \ufffe\uffff\U0001ffff \ufdd0"),
]


def _written(*values: Any, look: Look | None = None) -> Any:
    """The cells of one row holding `values`, read again."""
    book = Book("Test", "邻里团", now=NOON)
    sheet = book.sheet("Sheet", Page([20] * len(values)))
    sheet.rows(*[look or Look()] * len(values))(values)
    [row] = opened(book.to_bytes()).worksheets[0].iter_rows()
    return row


@pytest.mark.parametrize("text", NOT_TEXT_TO_A_SPREADSHEET)
def test_text_stays_text_whatever_it_looks_like(app: Flask, text: str) -> None:
    [cell] = _written(text)
    assert (cell.data_type, cell.value) == ("s", text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("草\x00莓\x0b\x1f\x7f\x85", "草莓"),
        ("\ud800草莓\udfff", "\ufffd草莓\ufffd"),
        ("草\ufffe莓\uffff\U0001ffff\U0010fffe\ufdd0", "草莓"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("שלום \u202e🍓", "שלום \u202e🍓"),
        ("", None),
    ],
)
def test_what_no_workbook_can_hold_is_cleaned_away(
    app: Flask, text: str, shown: str | None
) -> None:
    [cell] = _written(text)
    assert cell.value == shown


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("草" * LONGEST_TEXT, LONGEST_TEXT),
        ("草" * (LONGEST_TEXT + 1), LONGEST_TEXT),
        ("🍓" * LONGEST_TEXT, LONGEST_TEXT // 2),  # each takes two of Excel's units
        ("a" + "🍓" * LONGEST_TEXT, 1 + LONGEST_TEXT // 2),
    ],
)
def test_a_cell_is_cut_to_what_excel_can_read(app: Flask, text: str, kept: int) -> None:
    [cell] = _written(text)
    assert cell.value == text[:kept]


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=1, max_size=5))
def test_any_text_leaves_a_workbook_that_opens_and_holds_it(app: Flask, texts: list[str]) -> None:
    assert [cell.value for cell in _written(*texts)] == [cell_text(text) or None for text in texts]


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_cleaning_text_twice_changes_nothing_more(text: str) -> None:
    cleaned = cell_text(text)
    assert cell_text(cleaned) == cleaned
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cs", "Cc") and c not in "\t\n"]


@pytest.mark.parametrize("fen", [0, 1, 5, 99, 1999, 123_456_789_01, 999_999_999_999_999, -250])
def test_money_is_a_number_exact_to_the_fen(app: Flask, fen: int) -> None:
    [cell] = _written(yuan(fen), look=Look(form=MONEY))
    assert cell.data_type == "n"
    assert round(Decimal(repr(cell.value)) * 100) == fen
    assert cell.number_format == "#,##0.00"


def test_counts_are_numbers_and_nothing_is_an_empty_cell(app: Flask) -> None:
    count, nothing = _written(1234, None, look=Look(form=COUNT))
    assert (count.value, count.number_format) == (1234, "#,##0")
    assert nothing.value is None
    assert yuan(None) is None


def test_instants_are_written_as_the_clock_on_the_wall_shows_them(app: Flask) -> None:
    [cell] = _written(NOON, look=Look(form="yyyy-mm-dd hh:mm"))
    assert cell.value == datetime(2035, 5, 12, 12, 0)  # noqa: DTZ001 (Excel knows no zones)


def test_an_instant_is_refused_where_it_would_be_shown_as_a_number(app: Flask) -> None:
    with unreadable():
        _written(NOON, look=Look(form=MONEY))


def test_a_cell_used_for_many_rows_keeps_its_look_and_not_its_old_value(app: Flask) -> None:
    book = Book("Test", "邻里团", now=NOON)
    write = book.sheet("Sheet", Page([10])).rows(Look(bold=True, form=MONEY, fill="E6F2EA"))
    for value in ("=1", 5, None, yuan(250)):
        write([value])
    cells = [row[0] for row in opened(book.to_bytes()).worksheets[0].iter_rows()]
    assert [cell.data_type for cell in cells] == ["s", "n", "n", "n"]
    assert cells[2].value is None
    assert {cell.font.b for cell in cells} == {True}
    assert {cell.fill.fgColor.rgb for cell in cells} == {"00E6F2EA"}
    assert {cell.number_format for cell in cells} == {MONEY}


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ("订货单", "订货单"),
        ("a[b]c:d*e?f/g\\h", "a b c d e f g h"),
        ("", "Sheet"),
        ("'''", "Sheet"),
        ("///", "Sheet"),
        ("'quoted'", "quoted"),
        ("History", "History (2)"),
        ("\ud800\x00", "\ufffd"),
        ("草" * 40, "草" * 31),
        ("🍓" * 40, "🍓" * 15),
    ],
)
def test_a_sheet_gets_a_title_that_excel_accepts(wanted: str, title: str) -> None:
    assert sheet_title(wanted) == title


def test_two_sheets_never_have_the_same_title(app: Flask) -> None:
    book = Book("Test", "邻里团", now=NOON)
    for title in ("Order", "ORDER", "order?", "x" * 31, "x" * 40):
        book.sheet(title, Page([10])).rows(Look())(["text"])
    titles = opened(book.to_bytes()).sheetnames
    assert titles == ["Order", "ORDER (2)", "order (3)", "x" * 31, "x" * 27 + " (2)"]


def test_a_sheet_is_ready_to_be_printed(app: Flask) -> None:
    book = Book("R&D 采购单", "邻里团", now=NOON)
    sheet = book.sheet("Order", Page([5, 30], heading_row=2, still_columns=1))
    write = sheet.rows(Look(), Look())
    for number in range(5):
        write([number, "apple"])
    printed = opened(book.to_bytes()).worksheets[0]
    assert (printed.page_setup.orientation, printed.page_setup.paperSize) == ("landscape", 9)
    assert printed.sheet_properties.pageSetUpPr.fitToPage
    assert (printed.page_setup.fitToWidth, printed.page_setup.fitToHeight) == (1, 0)
    assert (printed.print_title_rows, printed.print_title_cols) == ("$2:$2", "$A:$A")
    assert printed.freeze_panes == "B3"
    assert printed.oddFooter.left.text == "R&&D 采购单"
    assert printed.oddFooter.right.text == "&P / &N"
    assert printed.column_dimensions["B"].width == 30


def test_the_file_says_what_it_is_whose_and_when_it_was_made(app: Flask) -> None:
    book = Book("采购单 \x00PL1", "邻里团", now=NOON)
    book.sheet("Order", Page([5]))
    about = opened(book.to_bytes()).properties
    assert (about.title, about.creator) == ("采购单 PL1", "邻里团")
    assert about.created == NOON.replace(tzinfo=None)


def test_a_row_is_as_high_as_its_text_needs_and_never_higher_than_excel_allows(app: Flask) -> None:
    book = Book("Test", "邻里团", now=NOON)
    write = book.sheet("Sheet", Page([20, 10])).rows(Look(wrap=True), Look())
    for text in ("短", "一个相当长的商品名称要占好几行才写得下", "one\ntwo\nthree", "草" * 10_000):
        write([text, "unwrapped text that runs on and on"])
    sheet = opened(book.to_bytes()).worksheets[0]
    short, long, three, endless = (sheet.row_dimensions[row].height for row in (1, 2, 3, 4))
    assert short < long
    assert short < three
    assert endless == 409


def test_a_cell_may_span_several_columns(app: Flask) -> None:
    book = Book("Test", "邻里团", now=NOON)
    sheet = book.sheet("Sheet", Page([5, 5, 5, 5]))
    sheet.rows(Look(span=3, boxed=True), Look())(["wide", "narrow"])
    read = opened(book.to_bytes()).worksheets[0]
    assert [str(merged) for merged in read.merged_cells.ranges] == ["A1:C1"]
    assert rows(read) == [["wide", None, None, "narrow"]]


def test_a_wider_number_gets_a_wider_column() -> None:
    assert width_for(5, least=8) == 8
    assert width_for(1_749_000, least=8) > width_for(1_749, least=8) > 8
    assert width_for(1_749, form=",.2f") > width_for(1_749)


def test_making_a_workbook_leaves_no_file_behind(
    app: Flask, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _written("草莓", 5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_hostile_text_opens_in_libreoffice_as_it_was_written(app: Flask, tmp_path: Path) -> None:
    book = Book("Test", "邻里团", now=NOON)
    sheet = book.sheet("Sheet [1]", Page([30]))
    write = sheet.rows(Look(wrap=True))
    for text in HOSTILE:
        write([text])
    [shown] = as_csv(book.to_bytes(), tmp_path)
    assert [row[0] for row in shown] == [cell_text(text) for text in HOSTILE]
