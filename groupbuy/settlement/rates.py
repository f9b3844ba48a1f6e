"""What part of the sales is the leader's, in basis points (hundredths of a percent).

An item's own rate counts before its deal's, and that before the leader's. The closing fixes it:
see deals.commission.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.core import action_log
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.purchasing.models import PurchaseList

WHOLE_BP = 10_000
UNDECIDED = ("draft", "open")


class RateFixed(RuleBroken):
    """The closing has written the rate into the items."""

    message = _l("This deal has closed: its commission cannot be changed any more.")


def set_for_leader(leader: Leader, bp: int, *, by_id: int, now: datetime) -> None:
    """The rate of all deals of `leader` that have not closed and say nothing else."""
    _check(bp)
    before, leader.commission_bp = leader.commission_bp, bp
    _log(f"leader:{leader.id}", leader.id, before, bp, by_id, now)


def set_for_deal(deal: Deal, bp: int | None, *, by_id: int, now: datetime) -> None:
    """The rate of one deal; None: as its leader has it. Raises RateFixed."""
    require_undecided(deal)
    _check(bp)
    before, deal.commission_bp = deal.commission_bp, bp
    _log(f"deal:{deal.id}", deal.leader_id, before, bp, by_id, now)


def set_for_item(item: DealItem, bp: int | None, *, by_id: int, now: datetime) -> None:
    """The rate of one item; None: as its deal has it. Raises RateFixed."""
    require_undecided(item.deal)
    _check(bp)
    before, item.commission_bp = item.commission_bp, bp
    _log(f"deal_item:{item.id}", item.leader_id, before, bp, by_id, now)


def require_undecided(deal: Deal) -> None:
    """Raises RateFixed once the closing of `deal` has begun; until commit it does not begin.

    A deal that was reopened keeps the rates that its first closing wrote into its items.
    """
    lock_for_deciding(deal)
    was_closed = sa.exists().where(PurchaseList.deal_id == deal.id)
    if deal.state not in UNDECIDED or db.session.scalar(sa.select(was_closed)):
        raise RateFixed


def _check(bp: int | None) -> None:
    if bp is not None and not 0 <= bp <= WHOLE_BP:
        raise ValueError(f"{bp} basis points")


def _log(
    subject: str, leader_id: int, before: int | None, bp: int | None, by_id: int, now: datetime
) -> None:
    db.session.flush()
    detail = {"from_bp": before, "to_bp": bp}
    action_log.note(
        "commission_rate", subject, actor_id=by_id, leader_id=leader_id, now=now, **detail
    )
