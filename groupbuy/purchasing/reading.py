"""A revision added up for its reader."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import PickupPoint
from groupbuy.extensions import db
from groupbuy.purchasing.models import PurchaseLine, PurchaseList, PurchaseRevision, PurchaseSplit


class Totals(NamedTuple):
    """Kinds of goods, full packs, loose pieces, pieces in all, and fen."""

    kinds: int
    packs: int
    loose_pieces: int
    pieces: int
    amount_fen: int


def totals(revision: PurchaseRevision) -> Totals:
    """What all lines of `revision` come to. Goods in packs of one count as loose pieces."""
    lines = revision.lines
    packs = sum(line.packs for line in lines if line.pack_size > 1)
    loose = sum(line.loose_pieces if line.pack_size > 1 else line.pieces for line in lines)
    pieces = sum(line.pieces for line in lines)
    return Totals(len(lines), packs, loose, pieces, sum(line.amount_fen for line in lines))


def delivery_places(purchase_list: PurchaseList) -> list[tuple[PickupPoint, int]]:
    """The points the current revision goes to, each with its pieces; every point of the deal
    with none when nothing was ordered."""
    rows = db.session.execute(
        sa.select(PickupPoint, sa.func.sum(PurchaseSplit.pieces))
        .join(PurchaseSplit, PurchaseSplit.point_id == PickupPoint.id)
        .join(PurchaseLine, PurchaseLine.id == PurchaseSplit.line_id)
        .where(PurchaseLine.revision_id == purchase_list.current.id)
        .group_by(PickupPoint.id)
        .order_by(PickupPoint.id)
    ).all()
    if not rows:
        return [(point, 0) for point in purchase_list.deal.points]
    return [(point, int(pieces)) for point, pieces in rows]
