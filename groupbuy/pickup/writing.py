"""What a handover writes, in statements made once: at the gate somebody stands and waits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from groupbuy.core.inserts import insert_object
from groupbuy.extensions import db
from groupbuy.orders.models import OrderLine
from groupbuy.pickup.bags import OrdersChanged
from groupbuy.pickup.models import Handover, HandoverLine, Pickup

_LINES = sa.insert(HandoverLine.__table__)


def act_before(pickup: Pickup, nonce: str) -> int | None:
    """The id of the handover that `nonce` was, if there was one."""
    same = {"bag_id": pickup.id, "nonce": nonce}
    return db.session.connection().execute(_same_act(), same).scalar_one_or_none()


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
    db.session.connection().execute(_LINES, lines)
    return handover


def pick(giving: Mapping[int, int]) -> None:
    """Count pieces as picked, as far as they are open; what is loaded of the lines is stale then.

    Raises OrdersChanged unless all could be.
    """
    taken = [{"row_id": line_id, "count": count} for line_id, count in sorted(giving.items())]
    if db.session.connection().execute(_picking(), taken).rowcount < len(taken):
        raise OrdersChanged


@cache
def _same_act() -> sa.Select[int]:
    acts = Handover.__table__.c
    same = acts.pickup_id == sa.bindparam("bag_id"), acts.nonce == sa.bindparam("nonce")
    return sa.select(acts.id).where(*same)


@cache
def _picking() -> sa.Update:
    """Counts pieces of one line as picked, as far as they are open."""
    count = sa.bindparam("count", type_=sa.BigInteger)
    enough = OrderLine.id == sa.bindparam("row_id"), OrderLine.open_pieces >= count
    lines = sa.update(OrderLine.__table__).where(*enough)
    return lines.values(picked_pieces=OrderLine.picked_pieces + count)
