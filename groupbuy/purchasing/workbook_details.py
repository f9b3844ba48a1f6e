"""The further sheets of a purchase list's workbook: by pickup point, changes, explanations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from flask_babel import format_datetime
from flask_babel import gettext as _

from groupbuy.core.xlsx import COUNT, MONEY, Book, Look, Page, Sheet, width_for, yuan
from groupbuy.extensions import db
from groupbuy.orders.models import OrderLine
from groupbuy.purchasing.changes import Change, Moved, between, moved_between_points
from groupbuy.purchasing.models import PurchaseLine, PurchaseRevision, PurchaseSplit

PALE = "E6F2EA"
PLAIN = Look()
SUBTITLE = Look(size=16, bold=True)
HEADING = Look(size=11, bold=True, fill=PALE, align="center", wrap=True, boxed=True)
TEXT = Look(wrap=True, boxed=True, indent=1)
CODE = TEXT.but(form="@")
MIDDLE = Look(wrap=True, boxed=True, align="center")
NUMBER = Look(align="right", boxed=True, indent=1, form=COUNT)
PIECES = NUMBER.but(size=14, bold=True)
PRICE = NUMBER.but(form=MONEY)
_LABEL = Look(bold=True, fill=PALE, align="right", boxed=True, indent=1)
_SUM = NUMBER.but(bold=True, fill=PALE)
_CHANGED = NUMBER.but(bold=True, form=f"+{COUNT};-{COUNT};0")
_PRICE_CHANGED = NUMBER.but(bold=True, form=f"+{MONEY};-{MONEY};{MONEY}")

_COMPARED = (NUMBER, PIECES, _CHANGED, PRICE, PRICE, _PRICE_CHANGED)

_POINTS_A_PAGE = 10


def by_point_title() -> str:
    """What the sheet with the pickup points is called."""
    return _("By pickup point")


def changes_title(earlier: PurchaseRevision) -> str:
    """What the sheet with the changes since `earlier` is called."""
    return _("Changes since revision %(revision)s", revision=earlier.revision)


def code_of(line: Any) -> str:
    """The code the supplier knows a line's goods by; the leader's own when they gave none."""
    return str(line.supplier_code or line.code)


def kind_of(change: Change) -> str:
    """What happened to a line, in a word."""
    words = {
        "added": _("new"),
        "removed": _("removed"),
        "more": _("more"),
        "fewer": _("fewer"),
        "corrected": _("corrected"),
    }
    return words[change.kind]


def spoken_time(instant: datetime | None) -> str:
    """“2035-05-12 周六 20:00”, on the wall clock; a dash when there is none."""
    return format_datetime(instant, "yyyy-MM-dd EEE HH:mm") if instant else "–"


def write_by_point(
    book: Book, revision: PurchaseRevision, lines: Sequence[Any], points: Sequence[Any]
) -> None:
    """The matrix of products and `points` (id, name, address, pieces), with totals both ways."""
    total = sum(line.pieces for line in lines)
    page = Page(
        [5, 30, 14, 12, 6, width_for(total, least=10)]
        + [width_for(point.pieces, least=10) for point in points],
        heading_row=2 if lines else 0,
        still_columns=2,
        pages_wide=-(-len(points) // _POINTS_A_PAGE) or 1,
    )
    sheet = book.sheet(by_point_title(), page)
    sheet.rows(SUBTITLE)([f"{by_point_title()} · {book.title}"])
    if not lines:
        sheet.rows(PLAIN)([_("Nothing was ordered this time.")])
        return
    headings = [_("No."), _("Product"), _("Code"), _("Spec"), _("Unit"), _("Pieces")]
    sheet.rows(*[HEADING] * (6 + len(points)))(headings + [point.name for point in points])
    _write_matrix(sheet, revision, lines, {point.id: i for i, point in enumerate(points)})
    sums = sheet.rows(_LABEL.but(span=5), *[_SUM] * (1 + len(points)))
    sums([_("Total"), total, *(point.pieces for point in points)])
    _write_addresses(sheet, points)


def _write_matrix(
    sheet: Sheet, revision: PurchaseRevision, lines: Sequence[Any], column: dict[int, int]
) -> None:
    """One row per line; `column` says at which place a point (by id) stands."""
    write = sheet.rows(MIDDLE, TEXT, CODE, TEXT, MIDDLE, PIECES, *[NUMBER] * len(column))
    for line, (_line_id, splits) in zip(lines, _splits(revision), strict=True):
        pieces: list[int | None] = [None] * len(column)
        for split in splits:
            if split.point_id:
                pieces[column[split.point_id]] = split.pieces
        facts = [line.position, line.name, code_of(line), line.spec, line.unit, line.pieces]
        write(facts + pieces)


def _splits(revision: PurchaseRevision) -> Iterable[tuple[int, Iterable[Any]]]:
    """Each line's rows (line id, point id, pieces) in the order of the lines, read as they come."""
    rows = (
        sa.select(PurchaseLine.id, PurchaseSplit.point_id, PurchaseSplit.pieces)
        .outerjoin(PurchaseSplit, PurchaseSplit.line_id == PurchaseLine.id)
        .where(PurchaseLine.revision_id == revision.id)
        .order_by(PurchaseLine.position, PurchaseLine.id)
        .execution_options(yield_per=2000)
    )
    return groupby(db.session.execute(rows), key=lambda row: row.id)


