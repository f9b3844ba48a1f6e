"""Issuing purchase lists: orders become one sealed, numbered list per supplier.

The database does the adding up; nothing is done per order line in Python.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.core.clock import local
from groupbuy.core.db import AnySelect, rowcount, sum_of, text_of
from groupbuy.core.tokens import dated_number
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.notices.owing import owe_each
from groupbuy.orders.models import Order, OrderLine
from groupbuy.purchasing.models import (
    PurchaseLine,
    PurchaseList,
    PurchaseRevision,
    PurchaseSplit,
)

# What a supplier is told of a line, in the order in which the checksum reads it.
_TOLD = (
    "item_id",
    "code",
    "supplier_code",
    "name",
    "spec",
    "unit",
    "pack_size",
    "packs",
    "loose_pieces",
    "pieces",
    "unit_price_fen",
    "amount_fen",
)


def issue(deal: Deal, *, now: datetime) -> list[PurchaseList]:
    """Write a revision for every supplier of `deal`, stamp the order lines, seal and announce.

    The first, or, of a deal that was reopened, the next one of the same list. A supplier of whom
    nothing was ordered gets a list without lines, and is told so.
    The caller has confirmed the orders and holds the deal's exclusive lock.
    """
    suppliers = sa.select(DealItem.supplier_id).where(DealItem.deal_id == deal.id).distinct()
    withdrawn = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    known = {one.supplier_id: one for one in db.session.scalars(withdrawn)}
    issued = [
        _next_revision(known[supplier_id], now)
        if supplier_id in known
        else _new_list(deal, supplier_id, now)
        for supplier_id in sorted(db.session.scalars(suppliers))
    ]
    db.session.add_all(issued)
    db.session.flush()
    _add_lines(deal)
    _add_splits(deal)
    _stamp(deal)
    for purchase_list in issued:
        _seal(purchase_list.current)
    _announce(deal, now)
    return issued


def totals(deal: Deal) -> list[dict[str, Any]]:
    """Number, supplier, revision, lines, pieces, amount_fen and sha256 of each current list."""
    rows = (
        sa.select(
            PurchaseList.id.label("list_id"),
            PurchaseList.number,
            PurchaseList.supplier_id,
            PurchaseRevision.revision,
            PurchaseRevision.sha256,
            sa.func.count(PurchaseLine.id).label("lines"),
            sum_of(PurchaseLine.pieces).label("pieces"),
            sum_of(PurchaseLine.amount_fen).label("amount_fen"),
        )
        .join(PurchaseRevision, _current())
        .outerjoin(PurchaseLine)
        .where(PurchaseList.deal_id == deal.id)
        .group_by(PurchaseList.id, PurchaseRevision.id)
        .order_by(PurchaseList.id)
    )
    return [dict(row) for row in db.session.execute(rows).mappings()]


def content_sha256(revision: PurchaseRevision) -> str:
    """SHA-256 over everything a supplier is told by `revision`, in a fixed order and form."""
    purchase_list = revision.purchase_list
    head = [purchase_list.number, revision.revision, purchase_list.deal_id]
    lines = (
        sa.select(*(getattr(PurchaseLine, name) for name in _TOLD))
        .where(PurchaseLine.revision_id == revision.id)
        .order_by(PurchaseLine.position)
    )
    splits = (
        sa.select(PurchaseLine.position, PurchaseSplit.point_id, PurchaseSplit.pieces)
        .join(PurchaseSplit, PurchaseSplit.line_id == PurchaseLine.id)
        .where(PurchaseLine.revision_id == revision.id)
        .order_by(PurchaseLine.position, PurchaseSplit.point_id)
    )
    digest = hashlib.sha256()
    for row in (head, *db.session.execute(lines), *db.session.execute(splits)):
        digest.update(json.dumps([*row], ensure_ascii=False, separators=(",", ":")).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _new_list(deal: Deal, supplier_id: int, now: datetime) -> PurchaseList:
    return PurchaseList(
        leader_id=deal.leader_id,
        deal_id=deal.id,
        supplier_id=supplier_id,
        number=f"PL{dated_number(local(now), 6)}",
        current_revision=1,
        revisions=[PurchaseRevision(leader_id=deal.leader_id, revision=1, issued_at=now)],
    )


def _next_revision(purchase_list: PurchaseList, now: datetime) -> PurchaseList:
    """The list that was withdrawn counts again, with another revision still to be filled."""
    number = purchase_list.current_revision + 1
    purchase_list.revisions.append(
        PurchaseRevision(leader_id=purchase_list.leader_id, revision=number, issued_at=now)
    )
    purchase_list.current_revision = number
    purchase_list.withdrawn_at = None
    return purchase_list


def _current() -> sa.ColumnElement[bool]:
    return sa.and_(
        PurchaseRevision.list_id == PurchaseList.id,
        PurchaseRevision.revision == PurchaseList.current_revision,
    )


def _revisions_of(deal: Deal) -> AnySelect:
    """Ids of the revisions that count."""
    current = sa.select(PurchaseRevision.id).join(PurchaseList, _current())
    return current.where(PurchaseList.deal_id == deal.id)


def _confirmed_lines(deal: Deal, *columns: Any) -> AnySelect:
    """`columns` over the confirmed order lines of `deal`, each joined to its item."""
    return (
        sa.select(*columns)
        .select_from(OrderLine)
        .join(Order, Order.id == OrderLine.order_id)
        .join(DealItem, DealItem.id == OrderLine.item_id)
        .where(OrderLine.deal_id == deal.id, Order.state == "confirmed", OrderLine.kept_pieces > 0)
    )


def _add_lines(deal: Deal) -> None:
    price = sa.func.coalesce(DealItem.cost_fen, OrderLine.price_fen)
    lowest, highest = sa.func.min(price), sa.func.max(price)
    ordered = (
        _confirmed_lines(
            deal,
            OrderLine.item_id,
            sum_of(OrderLine.kept_pieces).label("pieces"),
            sa.case((lowest == highest, lowest)).label("unit_price_fen"),
            sum_of(OrderLine.kept_pieces * price).label("amount_fen"),
        )
        .group_by(OrderLine.item_id)
        .subquery()
    )
    whole = ordered.c.pieces
    columns = {
        "leader_id": DealItem.leader_id,
        "revision_id": PurchaseRevision.id,
        "item_id": DealItem.id,
        "position": sa.func.row_number().over(
            partition_by=DealItem.supplier_id, order_by=(DealItem.position, DealItem.id)
        ),
        "code": DealItem.code,
        "supplier_code": DealItem.supplier_code,
        "name": DealItem.name,
        "spec": DealItem.spec,
        "unit": DealItem.unit,
        "pack_size": DealItem.pack_size,
        "packs": (whole - whole % DealItem.pack_size) // DealItem.pack_size,
        "loose_pieces": whole % DealItem.pack_size,
        "pieces": whole,
        "unit_price_fen": ordered.c.unit_price_fen,
        "amount_fen": ordered.c.amount_fen,
    }
    rows = (
        sa.select(*columns.values())
        .join(ordered, ordered.c.item_id == DealItem.id)
        .join(PurchaseList, PurchaseList.supplier_id == DealItem.supplier_id)
        .join(PurchaseRevision, _current())
        .where(PurchaseList.deal_id == deal.id)
    )
    db.session.execute(sa.insert(PurchaseLine).from_select([*columns], rows))


def _add_splits(deal: Deal) -> None:
    columns = {
        "line_id": PurchaseLine.id,
        "point_id": Order.point_id,
        "leader_id": PurchaseLine.leader_id,
        "pieces": sum_of(OrderLine.kept_pieces),
    }
    rows = (
        _confirmed_lines(deal, *columns.values())
        .join(PurchaseLine, PurchaseLine.item_id == DealItem.id)
        .where(PurchaseLine.revision_id.in_(_revisions_of(deal)))
        .group_by(PurchaseLine.id, Order.point_id, PurchaseLine.leader_id)
    )
    db.session.execute(sa.insert(PurchaseSplit).from_select([*columns], rows))


def _stamp(deal: Deal) -> None:
    """Tell each confirmed order line the one purchase line it is part of."""
    confirmed = sa.select(Order.id).where(Order.deal_id == deal.id, Order.state == "confirmed")
    rowcount(
        sa.update(OrderLine)
        .where(PurchaseLine.item_id == OrderLine.item_id, OrderLine.deal_id == deal.id)
        .where(OrderLine.order_id.in_(confirmed), OrderLine.kept_pieces > 0)
        .where(PurchaseLine.revision_id.in_(_revisions_of(deal)))
        .values(purchase_line_id=PurchaseLine.id)
        .execution_options(synchronize_session=False)
    )


def _seal(revision: PurchaseRevision) -> None:
    """Write the checksum; from here on the database refuses any change to the revision."""
    revision.sha256 = content_sha256(revision)
    db.session.flush()


def _announce(deal: Deal, now: datetime) -> None:
    lines = sa.exists().where(
        PurchaseLine.revision_id == PurchaseRevision.id,
        PurchaseRevision.list_id == PurchaseList.id,
        PurchaseRevision.revision == PurchaseList.current_revision,
    )
    told = sa.select(
        PurchaseList.leader_id,
        PurchaseList.supplier_id,
        PurchaseList.deal_id,
        PurchaseList.id.label("list_id"),
        (text_of(PurchaseList.id) + ":" + text_of(PurchaseList.current_revision)).label("key"),
    ).where(PurchaseList.deal_id == deal.id)
    owe_each("list_issued", told.where(lines), now=now)
    owe_each("nothing_ordered", told.where(~lines), now=now)
