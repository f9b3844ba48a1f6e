"""What a delivery costs: the usable pieces that came are owed to the supplier, no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.payments.ledger import Leg
from groupbuy.pickup.models import Arrival, ArrivalLine
from groupbuy.purchasing.models import PurchaseLine


def owe_for(arrival: Arrival, *, by_id: int | None, now: datetime) -> int:
    """Book what the supplier is owed for a delivery that is shared out; returns the fen.

    More than the list asked for is not owed: nobody ordered it.
    """
    purchase_list = arrival.purchase_list
    fen = sum(_fen_of(line, usable) for line, usable in _came(arrival))
    ledger.enter(
        "goods",
        f"goods:{arrival.id}",
        [
            Leg("goods", purchase_list.deal_id, fen),
            Leg("supplier", purchase_list.supplier_id, -fen),
        ],
        now=now,
        actor_id=by_id,
        leader_id=arrival.leader_id,
        deal_id=purchase_list.deal_id,
    )
    return fen


def _came(arrival: Arrival) -> Iterable[tuple[PurchaseLine, int]]:
    """Each line that was counted, and how many of its pieces can be used."""
    counted = (
        sa.select(PurchaseLine, ArrivalLine.received - ArrivalLine.damaged)
        .join(PurchaseLine, PurchaseLine.id == ArrivalLine.purchase_line_id)
        .where(ArrivalLine.arrival_id == arrival.id)
    )
    return ((line, usable) for line, usable in db.session.execute(counted))


def _fen_of(line: PurchaseLine, usable: int) -> int:
    """The price of `usable` pieces; where there are several prices their mean, half a fen up."""
    pieces = min(usable, line.pieces)
    if line.unit_price_fen is not None:
        return pieces * line.unit_price_fen
    return (2 * line.amount_fen * pieces + line.pieces) // (2 * line.pieces)
