"""Counting an export and a workbook by other means than the product: loops over plain files."""

from __future__ import annotations

import csv
import gzip
import pathlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import openpyxl


class Count(NamedTuple):
    """Pieces per SKU, and per (SKU, pickup point)."""

    per_sku: Counter[str]
    per_point: Counter[tuple[str, str]]


def of_export(path: pathlib.Path, columns: Mapping[str, str]) -> Count:
    """What an export asks for; `columns` names those called order, sku, quantity, price, point."""
    per_sku: Counter[str] = Counter()
    per_point: Counter[tuple[str, str]] = Counter()
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            sku, text = row[columns["sku"]].strip(), row[columns["quantity"]].strip()
            cancelled = row[columns["order"]].startswith("C")
            wanted = text.isdecimal() and 1 <= int(text) <= 1_000_000
            price = row[columns["price"]].strip()
            if cancelled or not sku or not wanted or not price or price.startswith("-"):
                continue
            per_sku[sku] += int(text)
            per_point[sku, row[columns["point"]].strip()] += int(text)
    return Count(per_sku, per_point)


def of_workbook(path: pathlib.Path) -> Count:
    """What a purchase list asks for: its first sheet by SKU, its second by SKU and point."""
    workbook = openpyxl.load_workbook(path, read_only=True)
    order, matrix = workbook.worksheets[:2]
    per_sku = {str(row["编码"]): row["件数"] for row in _table(order)}
    per_point = {
        (str(row["编码"]), point): pieces
        for row in _table(matrix)
        for point, pieces in list(row.items())[6:]
        if pieces
    }
    workbook.close()
    return Count(Counter(per_sku), Counter(per_point))


def _table(sheet: openpyxl.worksheet.worksheet.Worksheet) -> list[dict[str, object]]:
    """The rows below the headings that begin with 序号, down to the totals."""
    rows = sheet.iter_rows(values_only=True)
    headings = next(row for row in rows if row[0] == "序号")
    table = []
    for row in rows:
        if not isinstance(row[0], int):
            break
        table.append(dict(zip(headings, row, strict=True)))
    return table
