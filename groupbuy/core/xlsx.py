"""Workbooks that open everywhere and say what was meant: text stays text, numbers stay numbers.

Rows are written as they come (openpyxl's write-only mode), so a long sheet takes no more memory
than a short one. Sheets are made to be printed: A4 landscape, headings on every page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.drawing.image import Image
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.numbers import is_date_format
from openpyxl.utils import get_column_letter
from openpyxl.utils.units import pixels_to_EMU
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties

from groupbuy.core.clock import local

MIME_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONEY = "#,##0.00"
COUNT = "#,##0"
LONGEST_TEXT = 32_767  # of a cell, in UTF-16 units; longer and Excel calls the file damaged
_LONGEST_TITLE = 31
_TALLEST_ROW = 409  # points
_FONT = "Microsoft YaHei"  # where it is missing, the next font with Chinese takes its place
_WIDTH_SIZE = 10  # a column's width counts digits of about this size, in points
_A4 = 9

# What XML or Excel cannot hold: control characters and code points that are no characters.
_NONCHARACTERS = "".join(chr(plane << 16 | low) for plane in range(1, 17) for low in (65534, 65535))
_UNWANTED = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff{_NONCHARACTERS}]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IN_TITLE = re.compile(r"[\[\]:*?/\\\n\t]")


@dataclass(frozen=True)
class Look:
    """How a cell is shown; a span of several columns is for heads, in long tables it is slow."""

    size: int = 12
    bold: bool = False
    colour: str = "000000"
    fill: str = ""
    align: str = "left"
    wrap: bool = False
    boxed: bool = False
    indent: int = 0
    form: str = "General"  # Excel's number format; "@" keeps what is typed later text as well
    span: int = 1

    def but(self, **changes: Any) -> Look:
        """The same look with `changes`."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Page:
    """The shape of a sheet: column widths in characters, and how it is read and printed."""

    widths: Sequence[float]
    heading_row: int = 0  # repeated on each printed page; it and what is above stay in view
    still_columns: int = 0  # columns that stay in view and are repeated
    pages_wide: int = 1


class Book:
    """A workbook being written; its title is at the foot of every printed page."""

    def __init__(self, title: str, author: str, *, now: datetime) -> None:
        self.title = title
        self._book = Workbook(write_only=True)
        about = self._book.properties
        about.title, about.creator = cell_text(title), cell_text(author)
        self._foot = _cut(cell_text(title), 80).replace("&", "&&")
        about.created = now.astimezone(UTC).replace(tzinfo=None)

    def sheet(self, title: str, page: Page) -> Sheet:
        """A new last sheet; its title is made fit and unlike the others'."""
        taken = [sheet.title for sheet in self._book.worksheets]
        worksheet: Any = self._book.create_sheet(sheet_title(title, taken))
        _set_up(worksheet, page)
        worksheet.oddFooter.left.text = self._foot
        worksheet.oddFooter.right.text = "&P / &N"
        return Sheet(worksheet, page)

    def to_bytes(self) -> bytes:
        """The finished file. Nothing can be added afterwards."""
        file = BytesIO()
        self._book.save(file)
        return file.getvalue()


class Sheet:
    """A sheet being written, row after row."""

    def __init__(self, worksheet: Any, page: Page) -> None:
        self._worksheet = worksheet
        worksheet._values_to_row = _placed
        self._widths = page.widths
        self._row = 0

    def rows(self, *looks: Look) -> Callable[[Sequence[Any]], None]:
        """A function that writes a row of one value per look, as high as its text needs.

        Values are text, numbers, aware instants (shown in local time) or None. Raises ValueError
        for an instant where the look's form is not one of dates.
        """
        cells = [_Cell(self._worksheet, look) for look in looks]
        covered = [[_Cell(self._worksheet, look)] * (look.span - 1) for look in looks]
        wraps = list(self._wraps(looks))
        least = max(_height(look.size, 1) for look in looks)

        def write(values: Sequence[Any]) -> None:
            high = (_height(size, _lines(values[i], width)) for i, size, width in wraps)
            self._row += 1
            dimension = self._worksheet.row_dimensions[self._row]
            dimension.height = min(max(least, *high, 0), _TALLEST_ROW)
            row: list[_Cell] = []
            for value, cell, under in zip(values, cells, covered, strict=True):
                cell.fill_in(value)
                row.append(cell)
                if under:
                    self._merge(len(row), len(under))
                    row += under
            self._worksheet.append(row)
            del self._worksheet.row_dimensions[self._row]

        return write

    def picture(self, png: bytes, column: int, row: int, *, side: int, inset: int = 0) -> None:
        """Put a square picture of `side` pixels at a cell, `inset` pixels to its right."""
        image = Image(BytesIO(png))
        marker = AnchorMarker(col=column - 1, row=row - 1, colOff=pixels_to_EMU(inset), rowOff=0)
        size = XDRPositiveSize2D(pixels_to_EMU(side), pixels_to_EMU(side))
        image.anchor = OneCellAnchor(_from=marker, ext=size)
        self._worksheet.add_image(image)

    def _merge(self, column: int, more: int) -> None:
        first, last = get_column_letter(column), get_column_letter(column + more)
        self._worksheet.merged_cells.add(f"{first}{self._row}:{last}{self._row}")

    def _wraps(self, looks: Sequence[Look]) -> Iterator[tuple[int, int, float]]:
        """Which values may need several lines: index, letter size, room in letters of that size."""
        column = 0
        for i, look in enumerate(looks):
            if look.wrap:
                width = sum(self._widths[column : column + look.span]) - 1.5 * look.indent - 0.5
                yield i, look.size, width * _WIDTH_SIZE / look.size
            column += look.span


