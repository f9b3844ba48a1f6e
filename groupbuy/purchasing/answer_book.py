"""Answering with a workbook: a sheet to fill in beside the goods, and reading it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.core import xlsx_in
from groupbuy.core.errors import RuleBroken
from groupbuy.core.settings import setting
from groupbuy.core.text import clean
from groupbuy.core.xlsx import Book, Look, Page
from groupbuy.purchasing import workbook_details as details
from groupbuy.purchasing.answer_form import AnswerForm, Box, number
from groupbuy.purchasing.models import PurchaseLine, PurchaseList

# The sheet is found again by these marks whatever language it was written in.
_MARKS = ("LIST", "REVISION", "READY", "NOTE", "LINES")
_MOST_ROWS = 5000
_WIDTHS = (10, 14, 30, 14, 8, 10, 16, 30)
_FILL = "FFF6DD"
_TITLE = Look(size=18, bold=True, wrap=True, span=8)
_HOW = Look(wrap=True, span=8, colour="555555")
_MARK = Look(size=9, colour="888888")
_GIVEN = details.TEXT.but(bold=True, form="@", span=3)
_EMPTY = details.TEXT.but(fill=_FILL, form="@", span=3)
_ROW = (
    *(details.MIDDLE, details.CODE, details.TEXT, details.TEXT, details.MIDDLE, details.PIECES),
    *(details.TEXT.but(fill=_FILL, size=14, bold=True), details.TEXT.but(fill=_FILL, form="@")),
)


class NotOurSheet(RuleBroken):
    """The workbook is not an answer sheet of this list."""

    message = _l(
        "This workbook is not the answer sheet of this list. Download the sheet here, fill it in "
        "and send it back without moving its rows."
    )
    status = 422


class RowsWrong(RuleBroken):
    """Rows that cannot be read; nothing was written."""

    message = _l("Nothing was taken over yet. Please correct: %(rows)s")
    status = 422


class _Head(NamedTuple):
    """What stands above the lines of a filled-in sheet."""

    revision: int
    ready_on: str
    note: str


def build(purchase_list: PurchaseList, *, now: datetime) -> bytes:
    """The xlsx file with a row per line of the current revision and an empty box beside each."""
    revision = purchase_list.current
    book = Book(_("Answer sheet %(number)s", number=purchase_list.number), _site(), now=now)
    sheet = book.sheet(_("Answer"), Page(_WIDTHS, heading_row=7, still_columns=3))
    sheet.rows(_TITLE)([f"{book.title} · {purchase_list.supplier.name}"])
    sheet.rows(_HOW)(
        [
            _(
                "Fill in the yellow boxes: how many of each will come, 0 for none. An empty box "
                "stays unanswered. Leave the first column and the rows as they are."
            )
        ]
    )
    fact = sheet.rows(_MARK, details.TEXT.but(span=2), _GIVEN)
    fact(["LIST", _("List no."), purchase_list.number])
    fact(["REVISION", _("Revision"), str(revision.revision)])
    fill = sheet.rows(_MARK, details.TEXT.but(span=2), _EMPTY)
    fill(["READY", _("Ready on (such as 2026-11-21)"), None])
    fill(["NOTE", _("A word on all of it"), None])
    headings = [_("Code"), _("Product"), _("Spec"), _("Unit"), _("Pieces")]
    sheet.rows(_MARK, *[details.HEADING] * 7)(["LINES", *headings, _("How many come"), _("Note")])
    write = sheet.rows(*_ROW)
    for line in revision.lines:
        facts = [line.position, details.code_of(line), line.name, line.spec, line.unit]
        write([*facts, line.pieces, None, None])
    return book.to_bytes()


def read(path: Path, purchase_list: PurchaseList) -> AnswerForm:
    """What the workbook at `path` says, as if it had been typed on the page and not yet sent.

    Raises NotAWorkbook, WorkbookTooBig, NotOurSheet, or RowsWrong naming up to ten rows. The
    sheet of another revision gives a form of that revision without boxes.
    """
    rows = _rows(path)
    head = _head(rows, purchase_list)
    form = AnswerForm(head.revision, ready_on=head.ready_on, note=head.note)
    revision = purchase_list.current
    if head.revision != revision.revision:
        return form
    wrong: list[str] = []
    asked = {line.position: line for line in revision.lines}
    for row_number, row in rows:
        line = asked.get(_position(row))
        if line is None:
            if any(_text(cell) for cell in row):
                wrong.append(_("row %(row)s: there is no such line", row=row_number))
        elif _text(row[1]) != details.code_of(line):
            wrong.append(_("row %(row)s: this is not %(code)s", row=row_number, code=line.code))
        else:
            _fill(form, line, row, wrong, row_number)
    missing = [line.code for line in revision.lines if line.item_id not in form.boxes]
    wrong += [_("%(code)s has no row", code=code) for code in missing]
    if wrong:
        more = _("and %(count)s more", count=len(wrong) - 10) if len(wrong) > 10 else ""
        raise RowsWrong(rows="; ".join([*wrong[:10], *filter(None, [more])]))
    return form


def _site() -> str:
    return str(setting("SITE_NAME"))


def _rows(path: Path) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(row number in Excel, eight cells) of the first sheet."""
    if not xlsx_in.count_sheets(path):
        raise NotOurSheet
    for row_number, row in enumerate(xlsx_in.open_rows(path), 1):
        if row_number > _MOST_ROWS:
            raise NotOurSheet
        yield row_number, (*row[:8], *[None] * (8 - len(row)))


def _head(rows: Iterable[tuple[int, tuple[Any, ...]]], purchase_list: PurchaseList) -> _Head:
    """Read down to the headings of the lines."""
    found: dict[str, Any] = {}
    for _row_number, row in rows:
        mark = _text(row[0]).upper()
        if mark in _MARKS:
            found[mark] = row[3]
        if mark == "LINES":
            break
    revision = number(_text(found.get("REVISION")))
    whole = found.keys() == set(_MARKS) and _text(found.get("LIST")) == purchase_list.number
    if not whole or revision is None:
        raise NotOurSheet
    return _Head(revision, _day(found["READY"]), _text(found["NOTE"]))


def _fill(
    form: AnswerForm, line: PurchaseLine, row: tuple[Any, ...], wrong: list[str], row_number: int
) -> None:
    typed = _text(row[6])
    if not typed:
        form.boxes[line.item_id] = Box(note=_text(row[7]))
        return
    pieces = number(typed)
    if pieces is None or pieces > line.pieces:
        message = _("row %(row)s: “%(typed)s” is not a number from 0 to %(most)s")
        wrong.append(message % {"row": row_number, "typed": typed[:20], "most": line.pieces})
        pieces = 0
    choice = "full" if pieces == line.pieces else "short" if pieces else "none"
    short = str(pieces) if choice == "short" else ""
    form.boxes[line.item_id] = Box(choice, short, _text(row[7]))


def _position(row: tuple[Any, ...]) -> int:
    return number(_text(row[0])) or 0


def _text(cell: Any) -> str:
    """A cell as text; Excel keeps whole numbers as 60.0 at times."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else clean(str(cell))


def _day(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else _text(cell)
