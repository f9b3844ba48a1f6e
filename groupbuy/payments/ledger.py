"""The books: every fact about money becomes one transaction whose entries add up to nothing.

Each is written with its fact, in the same database transaction, by SQL that reads the fact's own
row: one payment and ten thousand take the same two statements. A fact that is written twice
breaks a unique key instead of being counted twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, connection, text_of
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments.models import LedgerEntry, LedgerTxn, Payment, Refund

_ABOUT = ("idem_key", "kind", "at", "leader_id", "deal_id", "order_id", "actor_id")
_TXN, _ENTRY = LedgerTxn.__table__, LedgerEntry.__table__
_NEW_TXN = sa.insert(_TXN).returning(_TXN.c.id)
_NEW_ENTRIES = sa.insert(_ENTRY).returning(_ENTRY.c.id)  # so that all of them are one statement


class Leg(NamedTuple):
    """One side of a fact: `fen` (debit above 0) on `account` of `of_id`; all may be SQL."""

    account: Any
    of_id: Any
    fen: Any


def payments_confirmed(payments: AnySelect) -> None:
    """The money of the payments whose ids `payments` selects is there; they are confirmed."""
    facts = (
        sa.select(
            (sa.literal("payment:") + text_of(Payment.id)).label("idem_key"),
            sa.literal("payment").label("kind"),
            Payment.confirmed_at.label("at"),
            Payment.leader_id,
            Order.deal_id,
            Payment.order_id,
            Payment.confirmed_by_id.label("actor_id"),
            Payment.amount_fen,
            *_cash_of_payment(),
        )
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.id.in_(payments), Payment.amount_fen > 0)
    ).subquery()
    c = facts.c
    write(facts, Leg(c.account, c.of_id, c.amount_fen), Leg("order", c.order_id, -c.amount_fen))


def refunds_requested(refunds: AnySelect) -> None:
    """What the refunds whose ids `refunds` selects ask for is owed to the customer no more."""
    facts = _refunds("refund_requested", "refund", refunds, Refund.requested_at, sa.null())
    c = facts.c
    write(facts, Leg("order", c.order_id, c.amount_fen), Leg("refunds_in_flight", 0, -c.amount_fen))


def refund_succeeded(refund: Refund) -> None:
    """The money of `refund` has gone back."""
    one = sa.select(Refund.id).where(Refund.id == refund.id)
    facts = _refunds("refund_succeeded", "refunded", one, Refund.finished_at, Refund.finished_by_id)
    c = facts.c
    write(facts, Leg("refunds_in_flight", 0, c.amount_fen), Leg(c.account, c.of_id, -c.amount_fen))


def enter(
    kind: str,
    key: str,
    legs: Iterable[Leg],
    *,
    now: datetime,
    actor_id: int | None = None,
    **about: int | None,
) -> None:
    """One fact in plain values; `about` may name leader_id, deal_id and order_id.

    Legs of 0 fen are left out. Raises ValueError when the others do not add up to nothing.
    """
    legs = [leg for leg in legs if leg.fen]
    if sum(leg.fen for leg in legs):
        raise ValueError(f"{key}: {legs} do not add up to 0")
    if legs:
        fact = {"idem_key": key, "kind": kind, "at": now, "actor_id": actor_id, **about}
        txn_id = connection().execute(_NEW_TXN, fact).scalar_one()
        own = {"txn_id": txn_id, "leader_id": about.get("leader_id")}
        connection().execute(_NEW_ENTRIES, [own | leg._asdict() for leg in legs]).all()


def balance_fen(account: str, of_id: int = 0) -> int:
    """Debits less credits of an account: above 0 what is there, below 0 what is owed."""
    own = sa.select(sa.func.coalesce(sa.func.sum(LedgerEntry.fen), 0))
    own = own.where(LedgerEntry.account == account, LedgerEntry.of_id == of_id)
    return int(db.session.scalars(own).one())


def write(facts: sa.Subquery, *legs: Leg) -> None:
    """A transaction for each row of `facts`, and then its entries, in two statements.

    `facts` has the columns of `_ABOUT` and those that `legs` read. The legs of a row add up to 0;
    one that is 0 is left out.
    """
    about = sa.select(*(facts.c[name] for name in _ABOUT)).order_by(facts.c.order_id)
    sides = sa.union_all(
        *(
            sa.select(
                facts.c.idem_key.label("key"),
                _sql(leg.account).label("account"),
                _sql(leg.of_id).label("of_id"),
                leg.fen.label("fen"),
            )
            for leg in legs
        )
    ).subquery()
    entries = (
        sa.select(_TXN.c.id, _TXN.c.leader_id, sides.c.account, sides.c.of_id, sides.c.fen)
        .join(_TXN, _TXN.c.idem_key == sides.c.key)
        .where(sides.c.fen != 0)
    )
    connection().execute(sa.insert(_TXN).from_select(_ABOUT, about))
    of_entry = ["txn_id", "leader_id", "account", "of_id", "fen"]
    connection().execute(sa.insert(_ENTRY).from_select(of_entry, entries))


def _refunds(kind: str, key: str, refunds: AnySelect, at: Any, actor: Any) -> sa.Subquery:
    return (
        sa.select(
            (sa.literal(f"{key}:") + text_of(Refund.id)).label("idem_key"),
            sa.literal(kind).label("kind"),
            at.label("at"),
            Refund.leader_id,
            Order.deal_id,
            Refund.order_id,
            sa.cast(actor, _TXN.c.actor_id.type).label("actor_id"),
            Refund.amount_fen,
            *_cash_of_refund(),
        )
        .join(Order, Order.id == Refund.order_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.id.in_(refunds))
    ).subquery()


def _cash_of_payment() -> tuple[Any, Any]:
    """The account that the money of a payment came into: the leader's hand, or a provider."""
    in_hand = Payment.way == "cash"
    account = sa.case((in_hand, "cash:leader"), else_=sa.literal("cash:") + Payment.way)
    return account.label("account"), sa.case((in_hand, Payment.leader_id), else_=0).label("of_id")


def _cash_of_refund() -> tuple[Any, Any]:
    """The account a refund is paid from: that of its payment, or the bank when done by hand."""
    in_hand = sa.and_(Payment.way == "cash", ~Refund.by_hand)
    through = sa.literal("cash:") + Payment.way
    account = sa.case((in_hand, "cash:leader"), (Refund.by_hand, "cash:bank"), else_=through)
    return account.label("account"), sa.case((in_hand, Refund.leader_id), else_=0).label("of_id")


def _sql(value: Any) -> Any:
    return value if isinstance(value, sa.ColumnElement) else sa.literal(value)
