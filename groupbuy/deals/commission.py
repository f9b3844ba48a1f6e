"""The leader's part of what a deal sells: decided while orders are taken, fixed at the closing."""

from __future__ import annotations

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db


def freeze(deal: Deal) -> None:
    """Write into every item the rate that counts: its own, else the deal's, else the leader's.

    A rate that is changed later does not touch a deal that has closed. The caller holds the
    deal's exclusive lock.
    """
    leaders = sa.select(Leader.commission_bp).where(Leader.id == deal.leader_id).scalar_subquery()
    deals = sa.select(Deal.commission_bp).where(Deal.id == deal.id).scalar_subquery()
    unsaid = sa.update(DealItem).where(
        DealItem.deal_id == deal.id, DealItem.commission_bp.is_(None)
    )
    values = {"commission_bp": sa.func.coalesce(deals, leaders)}
    db.session.execute(unsaid.values(values).execution_options(synchronize_session="fetch"))
