"""One revision of a purchase list as a workbook: to print, to pick from, to file.

It holds what was sealed and nothing about the residents: no names, no phone numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _

from groupbuy.accounts.models import Leader, PickupPoint
from groupbuy.core import qr, tokens
from groupbuy.core.db import sum_of
from groupbuy.core.money import format_yuan
from groupbuy.core.settings import setting
from groupbuy.core.text import label
from groupbuy.core.xlsx import COUNT, Book, Look, Page, Sheet, width_for, yuan
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.purchasing import workbook_details as details
from groupbuy.purchasing.changes import Change, between, lines_of
from groupbuy.purchasing.models import PurchaseLine, PurchaseList, PurchaseRevision, PurchaseSplit

_FEW_POINTS = 3  # so many addresses fit into the head of the order
_LONGEST_FILE_NAME = 120  # bytes
_NOT_IN_FILE_NAME = re.compile(r'[/\\:*?"<>|]+')
_AT_THE_EDGE = " .-"  # hidden files, options, what Windows drops
_QR_COLUMN, _QR_PIXELS = 11, 140

_TITLE = Look(size=22, bold=True, wrap=True, span=10)
_SUMS = Look(size=16, bold=True, wrap=True, span=10)
_CAPTION = Look(size=9, colour="555555", align="center", wrap=True, span=2)
_NOTICE = Look(size=14, bold=True, colour="C00000", wrap=True, span=12)
_LABEL = Look(colour="555555", span=2)
_VALUE = Look(wrap=True)
_FACTS = (_LABEL, _VALUE.but(span=2), _LABEL, _VALUE.but(span=4))
_CASES = details.PIECES.but(form=f'{COUNT};-{COUNT};"–"')
_NUMBERS = (_CASES, _CASES, details.PIECES, details.PRICE, details.PRICE)


class _Totals(NamedTuple):
    """What all lines come to."""

    kinds: int
    cases: int
    loose: int
    pieces: int
    amount_fen: int


def build(purchase_list: PurchaseList, revision: PurchaseRevision, *, now: datetime) -> bytes:
    """The xlsx file of `revision` in the reader's language, read with a fixed number of statements.

    Sheets: the order, the pieces by pickup point, what changed (from revision 2), explanations.
    """
    revisions = {one.revision: one for one in purchase_list.revisions}
    earlier = revisions.get(revision.revision - 1)
    lines = lines_of(revision)
    earlier_lines = lines_of(earlier) if earlier else lines
    points = _points(revision)
    book = Book(_title(revision), setting("SITE_NAME"), now=now)
    _write_order(book, revision, (earlier_lines, lines), points)
    details.write_by_point(book, revision, lines, points)
    if earlier:
        details.write_changes(book, (earlier, revision), (earlier_lines, lines))
    details.write_explanation(book, revision, earlier, now)
    return book.to_bytes()


def file_name(purchase_list: PurchaseList, revision: PurchaseRevision) -> str:
    """`deal_supplier_number-v1.xlsx`: safe on any system, unlike any other's, at most 120 bytes."""
    ending = f"{_file_part(purchase_list.number)}-v{revision.revision}.xlsx"
    names = [_file_part(purchase_list.deal.title), _file_part(purchase_list.supplier.name)]
    while any(names) and len("_".join([*names, ending]).encode()) > _LONGEST_FILE_NAME:
        longest = max(range(len(names)), key=lambda i: len(names[i].encode()))
        names[longest] = names[longest][:-1].rstrip(_AT_THE_EDGE)
    return "_".join([name for name in names if name] + [ending])


def _file_part(text: str) -> str:
    """
    >>> _file_part("../a/b: 农场")
    'a b 农场'
    """
    return label(_NOT_IN_FILE_NAME.sub(" ", text), _LONGEST_FILE_NAME).strip(_AT_THE_EDGE)


def _title(revision: PurchaseRevision) -> str:
    return _(
        "Purchase list %(number)s, revision %(revision)s",
        number=revision.purchase_list.number,
        revision=revision.revision,
    )


def _write_order(
    book: Book,
    revision: PurchaseRevision,
    lines: tuple[Sequence[Any], Sequence[Any]],
    points: Sequence[Any],
) -> None:
    ordered = lines[1]
    totals = _totals(ordered)
    notice = _notice(revision)
    heading_row = 6 + bool(notice) if ordered else 0
    sheet = book.sheet(_("Order"), Page(_widths(ordered, totals), heading_row))
    _write_head(sheet, revision)
    if ordered:
        _write_delivery(sheet, revision, points)
        sheet.rows(_SUMS, _CAPTION)([_in_words(totals), _("Scan to count in the delivery")])
    else:
        sheet.rows(_SUMS)([_("Nothing was ordered this time.")])
    if notice:
        sheet.rows(_NOTICE)([notice])
    if ordered:
        _write_lines(sheet, lines, totals)


def _write_head(sheet: Sheet, revision: PurchaseRevision) -> None:
    purchase_list = revision.purchase_list
    deal = purchase_list.deal
    sheet.rows(_TITLE)([_title(revision)])
    facts = sheet.rows(*_FACTS)
    facts([_("Supplier"), purchase_list.supplier.name, _("Deal"), deal.title])
    closed_at = details.spoken_time(deal.closed_at)
    facts([_("Closed at"), closed_at, _("Contact"), _contact(deal.leader)])


def _write_delivery(sheet: Sheet, revision: PurchaseRevision, points: Sequence[Any]) -> None:
    purchase_list = revision.purchase_list
    by = _deliver_by(purchase_list.deal)
    sheet.rows(*_FACTS)([_("Deliver by"), by, _("Deliver to"), _places(points)])
    token = tokens.sign("count-in", purchase_list.number)
    picture = qr.png(f"{current_app.config['SITE_URL']}/p/count-in/{token}", scale=4)
    sheet.picture(picture, _QR_COLUMN, 1, side=_QR_PIXELS, inset=40)


