"""Who gets less of a delivery: as it would be now, and as it was carried out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import sqlalchemy as sa
from flask import request, url_for

from groupbuy.accounts.models import Member
from groupbuy.core.db import sum_of
from groupbuy.core.text import mask_name, parse_quantity
from groupbuy.extensions import db
from groupbuy.leaders.arrival_reading import CountRow
from groupbuy.notices import wording
from groupbuy.notices.models import Notice
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments.models import Refund
from groupbuy.pickup import shortage
from groupbuy.pickup.models import Arrival
from groupbuy.pickup.outlook import Outlook, outlook
from groupbuy.pickup.shortage import Cut
from groupbuy.purchasing.models import PurchaseLine

PER_PAGE = 50


class Page(NamedTuple):
    """Page `page` of `pages`; `share_by` is the rule that was chosen, empty when it is over."""

    page: int
    pages: int
    total: int
    share_by: str = ""

    def address(self, page: int) -> str:
        """Where another page is."""
        where = dict(request.view_args or {}, share_by=self.share_by or None, page=page)
        return url_for("lead_arrival.show", **where, _anchor="shortage")

    @property
    def part(self) -> slice:
        """Which rows are on it."""
        return slice((self.page - 1) * PER_PAGE, self.page * PER_PAGE)


def _page_of(total: int, share_by: str = "") -> Page:
    """The page that the address asks for; whatever is not one is the first, or the last."""
    try:
        asked = parse_quantity(request.args.get("page", "1"))
    except ValueError:
        asked = 1
    pages = max(1, -(-total // PER_PAGE))
    return Page(min(max(1, asked), pages), pages, total, share_by)


class CutRow(NamedTuple):
    """One order that gets less of an item; `back_fen` goes back, `less_fen` it costs less."""

    roll_no: int
    name: str
    wish: str
    wanted: int
    gets: int
    less_fen: int
    back_fen: int


class ItemCuts(NamedTuple):
    """An item of which too little came: pieces wanted, to be shared, missing; those who miss."""

    line: PurchaseLine
    wanted: int
    usable: int
    cuts: list[CutRow]

    @property
    def missing(self) -> int:
        return self.wanted - self.usable


class Letter(NamedTuple):
    """The message to the first of those who get less, as it will read."""

    roll_no: int
    name: str
    text: str


class Preview(NamedTuple):
    """What carrying out would do; `seen` names exactly this outcome."""

    share_by: str
    outlook: Outlook
    items: list[ItemCuts]
    missing: int
    letter: Letter | None
    ready_text: str
    seen: str
    pager: Page


def preview(arrival: Arrival, rows: Sequence[CountRow], share_by: str) -> Preview:
    """Who would get less by the rule `share_by`, 50 orders to a page."""
    cuts = shortage.preview(arrival, share_by)
    lines = {row.line.item_id: row for row in rows}
    place = {item_id: number for number, item_id in enumerate(lines)}
    in_order = sorted(cuts, key=lambda cut: (place[cut.line.item_id], cut.roll_no))
    page = _page_of(len(cuts), share_by)
    wanted = _wanted(arrival)
    return Preview(
        share_by=share_by,
        outlook=outlook(arrival, cuts),
        items=list(_by_item(in_order[page.part], lines, wanted)),
        missing=sum(cut.wanted - cut.gets for cut in cuts),
        letter=_letter(arrival, cuts),
        ready_text=wording.words(Notice(kind="arrived", deal=arrival.purchase_list.deal)),
        seen=outcome(cuts),
        pager=page,
    )


def outcome(cuts: Sequence[Cut]) -> str:
    """A short name of exactly these cuts: the same only while nothing has changed."""
    told = ";".join(f"{c.order_no}:{c.sku}:{c.wanted}:{c.gets}:{c.refund_fen}" for c in cuts)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _letter(arrival: Arrival, cuts: Sequence[Cut]) -> Letter | None:
    if not cuts:
        return None
    order = cuts[0].line.order
    less_fen = sum(cut.less_fen for cut in cuts if cut.line.order_id == order.id)
    facts = {"due_fen": order.due_fen - less_fen}
    notice = Notice(kind="short", deal=arrival.purchase_list.deal, detail=facts)
    return Letter(order.roll_no or 0, mask_name(cuts[0].member), wording.words(notice))


def _by_item(
    cuts: Sequence[Cut], lines: Mapping[int, CountRow], wanted: Mapping[int, int]
) -> Iterator[ItemCuts]:
    for item_id, those in groupby(cuts, key=lambda cut: cut.line.item_id):
        row = lines[item_id]
        usable = row.line.pieces + (row.difference or 0)
        yield ItemCuts(row.line, wanted[item_id], usable, [_row(cut) for cut in those])


def _row(cut: Cut) -> CutRow:
    return CutRow(
        cut.roll_no,
        mask_name(cut.member),
        cut.line.if_short,
        cut.wanted,
        cut.gets,
        cut.less_fen,
        cut.refund_fen,
    )


def _wanted(arrival: Arrival) -> dict[int, int]:
    """Item id -> pieces that live orders want."""
    wanted = (
        sa.select(OrderLine.item_id, sum_of(OrderLine.kept_pieces))
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.deal_id == arrival.purchase_list.deal_id, Order.state == "confirmed")
        .group_by(OrderLine.item_id)
    )
    return dict(db.session.execute(wanted).all())


class Outcome(NamedTuple):
    """What was carried out: money that went back, and who got less."""

    back_fen: int
    items: list[tuple[PurchaseLine, list[CutRow]]]
    pager: Page


def carried_out(arrival: Arrival, rows: Sequence[CountRow]) -> Outcome:
    """The cuts of a delivery that was shared out, 50 orders to a page."""
    lines = {row.line.id: row.line for row in rows}
    of_this = (
        OrderLine.deal_id == arrival.purchase_list.deal_id,
        OrderLine.purchase_line_id.in_(lines),
        OrderLine.short_pieces > 0,
    )
    total = db.session.scalars(sa.select(sa.func.count(OrderLine.id)).where(*of_this)).one()
    page = _page_of(total)
    found = (
        sa.select(OrderLine, Order.roll_no, Member.name)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Member, Member.id == Order.member_id)
        .where(*of_this)
        .order_by(OrderLine.purchase_line_id, Order.roll_no, OrderLine.id)
        .limit(PER_PAGE)
        .offset(page.part.start)
    )
    items = [
        (lines[line_id], [_done(*row) for row in those])
        for line_id, those in groupby(
            db.session.execute(found), key=lambda row: row[0].purchase_line_id
        )
        if line_id is not None
    ]
    return Outcome(_given_back(arrival, of_this), items, page)


def _done(line: OrderLine, roll_no: int | None, name: str) -> CutRow:
    wanted = line.quantity - line.cancelled_pieces
    gets = wanted - line.short_pieces
    return CutRow(
        roll_no or 0, mask_name(name), line.if_short, wanted, gets, line.short_fen, line.short_fen
    )


def _given_back(arrival: Arrival, of_this: tuple[sa.ColumnElement[bool], ...]) -> int:
    """Fen that were refunded because of this delivery, by the key of `shortage.carry_out`."""
    back = sa.select(sum_of(Refund.amount_fen)).where(
        Refund.order_id.in_(sa.select(OrderLine.order_id).where(*of_this)),
        Refund.out_refund_no.endswith(f"-short-{arrival.id}"),
    )
    return int(db.session.scalars(back).one())