def _write_addresses(sheet: Sheet, points: Sequence[Any]) -> None:
    sheet.rows(PLAIN)([None])
    sheet.rows(SUBTITLE)([_("Where the pickup points are")])
    write = sheet.rows(TEXT.but(span=2), TEXT.but(span=4))
    for point in points:
        write([point.name, point.address])


def write_changes(
    book: Book,
    revisions: tuple[PurchaseRevision, PurchaseRevision],
    lines: tuple[Sequence[Any], Sequence[Any]],
) -> None:
    """What is different between two `revisions`, (earlier, later), given the lines of each."""
    changes = between(*lines)
    moved = moved_between_points(*revisions)
    name = changes_title(revisions[0])
    amounts = [sum(line.amount_fen for line in side) / 100 for side in lines]
    widths = [8, 14, 30, 18, 6, 10, 10, 10] + [width_for(*amounts, form=",.2f", least=14)] * 3
    sheet = book.sheet(name, Page(widths, heading_row=2 if changes else 0))
    sheet.rows(SUBTITLE)([f"{name} · {book.title}"])
    if changes:
        _write_changed_lines(sheet, lines, changes)
    if moved:
        by_item = {line.item_id: line for side in lines for line in side}
        _write_moved(sheet, [(one, by_item[one.item_id]) for one in moved])
    if not changes and not moved:
        sheet.rows(PLAIN)([_("Nothing changed.")])


def _write_changed_lines(
    sheet: Sheet, lines: tuple[Sequence[Any], Sequence[Any]], changes: Sequence[Change]
) -> None:
    headings = [_("Change"), _("Code"), _("Product"), _("Spec"), _("Unit")]
    headings += [_("Pieces before"), _("Pieces now"), _("Difference")]
    headings += [_("Amount before"), _("Amount now"), _("Difference")]
    sheet.rows(*[HEADING] * len(headings))(headings)
    write = sheet.rows(MIDDLE, CODE, TEXT, TEXT, MIDDLE, *_COMPARED)
    for change in changes:
        line = change.now or change.before
        facts = [kind_of(change), code_of(line), line.name, line.spec, line.unit]
        write(facts + _compared([change.before], [change.now]))
    total = [look.but(fill=PALE, bold=True) for look in _COMPARED]
    sheet.rows(_LABEL.but(span=5), *total)([_("The whole list"), *_compared(*lines)])


def _compared(before: Iterable[Any], now: Iterable[Any]) -> list[Any]:
    """Pieces and yuan of two sets of lines (None is no line): before, now, difference."""
    old, new = [[line for line in side if line] for side in (before, now)]
    pieces = [sum(line.pieces for line in side) for side in (old, new)]
    fen = [sum(line.amount_fen for line in side) for side in (old, new)]
    amounts = [yuan(fen[0]), yuan(fen[1]), yuan(fen[1] - fen[0])]
    return [*pieces, pieces[1] - pieces[0], *amounts]


