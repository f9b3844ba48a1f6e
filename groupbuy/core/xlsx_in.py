"""Reading other people's workbooks: checked for bombs before anything is unpacked."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l
from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException

from groupbuy.core.errors import RuleBroken

MOST_ENTRIES = 200
MOST_BYTES = 50 * 1024 * 1024
MOST_RATIO = 100
# Excel's own last row; the columns of a sheet that claims to have thousands are not wanted.
LAST_ROW, LAST_COLUMN = 1_048_576, 256

Cells = tuple[Any, ...]
# The reader trusts what it reads; a broken file shows as whatever Python error it runs into.
_BROKEN = (
    OSError,
    EOFError,
    SyntaxError,  # malformed XML, of either parser
    ValueError,  # also a forbidden XML entity
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,  # also an encrypted entry, or an unknown compression
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
)
_MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})([0-9]{1,7}):[A-Z]+([0-9]{1,7})"'
)


class NotAWorkbook(RuleBroken):
    """The file is no xlsx workbook, or a broken one."""

    message = _l("This is not a workbook that can be read: save it as xlsx again.")
    status = 422


class WorkbookTooBig(RuleBroken):
    """Unpacked, the workbook would be larger than anybody writes by hand."""

    message = _l("This workbook is too big when unpacked: save it as csv instead.")
    status = 422


def count_sheets(path: Path) -> int:
    """How many visible sheets the workbook at `path` has. Raises NotAWorkbook or WorkbookTooBig."""
    with _sheets(path) as sheets:
        return len(sheets)


def open_rows(path: Path, sheet: int = 0) -> Iterator[Cells]:
    """The rows of a visible sheet (from 0) of the workbook at `path`, from row 1 on.

    A row holds plain values (text, numbers, naive datetimes, None), formulas as last computed;
    a cell merged downwards repeats its value. Raises NotAWorkbook or WorkbookTooBig.
    """
    with _sheets(path) as sheets:
        chosen = sheets[sheet]
        merged = _merged_downwards(chosen)
        chosen.reset_dimensions()  # as claimed by the file: a lie would be filled with cells
        rows = chosen.iter_rows(max_row=LAST_ROW, max_col=LAST_COLUMN, values_only=True)
        yield from _filled_down(rows, merged) if merged else rows


@contextmanager
def _sheets(path: Path) -> Iterator[list[Any]]:
    try:
        with path.open("rb") as file:
            with zipfile.ZipFile(file) as archive:
                _check(archive)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what it cannot keep matters only to a writer
                book = load_workbook(file, read_only=True, data_only=True)
            yield [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    except _BROKEN as error:
        raise NotAWorkbook from error


def _check(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > min(MOST_BYTES, MOST_RATIO * packed):
        raise WorkbookTooBig


def _merged_downwards(sheet: Any) -> dict[int, list[tuple[int, int]]]:
    """First row -> [(column index, last row)] of the cells that are merged over several rows.

    openpyxl tells of merged cells only when it holds the whole sheet in memory.
    """
    merged: dict[int, list[tuple[int, int]]] = {}
    tail = b""
    with sheet.parent._archive.open(sheet._worksheet_path) as source:
        while chunk := source.read(1 << 20):
            chunk = tail + chunk
            end = chunk.rfind(b">") + 1
            for letters, first, last in _MERGED.findall(chunk, 0, end):
                column = column_index_from_string(letters.decode()) - 1
                if int(first) < int(last) and column < LAST_COLUMN:
                    merged.setdefault(int(first), []).append((column, int(last)))
            tail = chunk[end:]
    return merged


def _filled_down(
    rows: Iterable[Cells], merged: dict[int, list[tuple[int, int]]]
) -> Iterator[Cells]:
    holding: dict[int, tuple[int, Any]] = {}
    for number, row in enumerate(rows, 1):
        for column, last in merged.get(number, ()):
            holding[column] = (last, row[column])
        cells = list(row)
        for column, (last, value) in list(holding.items()):
            cells[column] = value
            if number >= last:
                del holding[column]
        yield tuple(cells)
