"""What a handover reads under its locks and writes: at the gate somebody stands and waits.

Plain values and statements made once; loading objects would take most of the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.core.db import Id, connection, forget, freshen
from groupbuy.core.inserts import insert_object
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import Locked
from groupbuy.pickup import bags
from groupbuy.pickup.models import Handover, HandoverLine, Pickup, PickupProxy

# With RETURNING all rows are one statement.
_LINES = sa.insert(HandoverLine.__table__).returning(HandoverLine.__table__.c.line_id)
_BAG = Pickup.__table__.c.keys()


class Line(NamedTuple):
    """An order line in a locked bag; `owed_fen` is what its whole order still owes."""

    id: int
    item_id: int
    open_pieces: int
    owed_fen: int
    order: Locked


class Inside(NamedTuple):
    """A locked bag: its lines, the handover that the same scan was, and whether a pass is good."""

    lines: Sequence[Line]
    earlier_id: int | None
    has_pass: bool


def lock(pickup: Pickup, nonce: str) -> Inside:
    """`bags.lock_contents`, with what else a handover wants to know; `pickup` is up to date then.

    Whoever hands over or makes a pass holds the lock on the lines before that on the bag.
    """
    db.session.flush()  # as objects would, which this goes past
    asked = {"bag_id": pickup.id, "nonce": nonce}
    lines = [
        Line(line_id, item_id, pieces, max(0, lacking_fen), Locked(*order))
        for line_id, item_id, pieces, lacking_fen, *order in connection().execute(_lines(), asked)
    ]
    *bag, earlier_id, has_pass = connection().execute(_bag(), asked).one()
    freshen(pickup, dict(zip(_BAG, bag, strict=True)))
    return Inside(lines, earlier_id, has_pass)


def act(pickup: Pickup, giving: Mapping[int, int], **facts: Any) -> Handover:
    """The row of a handover with its lines; `giving` maps order line id to pieces."""
    row = {"leader_id": pickup.leader_id, "pickup_id": pickup.id, "undone_because": "", **facts}
    handover: Handover = insert_object(Handover, row)
    lines = [
        {
            "leader_id": pickup.leader_id,
            "handover_id": handover.id,
            "line_id": line_id,
            "pieces": count,
        }
        for line_id, count in giving.items()
    ]
    connection().execute(_LINES, lines).all()
    return handover


def pick(handover: Handover, giving: Mapping[int, int]) -> None:
    """Count what `handover` gave of its lines as picked, as far as it is open.

    Raises OrdersChanged unless all could be.
    """
    given = {"handover_id": handover.id}
    if connection().execute(_picking(), given).rowcount < len(giving):
        raise bags.OrdersChanged
    forget(OrderLine, giving)


@cache
def _lines() -> sa.Select[Any]:
    lacking_fen = Order.due_fen - Order.paid_fen + Order.refunded_fen
    order = Order.id, Order.leader_id, Order.state
    line = OrderLine.id, OrderLine.item_id, OrderLine.open_pieces
    inside = bags.inside(sa.select(*line, lacking_fen, *order))
    return inside.with_for_update(key_share=True, of=(OrderLine, Order))


@cache
def _bag() -> sa.Select[Any]:
    bag, acts, passes = Pickup.__table__, Handover.__table__.c, PickupProxy.__table__.c
    bag_id = sa.bindparam("bag_id", type_=Id)
    same = acts.pickup_id == bag_id, acts.nonce == sa.bindparam("nonce")
    live = passes.pickup_id == bag_id, passes.ended_at.is_(None)
    earlier = sa.select(acts.id).where(*same).scalar_subquery()
    locked = sa.select(*bag.c, earlier, sa.exists().where(*live)).where(bag.c.id == bag_id)
    return locked.with_for_update(key_share=True, of=bag)


@cache
def _picking() -> sa.Update:
    """Counts the pieces of a handover as picked, as far as they are open."""
    given = HandoverLine.__table__.c
    its = given.handover_id == sa.bindparam("handover_id"), given.line_id == OrderLine.id
    lines = sa.update(OrderLine.__table__).where(*its, OrderLine.open_pieces >= given.pieces)
    return lines.values(picked_pieces=OrderLine.picked_pieces + given.pieces)
