"""Money that does not move on by itself: what an operator has to look into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import Leader, RoleGrant
from groupbuy.core.clock import local
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.orders.models import Order
from groupbuy.payments.models import LedgerEntry, MoneyCase, Payment, Refund

PENDING = timedelta(minutes=30)  # an attempt that nobody knows the end of
UNFINISHED = timedelta(hours=24)  # a refund that has not arrived
RECENT = timedelta(days=7)
MOST = 100  # of one kind on the board


class Excess(NamedTuple):
    """A leader with more cash in hand than they should have."""

    leader: Leader
    fen: int


class Stuck(NamedTuple):
    """Everything on the board, the oldest first; at most MOST of each."""

    payments: Sequence[tuple[Payment, Order]]
    cases: Sequence[MoneyCase]
    refunds: Sequence[tuple[Refund, Order]]
    came_again: Sequence[tuple[Refund, Order]]
    cash: Sequence[Excess]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind need somebody, by the names of notices.waiting.

        What came twice goes back by itself.
        """
        needed = {
            "stuck_payments": self.payments,
            "stuck_refunds": self.refunds,
            "stuck_cases": self.cases,
            "stuck_cash": self.cash,
        }
        return {name: len(rows) for name, rows in needed.items() if rows}

    @property
    def urgent(self) -> int:
        """How many of them need somebody."""
        return sum(self.counts.values())


def stuck(now: datetime) -> Stuck:
    """What stands at `now`."""
    return Stuck(_pending(now), _cases(), _refunds(now), _came_again(now), _cash())


def alert(now: datetime) -> int:
    """Owe every operator one message a day while money is stuck; returns how many are told."""
    counts = stuck(now).counts
    if not counts:
        return 0
    operators = sa.select(RoleGrant.user_id).where(RoleGrant.role == "operator")
    ids = set(db.session.scalars(operators))
    for user_id in sorted(ids):
        key = f"{local(now):%Y-%m-%d}:{user_id}"
        owe("money_stuck", key, now=now, user_id=user_id, detail=counts)
    return len(ids)


def _pending(now: datetime) -> Sequence[tuple[Payment, Order]]:
    """Void ones, too: a provider that was silent for a day may have the money."""
    told = (Payment.state != "confirmed", Payment.method.not_in(("", "cash")))
    late = sa.select(Payment, Order).join(Order, Order.id == Payment.order_id)
    late = late.where(*told, Payment.begun_at <= now - PENDING, Payment.ended_at.is_(None))
    return [(row[0], row[1]) for row in db.session.execute(late.order_by(Payment.id).limit(MOST))]


def _cases() -> Sequence[MoneyCase]:
    still_open = sa.select(MoneyCase).where(MoneyCase.closed_at.is_(None))
    return db.session.scalars(still_open.order_by(MoneyCase.id).limit(MOST)).all()


def _refunds(now: datetime) -> Sequence[tuple[Refund, Order]]:
    """Failed ones, and those on their way for too long; cash waits for whoever collects it."""
    late = sa.and_(Refund.requested_at <= now - UNFINISHED, Payment.way != "cash")
    lost = Refund.state != "succeeded", sa.or_(Refund.state == "failed", late)
    return _with_orders(sa.select(Refund, Order).where(*lost))


def _came_again(now: datetime) -> Sequence[tuple[Refund, Order]]:
    recent = Refund.why.in_(("late", "duplicate")), Refund.requested_at > now - RECENT
    return _with_orders(sa.select(Refund, Order).where(*recent))


def _with_orders(found: sa.Select[Refund, Order]) -> Sequence[tuple[Refund, Order]]:
    whole = found.join(Order, Order.id == Refund.order_id).join(Refund.payment)
    whole = whole.options(sa.orm.contains_eager(Refund.payment)).order_by(Refund.id)
    return [(row[0], row[1]) for row in db.session.execute(whole.limit(MOST))]


def _cash() -> Sequence[Excess]:
    held = sa.func.sum(LedgerEntry.fen)
    above = (
        sa.select(Leader, held)
        .join(LedgerEntry, LedgerEntry.of_id == Leader.id)
        .where(LedgerEntry.account == "cash:leader", Leader.cash_limit_fen.is_not(None))
        .group_by(Leader.id)
        .having(held > Leader.cash_limit_fen)
    )
    return [Excess(row[0], int(row[1])) for row in db.session.execute(above.limit(MOST))]
