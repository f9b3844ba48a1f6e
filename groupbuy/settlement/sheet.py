"""A deal's settlement sheet: every number is a sum of ledger entries, and opens them.

`figures` up to some entry say the same for ever, because entries never change. A sheet that was
settled keeps the last entry it counted; what is booked later stands beside it, as a correction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, sum_of
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.payments.models import LedgerEntry, LedgerTxn
from groupbuy.settlement.crediting import hold

_UNDONE = "handover_undone"
_MONEY = ("cash:wechat", "cash:alipay", "cash:sandbox", "cash:leader", "cash:bank", "suspense")
_IS_DEBIT = sa.literal_column("CASE WHEN ledger_entry.fen > 0 THEN 1 ELSE 0 END", sa.Integer)


class Group(NamedTuple):
    """Entries that count alike: `fen` in all, the last of them booked `at`."""

    account: str
    kind: str
    is_debit: int
    fen: int
    at: datetime | None


class Figure(NamedTuple):
    """One number of the sheet: the sum of the entries it counts, times `sign`."""

    name: str
    sign: int
    counts: Callable[[Group], bool]


def _on(account: str) -> Callable[[Group], bool]:
    return lambda group: group.account == account


def _comes_in(group: Group) -> bool:
    other = _is_refund(group) or group.kind == "fee"  # a fee can come back
    return group.account in _MONEY and bool(group.is_debit) and not other


def _is_refund(group: Group) -> bool:
    return group.kind.startswith("refund")


def _gives_back(group: Group) -> bool:
    """Sales taken back for good; undoing a handover only says that it did not happen."""
    return group.account == "sales" and bool(group.is_debit) and group.kind != _UNDONE


FIGURES = (
    Figure("received", 1, _comes_in),
    Figure("refunds", 1, lambda g: g.account == "order" and _is_refund(g)),
    Figure("gross", -1, lambda g: g.account == "sales" and not _gives_back(g)),
    Figure("given_back", 1, _gives_back),
    Figure("fees", 1, _on("fees")),
    Figure("commission", 1, _on("commission_expense")),
    Figure("goods", 1, _on("goods")),
    Figure("held", -1, _on("commission_held")),
    Figure("credited", -1, _on("commission")),
    Figure("cash", 1, _on("cash:leader")),
    Figure("customers", -1, _on("order")),
)
BY_NAME = {figure.name: figure for figure in FIGURES}
# Numbers that are made of others, with the sign of each.
NET = {"gross": 1, "given_back": -1, "discounts": -1, "fees": -1, "commission": -1, "goods": -1}


def figures(
    deal: Deal, upto_entry_id: int | None = None, after_entry_id: int = 0
) -> dict[str, Any]:
    """Name -> fen, as the entries up to one (None: all), and after another, say; both by id.

    `discounts` are 0: nobody gives any yet, so nobody bears them. `hold_until` is when the last
    commission may be credited, in ISO form; None while nothing was sold.
    """
    span = [LedgerEntry.id > after_entry_id]
    if upto_entry_id is not None:
        span.append(LedgerEntry.id <= upto_entry_id)
    rows = db.session.execute(groups().where(LedgerTxn.deal_id == deal.id, *span))
    return computed(Group(*row[1:]) for row in rows)


def figures_of(deal_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """`figures` of many deals, by their ids, in one statement."""
    told: dict[int, list[Group]] = {deal_id: [] for deal_id in deal_ids}
    for deal_id, *group in db.session.execute(groups().where(LedgerTxn.deal_id.in_(deal_ids))):
        told[deal_id].append(Group(*group))
    return {deal_id: computed(own) for deal_id, own in told.items()}


def computed(counted: Iterable[Group]) -> dict[str, Any]:
    """The figures that the groups of one deal add up to."""
    all_of_it = list(counted)
    found: dict[str, Any] = {
        figure.name: figure.sign * sum(group.fen for group in all_of_it if figure.counts(group))
        for figure in FIGURES
    }
    found["discounts"] = 0
    found["net"] = sum(sign * found[name] for name, sign in NET.items())
    sold = [group.at for group in all_of_it if group.account == "sales" and group.at]
    found["hold_until"] = (max(sold) + hold()).isoformat() if sold else None
    return found


def last_entry_id(deal: Deal) -> int:
    """The last entry about `deal`; 0 when there is none."""
    last = sa.select(sa.func.max(LedgerEntry.id)).join(LedgerTxn)
    return db.session.scalars(last.where(LedgerTxn.deal_id == deal.id)).one() or 0


class Entry(NamedTuple):
    """One entry behind a number; `fen` with the sign that it has there."""

    id: int
    txn: LedgerTxn
    account: str
    fen: int


def entries(deal: Deal, name: str, *, before: int | None = None, most: int = 50) -> list[Entry]:
    """The newest entries behind the figure `name`, those before an id; of "net", of all its parts.

    Raises KeyError for a name that has no entries.
    """
    kinds = [BY_NAME[part] for part in NET if part in BY_NAME] if name == "net" else [BY_NAME[name]]
    found = (
        sa.select(LedgerEntry, LedgerTxn)
        .join(LedgerTxn)
        .where(LedgerTxn.deal_id == deal.id, _any_of(deal, kinds))
        .order_by(LedgerEntry.id.desc())
        .limit(most)
    )
    if before is not None:
        found = found.where(LedgerEntry.id < before)
    sign = -1 if name == "net" else BY_NAME[name].sign
    return [Entry(e.id, txn, e.account, sign * e.fen) for e, txn in db.session.execute(found)]


def _any_of(deal: Deal, kinds: Sequence[Figure]) -> sa.ColumnElement[bool]:
    """Entries that one of `kinds` counts, found by the groups that there are."""
    rows = db.session.execute(groups().where(LedgerTxn.deal_id == deal.id))
    every = [Group(*row[1:]) for row in rows]
    counted = [g for g in every if any(kind.counts(g) for kind in kinds)]
    return sa.or_(
        sa.false(),
        *(
            sa.and_(
                LedgerEntry.account == g.account,
                LedgerTxn.kind == g.kind,
                LedgerEntry.fen > 0 if g.is_debit else LedgerEntry.fen < 0,
            )
            for g in counted
        ),
    )


def groups() -> AnySelect:
    """Deal id, and what `Group` holds, for every deal."""
    return (
        sa.select(
            LedgerTxn.deal_id,
            LedgerEntry.account,
            LedgerTxn.kind,
            _IS_DEBIT.label("is_debit"),
            sum_of(LedgerEntry.fen),
            sa.func.max(LedgerTxn.at),
        )
        .join(LedgerTxn, LedgerTxn.id == LedgerEntry.txn_id)
        .group_by(LedgerTxn.deal_id, LedgerEntry.account, LedgerTxn.kind, _IS_DEBIT)
    )
