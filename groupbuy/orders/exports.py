"""The files other tools export: csv, csv.gz and xlsx, opened and decoded."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from flask_babel import lazy_gettext as _l

from groupbuy.core import xlsx_in
from groupbuy.core.errors import RuleBroken
from groupbuy.core.text import label
from groupbuy.orders.export_columns import Cells, MissingColumns, find_headings

MOST_BYTES = 1 << 30  # of a csv, unpacked
LONGEST_LINE = 1 << 20  # in characters
_PART = 1 << 18


class Unreadable(RuleBroken):
    """The file cannot be opened or decoded."""

    message = _l("“%(file)s” cannot be read: %(why)s")
    status = 422


@dataclass(frozen=True)
class Export:
    """An opened file: its headings, which column (from 0) holds what, and the rows below.

    `rows` yields (row number as a spreadsheet shows it, cells); read once.
    """

    headings: list[str]
    columns: Mapping[str, int]
    rows: Iterator[tuple[int, Cells]]


def open_export(path: Path, mapping: Mapping[str, str]) -> Export:
    """Find the headings of the csv, csv.gz or xlsx at `path`, by `mapping` and by those we know.

    Raises Unreadable (also while the rows are read), MissingColumns, or what a workbook raises.
    """
    refusal: RuleBroken = Unreadable(file=label(path.name), why=_l("it is empty"))
    for number, sheet in enumerate(_sheets(path)):
        rows = enumerate(sheet, 1)
        try:
            headings, columns = find_headings(rows, mapping)
        except MissingColumns as missing:
            refusal = missing if number == 0 else refusal
        else:
            return Export(headings, columns, _not_blank(rows))
    raise refusal


def _sheets(path: Path) -> list[Iterator[Cells]]:
    name = label(path.name)
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise Unreadable(file=name, why=error.strerror) from error
    if start.startswith(b"PK"):
        return [xlsx_in.open_rows(path, sheet) for sheet in range(xlsx_in.count_sheets(path))]
    if start == b"\xd0\xcf\x11\xe0":
        raise Unreadable(file=name, why=_l("it is an old xls workbook; save it as xlsx"))
    return [_csv_rows(path, packed=start.startswith(b"\x1f\x8b"))] if start else []


def _not_blank(rows: Iterator[tuple[int, Cells]]) -> Iterator[tuple[int, Cells]]:
    """`rows` without lines that hold nothing at all; a line of commas does hold something."""
    return ((number, row) for number, row in rows if any(cell is not None for cell in row))


def _csv_rows(path: Path, packed: bool) -> Iterator[Cells]:
    name = label(path.name)
    try:
        encoding = _encoding(path, packed, name)
        with (
            _opened(path, packed) as file,
            io.TextIOWrapper(file, encoding, _CODECS[encoding], newline="") as text,
        ):
            yield from _records(text, name)
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise Unreadable(file=name, why=label(str(error))) from error


def _opened(path: Path, packed: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")


# A lone surrogate is no reason to take a file for GBK; cleaning makes it a replacement character.
_CODECS = {"utf-8-sig": "surrogatepass", "gb18030": "strict"}


def _encoding(path: Path, packed: bool, name: str) -> str:
    """The first of `_CODECS` in which the whole file makes sense."""
    for encoding, errors in _CODECS.items():
        decoder = codecs.getincrementaldecoder(encoding)(errors)
        with suppress(UnicodeDecodeError), _opened(path, packed) as file:
            for _ in range(MOST_BYTES // _PART):
                chunk = file.read(_PART)
                decoder.decode(chunk, final=not chunk)
                if not chunk:
                    return encoding
            raise Unreadable(file=name, why=_l("it is larger than 1 GB when unpacked"))
    raise Unreadable(file=name, why=_l("it is neither UTF-8 nor GBK"))


def _records(text: IO[str], name: str) -> Iterator[Cells]:
    """The rows of a csv. A quote that never ends is refused: it would swallow rows unseen."""
    raw: list[str] = []  # the lines of the record being read
    lines = _lines(text, name, raw)
    first = next(lines, "")
    delimiter = max(",\t;", key=first.count)
    record: list[str] = []
    for row in csv.reader(itertools.chain([first], lines), delimiter=delimiter):
        record = raw.copy()
        raw.clear()
        yield row
    try:
        list(csv.reader(record, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            why = _l("a quotation mark is opened near the end and never closed")
            raise Unreadable(file=name, why=why) from error


def _lines(text: IO[str], name: str, raw: list[str]) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            why = _l("a line of it is longer than a million characters")
            raise Unreadable(file=name, why=why)
        raw.append(line)
        yield line
