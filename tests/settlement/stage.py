"""Deals whose goods were handed over, at rates that are easy to count with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.pickup import handover
from groupbuy.pickup.models import Handover
from groupbuy.settlement import crediting
from tests import factories
from tests.pickup import rows

TEN_PERCENT = 1000
TAKEN = rows.ARRIVED + timedelta(hours=2)
OVER = TAKEN + timedelta(hours=48)


def a_leader(bp: int = TEN_PERCENT) -> Leader:
    leader = factories.make_leader()
    leader.commission_bp = bp
    db.session.flush()
    return leader


def sold(*orders: tuple[int, ...], leader: Leader | None = None, **values: Any) -> Deal:
    """A deal of ¥10 pieces, all there and all handed over at TAKEN; by default two and one."""
    leader = leader or a_leader()
    deal = rows.closed_deal(*(orders or ((2,), (1,))), leader=leader, **values)
    rows.arrive(deal)
    for number, bag in enumerate(rows.bags_of(deal)):
        handover.hand_over(bag, nonce=f"n{number}", by_id=leader.user_id, now=TAKEN)
    db.session.expire_all()
    return deal


def credited(*orders: tuple[int, ...], leader: Leader | None = None, now: datetime = OVER) -> Deal:
    """`sold`, and its commission is the leader's own."""
    deal = sold(*orders, leader=leader)
    crediting.credit(now=now)
    return deal


def undo(deal: Deal) -> None:
    """The first bag comes back at once."""
    bag = rows.bags_of(deal)[0]
    given = sa.select(Handover).where(Handover.pickup_id == bag.id)
    act = db.session.scalars(given.order_by(Handover.id.desc()).limit(1)).one()
    handover.undo(act, because="拿错了", by_id=deal.leader.user_id, now=TAKEN)


def commission_of(leader: Leader) -> tuple[int, int]:
    """On hold, and the leader's own."""
    held = -ledger.balance_fen("commission_held", leader.id)
    return held, -ledger.balance_fen("commission", leader.id)
