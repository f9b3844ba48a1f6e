"""Workbooks of goods as leaders, and those who mean harm, send them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

ENGLISH = ("SKU code", "Product", "Unit", "Price", "Supplier")
CHINESE = ("规格编码", "商品名称", "单位", "售价", "供应商")


def book(*sheets: Iterable[Sequence[Any]], titles: Sequence[str] = ()) -> bytes:
    """A workbook of `sheets`, each a list of rows."""
    made = Workbook()
    made.remove(made.active)
    for number, rows in enumerate(sheets):
        sheet = made.create_sheet(titles[number] if titles else f"Sheet{number}")
        for row in rows:
            sheet.append(list(row))
            for cell in sheet[sheet.max_row]:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # "=1+1" as somebody types it into a cell of text
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def goods_book(*rows: Sequence[Any], headings: Sequence[str] = ENGLISH) -> bytes:
    """A sheet of goods with `rows` under its headings."""
    return book([headings, *rows])


def edited(content: bytes, cells: Mapping[str, Any], sheet: int = 0) -> bytes:
    """The same workbook with other values in these cells, as somebody edits it in Excel."""
    made = load_workbook(io.BytesIO(content))
    for place, value in cells.items():
        made.worksheets[sheet][place] = value
        if isinstance(value, str):
            made.worksheets[sheet][place].data_type = "s"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def written(folder: Path, content: bytes) -> Path:
    """`content` as a file."""
    path = folder / "upload.xlsx"
    path.write_bytes(content)
    return path
