"""Purchase lists beside each other, and the four numbers of every line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from groupbuy.core.db import AnySelect, sum_of
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.pickup.models import Arrival, ArrivalLine
from groupbuy.purchasing import answers
from groupbuy.purchasing.models import (
    Photo,
    PurchaseLine,
    PurchaseList,
    PurchaseRevision,
    SupplierAnswer,
    SupplierAnswerLine,
)


class Row(NamedTuple):
    """A list with what its current revision comes to, the answer to it and what has come.

    `packs` are full cases of goods in cases of more than one; `notes` delivery-note photographs.
    """

    purchase_list: PurchaseList
    lines: int
    packs: int
    pieces: int
    amount_fen: int
    issued_at: datetime
    answer: answers.State
    counted_at: datetime | None
    notes: int


class Numbers(NamedTuple):
    """A line with what was ordered (in it), confirmed, received and damaged; None is not known."""

    line: Any
    confirmed: int | None
    note: str
    received: int | None
    damaged: int | None


def of_deal(deal: Deal) -> list[Row]:
    """The lists of `deal`, in four statements however many there are."""
    return _rows(PurchaseList.deal_id == deal.id, limit=None)


def of_supplier(purchase_list: PurchaseList, *, limit: int) -> list[Row]:
    """The last `limit` lists of the same supplier with the same leader, the newest first."""
    return _rows(PurchaseList.supplier_id == purchase_list.supplier_id, limit=limit)


def numbers(purchase_list: PurchaseList) -> Sequence[Numbers]:
    """Every line of the current revision with its four numbers, in one statement."""
    last = (
        sa.select(sa.func.max(SupplierAnswer.id))
        .where(SupplierAnswer.revision_id == PurchaseRevision.id)
        .correlate(PurchaseRevision)
        .scalar_subquery()
    )
    said = sa.and_(
        SupplierAnswerLine.line_id == PurchaseLine.id, SupplierAnswerLine.answer_id == last
    )
    rows = (
        sa.select(
            PurchaseLine,
            *(SupplierAnswerLine.pieces, sa.func.coalesce(SupplierAnswerLine.note, "")),
            *(ArrivalLine.received, ArrivalLine.damaged),
        )
        .join(PurchaseRevision, PurchaseRevision.id == PurchaseLine.revision_id)
        .outerjoin(SupplierAnswerLine, said)
        .outerjoin(ArrivalLine, ArrivalLine.purchase_line_id == PurchaseLine.id)
        .where(
            PurchaseRevision.list_id == purchase_list.id,
            PurchaseRevision.revision == purchase_list.current_revision,
        )
        .order_by(PurchaseLine.position, PurchaseLine.id)
    )
    return [Numbers(*row) for row in db.session.execute(rows)]


def _rows(condition: sa.ColumnElement[bool], *, limit: int | None) -> list[Row]:
    found = list(db.session.execute(_sums(condition).limit(limit)))
    ids = [row.id for row in found]
    whole = sa.select(PurchaseList).where(PurchaseList.id.in_(ids))
    together = (joinedload(PurchaseList.supplier), joinedload(PurchaseList.deal))
    lists = {
        one.id: one
        for one in db.session.scalars(
            whole.options(*together, selectinload(PurchaseList.revisions))
        )
    }
    said = answers.states(lists.values())
    return [
        Row(
            lists[row.id],
            *(row.lines, row.packs, row.pieces, row.amount_fen, row.issued_at),
            *(said[row.id], row.counted_at, row.notes),
        )
        for row in found
    ]


def _sums(condition: sa.ColumnElement[bool]) -> AnySelect:
    packs = sa.case((PurchaseLine.pack_size > 1, PurchaseLine.packs), else_=0)
    notes = (
        sa.select(sa.func.count(Photo.id))
        .where(Photo.list_id == PurchaseList.id, Photo.kind == "delivery_note")
        .correlate(PurchaseList)
        .scalar_subquery()
    )
    current = sa.and_(
        PurchaseRevision.list_id == PurchaseList.id,
        PurchaseRevision.revision == PurchaseList.current_revision,
    )
    return (
        sa.select(
            PurchaseList.id,
            PurchaseRevision.issued_at,
            Arrival.counted_at,
            notes.label("notes"),
            sa.func.count(PurchaseLine.id).label("lines"),
            sum_of(packs).label("packs"),
            sum_of(PurchaseLine.pieces).label("pieces"),
            sum_of(PurchaseLine.amount_fen).label("amount_fen"),
        )
        .join(PurchaseRevision, current)
        .outerjoin(PurchaseLine, PurchaseLine.revision_id == PurchaseRevision.id)
        .outerjoin(Arrival, Arrival.list_id == PurchaseList.id)
        .where(condition)
        .group_by(PurchaseList.id, PurchaseRevision.id, Arrival.id)
        .order_by(PurchaseList.id.desc())
    )