def _write_moved(sheet: Sheet, moved: Sequence[tuple[Moved, Any]]) -> None:
    sheet.rows(PLAIN)([None])
    sheet.rows(SUBTITLE)([_("Changes by pickup point")])
    headings = [_("Change"), _("Code"), _("Product"), _("Pickup point"), _("Unit")]
    headings += [_("Pieces before"), _("Pieces now"), _("Difference")]
    sheet.rows(*[HEADING] * len(headings))(headings)
    write = sheet.rows(MIDDLE, CODE, TEXT, TEXT, MIDDLE, *_COMPARED[:3])
    for one, line in moved:
        kind = _("more") if one.now > one.before else _("fewer")
        pieces = [one.before, one.now, one.now - one.before]
        write([kind, code_of(line), line.name, one.point, line.unit, *pieces])


def write_explanation(
    book: Book, revision: PurchaseRevision, earlier: PurchaseRevision | None, now: datetime
) -> None:
    """What each sheet holds, which orders were counted, what was left out, which file this is."""
    title = _("About this workbook")
    sheet = book.sheet(title, Page([24, 112]))
    sheet.rows(SUBTITLE)([f"{title} · {book.title}"])
    write = sheet.rows(TEXT.but(bold=True), TEXT)
    for explained in (*_sheets_explained(earlier), *_contents_explained(revision, now)):
        write(explained)


def _sheets_explained(earlier: PurchaseRevision | None) -> list[tuple[str, str]]:
    order = _(
        "What is ordered, one product a row. Full cases times case size plus loose pieces is the"
        " number of pieces. Goods that do not come in cases are all loose pieces."
    )
    prices = _(
        "In yuan. “varies”: the orders were placed at several prices, and the amount is their sum."
    )
    by_point = _(
        "The same pieces by pickup point; an empty cell is none. Rows and columns add up to the"
        " totals."
    )
    changes = _(
        "Every product whose pieces, amount or description differ. Pieces before plus all"
        " differences is pieces now."
    )
    code = _("For the leader or a helper: opens the count-in of this list when the goods arrive.")
    about = [(_("Order"), order), (_("Prices"), prices), (_("QR code"), code)]
    about.append((by_point_title(), by_point))
    return about + ([(changes_title(earlier), changes)] if earlier else [])


def _contents_explained(revision: PurchaseRevision, now: datetime) -> list[tuple[str, str]]:
    deal = revision.purchase_list.deal
    span = _(
        "Orders placed from %(start)s until before %(end)s",
        start=spoken_time(deal.opens_at),
        end=spoken_time(deal.closes_at),
    )
    counted = _(
        "Orders of this deal for goods of this supplier that counted when the deal closed: paid,"
        " vouched for by the leader, or to be paid at pickup."
    )
    left_out = _(
        "Orders cancelled or not paid in time, products that nobody ordered, other suppliers'"
        " products, and everything about the residents: names, phone numbers, who ordered what."
    )
    about = [(_("Time span"), span), (_("Counted"), counted), (_("Left out"), left_out)]
    if revision.revision == revision.purchase_list.current_revision:
        about.append((_("Number of orders"), f"{_orders(revision):,}"))
    about.append((_("Revision issued"), spoken_time(revision.issued_at)))
    about.append((_("Checksum (SHA-256)"), revision.sha256 or "–"))
    return [*about, (_("Workbook written"), spoken_time(now))]


def _orders(revision: PurchaseRevision) -> int:
    """How many orders the current `revision` was made from."""
    lines = sa.select(PurchaseLine.id).where(PurchaseLine.revision_id == revision.id)
    orders = sa.select(sa.func.count(OrderLine.order_id.distinct()))
    orders = orders.where(OrderLine.deal_id == revision.purchase_list.deal_id)
    return db.session.scalars(orders.where(OrderLine.purchase_line_id.in_(lines))).one()
