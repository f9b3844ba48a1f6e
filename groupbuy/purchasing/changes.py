"""What changed from one revision of a purchase list to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import PickupPoint
from groupbuy.core.db import sum_of
from groupbuy.extensions import db
from groupbuy.purchasing.models import PurchaseLine, PurchaseRevision, PurchaseSplit

_TOLD = [
    *("code", "supplier_code", "name", "spec", "unit", "pack_size"),
    *("pieces", "unit_price_fen", "amount_fen"),
]


class Change(NamedTuple):
    """A line as it is now and as it was; one of them is None when it was added or removed."""

    now: Any
    before: Any

    @property
    def kind(self) -> str:
        """`added`, `removed`, `more`, `fewer`, or `corrected` when the pieces are the same."""
        if self.before is None or self.now is None:
            return "added" if self.now else "removed"
        if self.now.pieces == self.before.pieces:
            return "corrected"
        return "more" if self.now.pieces > self.before.pieces else "fewer"


class Moved(NamedTuple):
    """Pieces of an item that a pickup point gets now, and got before."""

    item_id: int
    point: str
    before: int
    now: int


def lines_of(revision: PurchaseRevision) -> Sequence[Any]:
    """The lines of `revision` as plain rows, in their order, with one statement."""
    columns = [column for column in PurchaseLine.__table__.columns if column.name != "leader_id"]
    in_order = (PurchaseLine.position, PurchaseLine.id)
    rows = sa.select(*columns).where(PurchaseLine.revision_id == revision.id).order_by(*in_order)
    return db.session.execute(rows).all()


def between(before: Sequence[Any], now: Sequence[Any]) -> list[Change]:
    """The differences between two revisions' lines: in the order of `now`, then what is gone.

    The pieces of `before` and those of all changes add up to the pieces of `now`; so do amounts.
    """
    old = {line.item_id: line for line in before}
    changes = [Change(line, old.pop(line.item_id, None)) for line in now]
    gone = [Change(None, line) for line in old.values()]
    return [change for change in changes if _differs(*change)] + gone


def moved_between_points(before: PurchaseRevision, now: PurchaseRevision) -> list[Moved]:
    """Which points get more or fewer pieces of an item, even when its total stayed the same."""

    def pieces(revision: PurchaseRevision, *counted: Any) -> sa.Select[Any]:
        lines = sa.select(PurchaseLine.item_id, PurchaseSplit.point_id, *counted)
        return lines.join(PurchaseSplit).where(PurchaseLine.revision_id == revision.id)

    none = sa.literal(0, sa.BigInteger)
    both = sa.union_all(
        pieces(before, PurchaseSplit.pieces.label("before"), none.label("now")),
        pieces(now, none, PurchaseSplit.pieces),
    ).subquery()
    was, is_now = sum_of(both.c.before), sum_of(both.c.now)
    rows = (
        sa.select(both.c.item_id, PickupPoint.name, was, is_now)
        .join(PickupPoint, PickupPoint.id == both.c.point_id)
        .group_by(both.c.item_id, PickupPoint.id, PickupPoint.name)
        .having(was != is_now)
        .order_by(both.c.item_id, PickupPoint.id)
    )
    return [Moved(*row) for row in db.session.execute(rows)]


def _differs(now: Any, before: Any) -> bool:
    return before is None or any(getattr(now, name) != getattr(before, name) for name in _TOLD)
