"""Workbooks from outside are read as people see them, and never unpacked blindly."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask

from groupbuy.core import xlsx_in
from groupbuy.core.xlsx_in import NotAWorkbook, WorkbookTooBig, count_sheets, open_rows

FIRST_SHEET = "xl/worksheets/sheet1.xml"
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
)
MORNING = datetime(2035, 5, 12, 8, 26)  # noqa: DTZ001 (Excel knows no zones)


def _book(path: Path, *rows: tuple[Any, ...]) -> Any:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return book


def _replace(path: Path, xml: str, entry: str = FIRST_SHEET) -> None:
    """Put `xml` in the place of an entry of the workbook at `path`."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (entries | {entry: xml.encode()}).items():
            archive.writestr(name, content)


def _share_texts(path: Path, *texts: str) -> None:
    """Keep texts apart from the cells, as Excel does; A1 is the first of them."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
    with zipfile.ZipFile(path) as archive:
        types = archive.read("[Content_Types].xml").decode()
    _replace(path, types.replace("</Types>", f"{part}</Types>"), "[Content_Types].xml")
    items = "".join(f"<si><t>{text}</t></si>" for text in texts)
    _replace(path, SHEET.format(items).replace("worksheet", "sst"), "xl/sharedStrings.xml")
    _replace(path, SHEET.format('<sheetData><row><c t="s"><v>0</v></c></row></sheetData>'))


def _first(path: Path) -> list[list[Any]]:
    """The rows of the first sheet without the empty cells at their end."""
    rows = []
    for cells in open_rows(path):
        row = list(cells)
        while row and row[-1] is None:
            row.pop()
        rows.append(row)
    return rows


def test_values_keep_their_kind(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    _book(path, ("草莓", 3, 2.5, MORNING, None, True), ("00123",))
    assert _first(path) == [
        ["草莓", 3, 2.5, MORNING, None, True],
        ["00123"],
    ]


def test_texts_may_be_kept_apart_from_the_cells(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    _book(path)
    _share_texts(path, "草莓")
    assert _first(path) == [["草莓"]]


def test_a_cell_merged_downwards_repeats_its_value(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = _book(path, ("号", "品"), (1, "A"), (None, "B"), (None, "C"), (2, "D"))
    book.active.merge_cells("A2:A4")
    book.save(path)
    assert [row[0] for row in _first(path)] == ["号", 1, 1, 1, 2]


def test_hidden_sheets_are_passed_over(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = _book(path, ("hidden",))
    book.create_sheet().append(("seen",))
    book.worksheets[0].sheet_state = "hidden"
    book.active = 1
    book.save(path)
    assert (count_sheets(path), _first(path)) == (1, [["seen"]])


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
)


def test_a_sheet_that_lies_about_its_size_is_read_as_it_is(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    _book(path)
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row>'
    lie = '<dimension ref="A1:XFD1048576"/>'
    _replace(path, SHEET.format(f"{lie}<sheetData>{rows}</sheetData>"))
    assert _first(path) == [[1]]


def test_a_row_beyond_all_rows_does_not_hang(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    _book(path)
    far = '<row r="99999999999"><c><v>1</v></c></row>'
    _replace(path, SHEET.format(f"<sheetData>{far}</sheetData>"))
    rows = sum(1 for _ in open_rows(path))
    assert rows == xlsx_in.LAST_ROW


def test_a_bomb_is_refused_before_it_is_unpacked(app: Flask, tmp_path: Path) -> None:
    for number, (entries, size) in enumerate([(1, 51 << 20), (1, 9 << 20), (201, 1)]):
        path = tmp_path / f"{number}.xlsx"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in range(entries):
                archive.writestr(f"{name}.xml", b" " * size)
        with pytest.raises(WorkbookTooBig):
            next(open_rows(path))


@pytest.mark.parametrize("entry", [FIRST_SHEET, "xl/sharedStrings.xml", "xl/workbook.xml"])
@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<broken",
        "<a/>" * 2,
        '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>',
        SHEET.format('<sheetData><row r="x"><c r="1A"><v>1</v></c></row></sheetData>'),
        SHEET.format('<sheetData><row><c t="s"><v>99</v></c></row></sheetData>'),
    ],
)
def test_a_broken_workbook_is_refused(app: Flask, tmp_path: Path, entry: str, xml: str) -> None:
    path = tmp_path / "a.xlsx"
    _book(path)
    _share_texts(path, "text")
    _replace(path, xml, entry)
    with pytest.raises(NotAWorkbook):
        list(open_rows(path))


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + b"x" * 100, b"text", bytes(99)])
def test_what_is_no_workbook_is_refused(app: Flask, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(NotAWorkbook):
        next(open_rows(path))


def test_a_truncated_workbook_is_refused(app: Flask, tmp_path: Path) -> None:
    whole = io.BytesIO()
    openpyxl.Workbook().save(whole)
    path = tmp_path / "a.xlsx"
    for length in range(0, len(whole.getvalue()), 97):
        path.write_bytes(whole.getvalue()[:length])
        with pytest.raises(NotAWorkbook):
            next(open_rows(path))
