"""A leader's goods and suppliers as a workbook, and such a workbook read back, cell by cell."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.catalog.sheet_cells import (
    CODE,
    GOODS,
    PRODUCT,
    SUPPLIER,
    SUPPLIERS,
    Column,
    places_of,
    read_cell,
)
from groupbuy.catalog.sheet_known import Known, known_goods
from groupbuy.core import xlsx, xlsx_in
from groupbuy.core.errors import BadInput
from groupbuy.core.text import label

MOST_ROWS = 2000  # of one sheet, with something in them
MOST_BYTES = 5 * 1024 * 1024  # of the file
MOST_UNPACKED = 12 * 1024 * 1024  # thirty times what two thousand ordinary rows need
MOST_CELLS = 60_000  # and rows; an ordinary list of two thousand has thirty thousand
MOST_TAGS = 400_000
MOST_PROBLEMS = 100
_LAST_ROW = 20_000
_HEADING_ROWS = 20
# A gap before a far row costs as much as the rows that could be in it.
_ROW_NUMBER = re.compile(rb"<(?:\w+:)?row\s(?:[^<>]{0,200}\s)?r\s*=\s*[\"']([0-9]{1,18})")
_CELL = re.compile(rb"<(?:\w+:)?(?:c|row)[\s/>]")
_TEXT = xlsx.Look(size=11, boxed=True, form="@")
_WRAPPED = _TEXT.but(wrap=True)
_HEADING = _TEXT.but(bold=True, fill="E4F3EA", wrap=True)


class Row(NamedTuple):
    """One row of a sheet: its number there, and the value of each column the sheet has."""

    number: int
    values: Mapping[str, Any]


class Problem(NamedTuple):
    """What is wrong, where: `row` 0 is the sheet as a whole."""

    sheet: str
    row: int
    column: str
    sentence: str


@dataclass
class Read:
    """What a workbook says. `goods` and `suppliers` hold only rows without a problem."""

    goods: list[Row] = field(default_factory=list)
    suppliers: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def export_goods(leader: Leader, *, now: datetime) -> tuple[bytes, int]:
    """The workbook of everything `leader` sells and of who delivers it, and how many rows it has.

    All cells are text, so that codes keep their zeros and nothing is ever a formula.
    """
    known = known_goods(leader)
    book = xlsx.Book(_("Goods of %(leader)s", leader=leader.name), leader.name, now=now)
    goods = [values for _sku, values in known.goods.values()]
    suppliers = [values for _supplier, values in known.suppliers.values()]
    _write(book, _("Products"), GOODS, goods)
    _write(book, _("Suppliers"), SUPPLIERS, suppliers)
    _explain(book, known)
    return book.to_bytes(), len(goods) + len(suppliers)


def read_goods(path: Path) -> Read:
    """What the workbook at `path` says of goods and suppliers.

    Raises NotAWorkbook, WorkbookTooBig, or BadInput at "file" when none of its sheets is ours.
    """
    _require_modest(path)
    read = Read()
    ours = 0
    for number in range(min(xlsx_in.count_sheets(path), 10)):
        ours += _read_sheet(path, number, read)
    if not ours:
        sentence = _l(
            "No sheet has columns “%(code)s” and “%(product)s”, or “%(supplier)s” and a contact."
        )
        names = {"code": CODE.heading, "product": PRODUCT.heading, "supplier": SUPPLIER.heading}
        raise BadInput("file", sentence, **names)
    if not read.goods and not read.suppliers and not read.problems:
        raise BadInput("file", _l("There are headings, but no rows under them."))
    return read


def _require_modest(path: Path) -> None:
    """What costs time is the number of cells, and a megabyte holds very many empty ones."""
    try:
        with zipfile.ZipFile(path) as archive:
            modest = sum(entry.file_size for entry in archive.infolist()) <= MOST_UNPACKED
            modest = modest and _is_modest(archive)
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise xlsx_in.NotAWorkbook from error
    if not modest:
        raise BadInput("file", _l("The workbook is too big. Cut it into several."))


def _is_modest(archive: zipfile.ZipFile) -> bool:
    tags = cells = 0
    for entry in archive.infolist()[: xlsx_in.MOST_ENTRIES]:
        content = archive.read(entry)  # whatever it is called: a sheet can have any name
        tags += content.count(b"<")
        cells += sum(1 for _cell in _CELL.finditer(content))
        far = any(int(number) > _LAST_ROW for number in _ROW_NUMBER.findall(content))
        if far or tags > MOST_TAGS or cells > MOST_CELLS:
            return False
    return True


def _read_sheet(path: Path, number: int, read: Read) -> bool:
    """Read one sheet into `read`; False when it is not one of ours."""
    rows = enumerate(xlsx_in.open_rows(path, number), 1)
    for _row, cells in rows:
        goods = places_of(cells, GOODS)
        if CODE.key in goods and PRODUCT.key in goods:
            _read_rows(rows, GOODS, goods, (_("Products"), read.goods, read.problems))
            return True
        suppliers = places_of(cells, SUPPLIERS)
        if SUPPLIER.key in suppliers and len(suppliers) > 1 and CODE.key not in goods:
            _read_rows(rows, SUPPLIERS, suppliers, (_("Suppliers"), read.suppliers, read.problems))
            return True
        if _row >= _HEADING_ROWS:
            return False
    return False


def _read_rows(
    rows: Iterator[tuple[int, xlsx_in.Cells]],
    columns: Sequence[Column],
    places: Mapping[str, int],
    into: tuple[str, list[Row], list[Problem]],
) -> None:
    """Read what stands under the headings, `into` (sheet, rows, problems)."""
    sheet, good, problems = into
    there = [(column, places[column.key]) for column in columns if column.key in places]
    taken = 0
    for number, cells in rows:
        if cells.count(None) == len(cells):
            continue  # a sheet can have a million of these
        given = [(column, cells[at] if at < len(cells) else None) for column, at in there]
        if all(cell is None or not str(cell).strip() for _column, cell in given):
            continue
        taken += 1
        if taken > MOST_ROWS or number > _LAST_ROW:
            raise BadInput("file", _l("At most %(most)s rows at once."), most=MOST_ROWS)
        row, wrong = _read_row(sheet, number, given)
        problems += wrong
        if not wrong:
            good.append(row)
        if len(problems) >= MOST_PROBLEMS:
            return


def _read_row(
    sheet: str, number: int, given: Sequence[tuple[Column, Any]]
) -> tuple[Row, list[Problem]]:
    values, problems = {}, []
    for column, cell in given:
        try:
            values[column.key] = read_cell(column, cell)
        except BadInput as refusal:
            sentence = refusal.sentence
            if cell is not None:
                sentence = _("“%(cell)s”: %(wrong)s", cell=label(str(cell), 40), wrong=sentence)
            problems.append(Problem(sheet, number, column.heading, sentence))
    return Row(number, values), problems


def _write(
    book: xlsx.Book, title: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]
) -> None:
    page = xlsx.Page([column.width for column in columns], heading_row=1, still_columns=1)
    sheet = book.sheet(title, page)
    sheet.rows(*[_HEADING] * len(columns))([column.heading for column in columns])
    looks = [_WRAPPED if column.width > 20 else _TEXT for column in columns]
    write = sheet.rows(*looks)
    for values in rows:
        write([str(column.word(values[column.key])) for column in columns])


def _explain(book: xlsx.Book, known: Known) -> None:
    sheet = book.sheet(_("How to use it"), xlsx.Page([90]))
    write = sheet.rows(_WRAPPED.but(boxed=False, form="General"))
    sentences = [
        _("Change what you like, save it as xlsx, and give it to the same page again."),
        _("You will see every change before anything is written."),
        _("A row is found by its SKU code. A new code is a new SKU; a row left out stays."),
        _("A column left out stays as it is; an empty cell means: nothing."),
        _("SKUs of one product repeat its name, category and description: keep them alike."),
        _("Live deals keep what they were opened with: prices here count from the next deal on."),
    ]
    if known.without_skus:
        count = len(known.without_skus)
        sentences.append(_("%(count)s products without any SKU are not in this file.", count=count))
    for sentence in sentences:
        write([sentence])
