"""One act at the gate for everything a household collects: its bags are given together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.pickup.bags import OrdersChanged
from groupbuy.pickup.handover import OtherPoint, collect_cash, hand_over
from groupbuy.pickup.models import Handover, Pickup, PickupProxy

Chosen = Mapping[int, Mapping[int, int]]  # bag id -> order line id -> pieces


class Act(NamedTuple):
    """Who hands over, when, and the number their phone gave this one act."""

    nonce: str
    by_id: int | None
    now: datetime


def give(
    pickups: Sequence[Pickup],
    act: Act,
    *,
    chosen: Chosen | None = None,
    cash_fen: int = 0,
    proxy: PickupProxy | None = None,
) -> list[Handover]:
    """Hand over all that is open in `pickups`, or what is `chosen` of them: all bags or none.

    `cash_fen` is what the helper was told to take for them, and took. The same nonce again is the
    same success. Raises OrdersChanged when another sum is owed by now, and as `hand_over` does.
    """
    in_order = sorted(pickups, key=lambda pickup: pickup.id)
    if cash_fen:
        _take_cash(in_order, cash_fen, act)
    return [
        hand_over(
            pickup,
            nonce=act.nonce,
            by_id=act.by_id,
            now=act.now,
            pieces=chosen[pickup.id] if chosen is not None else None,
            proxy=proxy if proxy and proxy.pickup_id == pickup.id else None,
        )
        for pickup in in_order
    ]


def require_point(pickup: Pickup, point_ids: Set[int] | None) -> None:
    """Raises OtherPoint unless whoever asks hands over at the bag's point; None: at every point."""
    if point_ids is not None and pickup.point_id not in point_ids:
        raise OtherPoint(point=pickup.point.name)


def given_by(pickups: Sequence[Pickup], nonce: str) -> Sequence[Handover]:
    """What the act `nonce` handed over of `pickups`, unless it was undone."""
    ids = [pickup.id for pickup in pickups]
    same = Handover.pickup_id.in_(ids), Handover.nonce == nonce, Handover.undone_at.is_(None)
    return db.session.scalars(sa.select(Handover).where(*same).order_by(Handover.id)).all()


def _take_cash(pickups: Sequence[Pickup], fen: int, act: Act) -> None:
    taken = sum(collect_cash(pickup, by_id=act.by_id, now=act.now) for pickup in pickups)
    if taken != fen and not given_by(pickups, act.nonce):
        raise OrdersChanged