def _write_lines(sheet: Sheet, lines: tuple[Sequence[Any], Sequence[Any]], totals: _Totals) -> None:
    headings = [_("No."), _("Code"), _("Product"), _("Spec"), _("Unit"), _("Case size")]
    headings += [_("Full cases"), _("Loose pieces"), _("Pieces")]
    headings += [_("Unit price (yuan)"), _("Amount (yuan)"), _("Note")]
    sheet.rows(*[details.HEADING] * len(headings))(headings)
    facts = (details.MIDDLE, details.CODE, details.TEXT, details.TEXT, details.MIDDLE)
    write = sheet.rows(*facts, details.MIDDLE, *_NUMBERS, details.TEXT)
    notes = _notes(lines)
    for line in lines[1]:
        price = _("varies") if line.unit_price_fen is None else yuan(line.unit_price_fen)
        write(
            [
                *(line.position, details.code_of(line), line.name, line.spec, line.unit),
                *(line.pack_size, *_cases(line), line.pieces),
                *(price, yuan(line.amount_fen), notes.get(line.item_id)),
            ]
        )
    strong = {"size": 14, "bold": True, "fill": details.PALE}
    sums = [look.but(**strong) for look in (*_NUMBERS, details.TEXT)]
    amount = yuan(totals.amount_fen)
    write_total = sheet.rows(details.PIECES.but(**strong, span=6), *sums)
    write_total([_("Total"), totals.cases, totals.loose, totals.pieces, None, amount, None])


def _points(revision: PurchaseRevision) -> Sequence[Any]:
    """The points `revision` goes to, as rows of id, name, address and pieces."""
    rows = (
        sa.select(
            *(PickupPoint.id, PickupPoint.name, PickupPoint.address),
            sum_of(PurchaseSplit.pieces).label("pieces"),
        )
        .join(PurchaseSplit, PurchaseSplit.point_id == PickupPoint.id)
        .join(PurchaseLine, PurchaseLine.id == PurchaseSplit.line_id)
        .where(PurchaseLine.revision_id == revision.id)
        .group_by(PickupPoint.id)
        .order_by(PickupPoint.id)
    )
    return db.session.execute(rows).all()


def _cases(line: Any) -> tuple[int, int]:
    """Full cases and loose pieces; what comes in cases of one is loose."""
    return (0, line.pieces) if line.pack_size == 1 else (line.packs, line.loose_pieces)


def _totals(lines: Sequence[Any]) -> _Totals:
    cases = [_cases(line) for line in lines]
    return _Totals(
        kinds=len(lines),
        cases=sum(full for full, _loose in cases),
        loose=sum(loose for _full, loose in cases),
        pieces=sum(line.pieces for line in lines),
        amount_fen=sum(line.amount_fen for line in lines),
    )


def _in_words(totals: _Totals) -> str:
    return _(
        "%(kinds)s kinds, %(cases)s full cases + %(loose)s loose, %(pieces)s pieces, %(amount)s",
        kinds=f"{totals.kinds:,}",
        cases=f"{totals.cases:,}",
        loose=f"{totals.loose:,}",
        pieces=f"{totals.pieces:,}",
        amount=format_yuan(totals.amount_fen),
    )


def _widths(lines: Sequence[Any], totals: _Totals) -> list[float]:
    prices = [line.unit_price_fen / 100 for line in lines if line.unit_price_fen is not None]
    return [
        *(5, 14, 30, 12, 6, 8),
        *(width_for(n, least=8) for n in (totals.cases, totals.loose, totals.pieces)),
        width_for(max(prices, default=0), form=",.2f", least=11),
        width_for(totals.amount_fen / 100, form=",.2f", least=14),
        16,
    ]


def _notes(lines: tuple[Sequence[Any], Sequence[Any]]) -> dict[int, str]:
    """What to say beside a line, by item: that its prices vary, and what changed."""
    notes: dict[int, list[str]] = {}
    for line in lines[1]:
        if line.unit_price_fen is None:
            notes[line.item_id] = [_("amount is the sum of the orders")]
    for change in between(*lines):
        if change.now:
            notes.setdefault(change.now.item_id, []).append(_said(change))
    return {item_id: "\n".join(said) for item_id, said in notes.items()}


def _said(change: Change) -> str:
    if change.kind in ("more", "fewer"):
        return _("was %(pieces)s", pieces=f"{change.before.pieces:,}")
    return details.kind_of(change)


def _notice(revision: PurchaseRevision) -> str:
    """What the reader must know about a revision that is not the only one."""
    current = revision.purchase_list.current_revision
    if revision.revision < current:
        return _("No longer counts: revision %(revision)s took its place.", revision=current)
    if revision.revision > 1:
        return _("Takes the place of revision %(revision)s.", revision=revision.revision - 1)
    return ""


def _deliver_by(deal: Deal) -> str:
    if deal.pickup_starts_at is None:
        return _("Ask %(leader)s", leader=deal.leader.name)
    return _("before %(time)s", time=details.spoken_time(deal.pickup_starts_at))


def _contact(leader: Leader) -> str:
    wechat = _("WeChat %(id)s", id=leader.wechat_id) if leader.wechat_id else ""
    ways = (leader.name, leader.contact_phone, wechat, leader.contact_hours)
    return " · ".join(filter(None, ways))


def _places(points: Sequence[Any]) -> str:
    if len(points) > _FEW_POINTS:
        return _(
            "%(count)s pickup points, see the sheet “%(sheet)s”",
            count=len(points),
            sheet=details.by_point_title(),
        )
    return "\n".join(f"{point.name}  {point.address}".strip() for point in points)
