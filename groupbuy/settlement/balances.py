"""What many leaders or suppliers have, in a few statements."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Supplier
from groupbuy.core.db import sum_of
from groupbuy.extensions import db
from groupbuy.payments.models import LedgerEntry
from groupbuy.settlement.models import Payout
from groupbuy.settlement.payouts import OPEN_STATES

_OF_LEADERS = ("cash:leader", "commission_held", "commission")


class Balance(NamedTuple):
    """Of a leader, in fen: cash in hand, commission on hold and of their own."""

    cash: int = 0
    held: int = 0
    own: int = 0


class Owed(NamedTuple):
    """To a supplier, in fen: in all, and what of it can still be asked for."""

    fen: int = 0
    left: int = 0


def of_leaders(ids: Collection[int]) -> dict[int, Balance]:
    """Leader id -> what they have."""
    sums = (
        sa.select(LedgerEntry.of_id, LedgerEntry.account, sum_of(LedgerEntry.fen))
        .where(LedgerEntry.account.in_(_OF_LEADERS), LedgerEntry.of_id.in_(ids))
        .group_by(LedgerEntry.of_id, LedgerEntry.account)
    )
    told = {(of_id, account): fen for of_id, account, fen in db.session.execute(sums)}
    return {
        one: Balance(
            told.get((one, "cash:leader"), 0),
            -told.get((one, "commission_held"), 0),
            -told.get((one, "commission"), 0),
        )
        for one in ids
    }


def of_suppliers(leader: Leader) -> dict[int, Owed]:
    """Id of each supplier of `leader` -> what is owed for goods."""
    own = sa.select(Supplier.id).where(Supplier.leader_id == leader.id)
    sums = (
        sa.select(LedgerEntry.of_id, -sum_of(LedgerEntry.fen))
        .where(LedgerEntry.account == "supplier", LedgerEntry.of_id.in_(own))
        .group_by(LedgerEntry.of_id)
    )
    asked = (
        sa.select(Payout.supplier_id, sum_of(Payout.amount_fen))
        .where(Payout.supplier_id.in_(own), Payout.state.in_(OPEN_STATES))
        .group_by(Payout.supplier_id)
    )
    fen: dict[int, int] = dict(db.session.execute(sums).all())
    waiting: dict[int | None, int] = dict(db.session.execute(asked).all())
    return {
        one: Owed(fen.get(one, 0), fen.get(one, 0) - waiting.get(one, 0))
        for one in db.session.scalars(own)
    }
