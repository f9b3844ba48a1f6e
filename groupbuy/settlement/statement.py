"""What a supplier is owed and was paid, list by list, as the ledger has it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.catalog.models import Supplier
from groupbuy.core.db import sum_of, text_of
from groupbuy.extensions import db
from groupbuy.payments.models import LedgerEntry, LedgerTxn
from groupbuy.pickup.models import Arrival
from groupbuy.settlement import payouts
from groupbuy.settlement.models import Payout


class Statement(NamedTuple):
    """In fen: list id -> what its usable goods cost; paid out so far; still owed in all."""

    by_list: dict[int, int]
    paid_fen: int
    owed_fen: int


def of(supplier: Supplier, list_ids: Collection[int]) -> Statement:
    """The statement of `supplier`; lists of which nothing was counted in are left out."""
    goods = (
        sa.select(Arrival.list_id, -sum_of(LedgerEntry.fen))
        .join(LedgerTxn, LedgerTxn.idem_key == sa.literal("goods:") + text_of(Arrival.id))
        .join(LedgerEntry, LedgerEntry.txn_id == LedgerTxn.id)
        .where(Arrival.list_id.in_(list_ids), LedgerEntry.account == "supplier")
        .group_by(Arrival.list_id)
    )
    paid = sa.select(sum_of(Payout.amount_fen))
    paid = paid.where(Payout.supplier_id == supplier.id, Payout.state == "paid")
    return Statement(
        dict(db.session.execute(goods).all()),
        db.session.scalars(paid).one(),
        payouts.owed_fen(supplier),
    )