class _Cell(Cell):
    """A cell that is dressed once and filled in anew for each row.

    Dressing is what costs time, so openpyxl is spared looking up the style with every value.
    """

    has_style = True

    def __init__(self, worksheet: Any, look: Look) -> None:
        super().__init__(worksheet, row=1, column=1)
        self.font = Font(name=_FONT, size=look.size, bold=look.bold, color=look.colour)
        self.alignment = Alignment(look.align, "center", wrap_text=look.wrap, indent=look.indent)
        self.number_format = look.form
        if look.fill:
            self.fill = PatternFill("solid", fgColor=look.fill)
        if look.boxed:
            line = Side(style="thin", color="999999")
            self.border = Border(line, line, line, line)
        self._style_id = super().style_id

    @property
    def style_id(self) -> int:
        return self._style_id

    def fill_in(self, value: Any) -> None:
        """Hold `value` as what it is."""
        if isinstance(value, datetime):
            if not is_date_format(self.number_format):  # openpyxl would change it, for all rows
                raise ValueError("an instant needs a look with the form of a date")
            value = local(value).replace(tzinfo=None)  # Excel knows no zones
        is_text = isinstance(value, str)
        self.value = (cell_text(value) or None) if is_text else value
        if is_text and self.value:
            self.data_type = "s"  # else "=1+1" becomes a formula and "#N/A" an error


def _placed(cells: Sequence[_Cell], row: int) -> Iterator[_Cell]:
    """`cells` at their places in `row`; openpyxl's own way, for any value, takes a third longer."""
    for column, cell in enumerate(cells, 1):
        cell.row, cell.column = row, column
        yield cell


def cell_text(text: str) -> str:
    """`text` as a cell can hold it: cleaned, and cut to what Excel reads.

    >>> cell_text("草莓\\x00 1E5\\ud800")
    '草莓 1E5�'
    """
    if text.isprintable() and len(text) * 2 <= LONGEST_TEXT:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _UNWANTED.sub("", _SURROGATE.sub("\ufffd", text))
    return text.encode("utf-16-le")[: LONGEST_TEXT * 2].decode("utf-16-le", "ignore")


def sheet_title(text: str, taken: Sequence[str] = ()) -> str:
    """A title Excel accepts, unlike those `taken`.

    >>> sheet_title("3/4 [号门]"), sheet_title("?", ["Sheet"])
    ('3 4  号门', 'Sheet (2)')
    """
    plain = _NOT_IN_TITLE.sub(" ", cell_text(text)).strip(" '")
    plain = _cut(plain, _LONGEST_TITLE).rstrip(" '") or "Sheet"
    known = {title.casefold() for title in taken} | {"history"}  # Excel keeps this one for itself
    title, copy = plain, 1
    while title.casefold() in known:
        copy += 1
        mark = f" ({copy})"
        title = _cut(plain, _LONGEST_TITLE - len(mark)) + mark
    return title


def yuan(fen: int | None) -> Decimal | None:
    """Whole fen as an exact number of yuan; None stays None.

    >>> yuan(123456)
    Decimal('1234.56')
    """
    return None if fen is None else Decimal(fen).scaleb(-2)


def width_for(*numbers: float, form: str = ",", least: float = 0) -> float:
    """A column wide enough for `numbers` in large type: one that does not fit shows as ####.

    >>> width_for(1749, least=8) < width_for(174900, form=",.2f", least=8)
    True
    """
    longest = max((len(format(number, form)) for number in numbers), default=0)
    return max(least, 1.6 * longest + 2.5)


def _cut(text: str, longest: int) -> str:
    """The first characters of `text` that need no more than `longest` UTF-16 units."""
    return text.encode("utf-16-le")[: longest * 2].decode("utf-16-le", "ignore")


def _set_up(worksheet: Any, page: Page) -> None:
    """Everything that openpyxl must know before the first row, and how to print."""
    for column, width in enumerate(page.widths, 1):
        worksheet.column_dimensions[get_column_letter(column)].width = width
    still = get_column_letter(page.still_columns + 1)
    if page.heading_row or page.still_columns:
        worksheet.freeze_panes = f"{still}{page.heading_row + 1}"
    if page.heading_row:
        worksheet.print_title_rows = f"{page.heading_row}:{page.heading_row}"
    if page.still_columns:
        worksheet.print_title_cols = f"A:{get_column_letter(page.still_columns)}"
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.paperSize = _A4
    worksheet.page_setup.fitToWidth = page.pages_wide
    worksheet.page_setup.fitToHeight = 0  # as many pages as it takes
    worksheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    worksheet.page_margins = PageMargins(0.4, 0.4, 0.4, 0.6, 0.2, 0.3)  # inches
    worksheet.print_options.horizontalCentered = True


def _height(size: int, lines: int) -> float:
    """Points for `lines` of letters of `size`, with air above and below."""
    return size * 1.35 * lines + 4


def _lines(value: Any, width: float) -> int:
    """How many lines `value` takes in a column `width` characters wide; Chinese ones count two."""
    if not isinstance(value, str) or ("\n" not in value and len(value) * 2 <= width):
        return 1
    return sum(-(-_broad(part) // max(int(width), 1)) or 1 for part in value.split("\n"))


def _broad(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WFA" else 1 for char in text)
