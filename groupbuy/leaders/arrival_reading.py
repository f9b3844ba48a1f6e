"""What the pages about arrivals show: the lists of a deal, and one list line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from groupbuy.accounts.models import User
from groupbuy.core.db import sum_of
from groupbuy.core.models import ActionLog
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.leaders.arrival_form import CountForm
from groupbuy.pickup.arrival import is_far_off
from groupbuy.pickup.models import Arrival, ArrivalLine
from groupbuy.purchasing import answers
from groupbuy.purchasing.models import (
    Photo,
    PurchaseLine,
    PurchaseList,
    PurchaseRevision,
)


class ListRow(NamedTuple):
    """A list of the deal with how far its delivery is; pieces as in `Sums`."""

    purchase_list: PurchaseList
    sums: Any
    arrival: Arrival | None
    counted_by: str
    answer: answers.State

    @property
    def state(self) -> str:
        """none (nothing ordered), withdrawn, waiting, counting, counted or shared_out."""
        if self.purchase_list.withdrawn_at:
            return "withdrawn"
        if not self.sums.lines:
            return "none"
        if self.arrival is None or not self.sums.counted:
            return "waiting"
        if self.arrival.state == "shared_out":
            return "shared_out"
        return "counted" if self.sums.counted == self.sums.lines else "counting"


def lists_of(deal: Deal) -> list[ListRow]:
    """The purchase lists of `deal`, in four statements however many there are."""
    lists = db.session.scalars(
        sa.select(PurchaseList)
        .where(PurchaseList.deal_id == deal.id)
        .order_by(PurchaseList.id)
        .options(joinedload(PurchaseList.supplier))
    ).all()
    sums = {row.list_id: row for row in db.session.execute(_sums(deal))}
    found = (
        sa.select(Arrival, User.name)
        .outerjoin(User, User.id == Arrival.counted_by_id)
        .join(PurchaseList, PurchaseList.id == Arrival.list_id)
        .where(PurchaseList.deal_id == deal.id)
    )
    arrivals = {row[0].list_id: (row[0], row[1] or "") for row in db.session.execute(found)}
    said = answers.states(lists)
    nobody: tuple[Arrival | None, str] = (None, "")
    return [
        ListRow(one, sums[one.id], *arrivals.get(one.id, nobody), said[one.id]) for one in lists
    ]


def _of_current_revision() -> sa.ColumnElement[bool]:
    return sa.and_(
        PurchaseRevision.list_id == PurchaseList.id,
        PurchaseRevision.revision == PurchaseList.current_revision,
    )


def _sums(deal: Deal) -> Any:
    """Per list: lines, pieces, lines counted, and pieces short, over and damaged of those."""
    off = ArrivalLine.received - ArrivalLine.damaged - PurchaseLine.pieces
    return (
        sa.select(
            PurchaseList.id.label("list_id"),
            sa.func.count(PurchaseLine.id).label("lines"),
            sum_of(PurchaseLine.pieces).label("pieces"),
            sa.func.count(ArrivalLine.id).label("counted"),
            sum_of(sa.case((off < 0, -off), else_=0)).label("short"),
            sum_of(sa.case((off > 0, off), else_=0)).label("over"),
            sum_of(ArrivalLine.damaged).label("damaged"),
        )
        .join(PurchaseRevision, _of_current_revision())
        .outerjoin(PurchaseLine, PurchaseLine.revision_id == PurchaseRevision.id)
        .outerjoin(ArrivalLine, ArrivalLine.purchase_line_id == PurchaseLine.id)
        .where(PurchaseList.deal_id == deal.id)
        .group_by(PurchaseList.id)
    )


class CountRow(NamedTuple):
    """A line of the count-in page; `difference` is usable minus ordered, None while unknown.

    `seen` is what the page was made from, for `count_together`; `again` the number doubted.
    """

    line: PurchaseLine
    storage_class: str
    confirmed: int | None
    received: str
    damaged: str
    difference: int | None
    seen: str
    again: int | None
    photos: int
    received_wrong: str | None
    damaged_wrong: str | None

    @property
    def is_far_off(self) -> bool:
        """Whether what was received is so far off that it was asked for twice."""
        return self.received.isdecimal() and is_far_off(self.line.pieces, int(self.received))

    @property
    def off_percent(self) -> str:
        """By how much it is off what was ordered, one decimal: “20.8”."""
        tenths = abs(int(self.received) - self.line.pieces) * 1000 // self.line.pieces
        return f"{tenths // 10}.{tenths % 10}"


def rows_of(
    purchase_list: PurchaseList, form: CountForm, confirmed: Mapping[int, int]
) -> list[CountRow]:
    """The lines of the current revision as `form` has them."""
    revision = purchase_list.current
    cold = dict(
        db.session.execute(
            sa.select(PurchaseLine.id, DealItem.storage_class)
            .join(DealItem, DealItem.id == PurchaseLine.item_id)
            .where(PurchaseLine.revision_id == revision.id)
        ).all()
    )
    photos = _photos(purchase_list)
    return [_row(line, form, cold[line.id], confirmed, photos) for line in revision.lines]


def _row(
    line: PurchaseLine,
    form: CountForm,
    storage_class: str,
    confirmed: Mapping[int, int],
    photos: Mapping[int, int],
) -> CountRow:
    received, damaged = form.typed.get(line.id, ("", ""))
    count = form.sheet.counts.get(line.id) or form.sheet.seen.get(line.id)
    wrong = {name: form.problems.get(f"{name}-{line.id}") for name in ("received", "damaged")}
    seen = form.sheet.seen.get(line.id)
    return CountRow(
        line=line,
        storage_class=storage_class,
        confirmed=confirmed.get(line.id),
        received=received,
        damaged=damaged,
        difference=None if count is None else count[0] - count[1] - line.pieces,
        seen="" if seen is None else f"{seen[0]}/{seen[1]}",
        again=form.again.get(line.id),
        photos=photos.get(line.id, 0),
        received_wrong=wrong["received"],
        damaged_wrong=wrong["damaged"],
    )


def _photos(purchase_list: PurchaseList) -> dict[int, int]:
    """Line id -> how many pictures there are of its damaged goods."""
    taken = (
        sa.select(Photo.line_id, sa.func.count())
        .where(Photo.list_id == purchase_list.id, Photo.kind == "damage")
        .group_by(Photo.line_id)
    )
    return {line_id: count for line_id, count in db.session.execute(taken) if line_id is not None}


class Totals(NamedTuple):
    """What the rows come to; `short` and `over` are pieces, both 0 or more."""

    ordered: int
    confirmed: int | None
    received: int
    damaged: int
    short: int
    over: int
    counted: int
    exact: int


def totals(rows: list[CountRow]) -> Totals:
    """The foot of the table."""
    known = [row for row in rows if row.difference is not None]
    promised = [row.confirmed for row in rows if row.confirmed is not None]
    return Totals(
        ordered=sum(row.line.pieces for row in rows),
        confirmed=sum(promised) if promised else None,
        received=sum(int(row.received) for row in known if row.received.isdecimal()),
        damaged=sum(int(row.damaged) for row in known if row.damaged.isdecimal()),
        short=sum(-row.difference for row in known if row.difference and row.difference < 0),
        over=sum(row.difference for row in known if row.difference and row.difference > 0),
        counted=len(known),
        exact=sum(row.difference == 0 for row in known),
    )


def arrival_of(purchase_list: PurchaseList) -> Arrival | None:
    """The delivery of the list, if anybody has begun to count it."""
    found = sa.select(Arrival).where(Arrival.list_id == purchase_list.id)
    arrival: Arrival | None = db.session.scalars(found).one_or_none()
    return arrival


def name_of(user_id: int | None) -> str:
    """The colleague's name, empty when it was not done by hand."""
    user = db.session.get(User, user_id) if user_id else None
    return user.name if user else ""


def who_shared_out(arrival: Arrival) -> str:
    """Who carried the sharing out; empty when it was done by command."""
    logged = (
        sa.select(User.name)
        .join(ActionLog, ActionLog.actor_id == User.id)
        .where(ActionLog.leader_id == arrival.leader_id, ActionLog.action == "shared_out")
        .where(ActionLog.subject == f"list:{arrival.list_id}")
    )
    return db.session.scalar(logged.limit(1)) or ""
