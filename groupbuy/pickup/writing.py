"""What a handover writes, in statements made once: at the gate somebody stands and waits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.core.db import Id
from groupbuy.core.inserts import insert_object
from groupbuy.extensions import db
from groupbuy.orders.models import OrderLine
from groupbuy.pickup.bags import OrdersChanged
from groupbuy.pickup.models import Handover, HandoverLine, Pickup, PickupProxy

# With RETURNING all rows are one statement.
_LINES = sa.insert(HandoverLine.__table__).returning(HandoverLine.__table__.c.line_id)


class Known(NamedTuple):
    """What is known of a bag: the handover that the same scan was, and whether a pass is good."""

    earlier_id: int | None
    has_pass: bool


def lock_bag(pickup: Pickup, nonce: str) -> Known:
    """The second half of `bags.lock_contents`, with what else a handover wants to know.

    Whoever hands over or makes a pass holds the lock on the lines, which the caller has by now.
    """
    asked = {"bag_id": pickup.id, "nonce": nonce}
    _bag, earlier_id, has_pass = db.session.execute(_locking(), asked).one()
    return Known(earlier_id, has_pass)


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
    db.session.connection().execute(_LINES, lines).all()
    return handover


def pick(handover: Handover, count: int) -> None:
    """Count the pieces of its `count` lines as picked, as far as they are open.

    What is loaded of the order lines is stale then. Raises OrdersChanged unless all could be.
    """
    given = {"handover_id": handover.id}
    if db.session.connection().execute(_picking(), given).rowcount < count:
        raise OrdersChanged


@cache
def _locking() -> sa.Select[Pickup, int, bool]:
    acts, bag_id = Handover.__table__.c, sa.bindparam("bag_id", type_=Id)
    same = acts.pickup_id == bag_id, acts.nonce == sa.bindparam("nonce")
    live = PickupProxy.pickup_id == bag_id, PickupProxy.ended_at.is_(None)
    earlier = sa.select(acts.id).where(*same).scalar_subquery()
    bag = sa.select(Pickup, earlier, sa.exists().where(*live)).where(Pickup.id == bag_id)
    return bag.with_for_update(key_share=True).execution_options(populate_existing=True)


@cache
def _picking() -> sa.Update:
    """Counts the pieces of a handover as picked, as far as they are open."""
    given = HandoverLine.__table__.c
    its = given.handover_id == sa.bindparam("handover_id"), given.line_id == OrderLine.id
    lines = sa.update(OrderLine.__table__).where(*its, OrderLine.open_pieces >= given.pieces)
    return lines.values(picked_pieces=OrderLine.picked_pieces + given.pieces)
