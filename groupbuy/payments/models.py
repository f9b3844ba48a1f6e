"""Money asked for and given back, and the ledger of it. Facts are never rewritten."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.db import Fen, Id, Instant, Name, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db

# What a ledger entry may move. `of_id` says whose: an order, a deal, a leader, a supplier, or 0.
ACCOUNTS = (
    "cash:wechat",
    "cash:alipay",
    "cash:sandbox",
    "cash:leader",  # in the hands of leader `of_id`
    "cash:bank",  # the operator's own account
    "order",  # owed to the customer of order `of_id` until it is handed over
    "refunds_in_flight",
    "sales",  # of deal `of_id`
    "goods",  # what the goods of deal `of_id` cost
    "supplier",  # owed to supplier `of_id`
    "commission_expense",  # of deal `of_id`
    "commission_held",  # of leader `of_id`, until the time for complaints is over
    "commission",  # of leader `of_id`, to be paid out
    "fees",
    "suspense",  # money nobody knows the order of
)


class Payment(Stateful, db.Model):
    """One attempt to pay an order in one way.

    void: given up here, perhaps also with the provider (`ended_at`). Money that comes in all the
    same is booked, and goes back.
    """

    __tablename__ = "payment"
    __table_args__ = (
        sa.CheckConstraint("amount_fen >= 0", name="amount"),
        sa.CheckConstraint("refunded_fen BETWEEN 0 AND amount_fen", name="refunded"),
        sa.UniqueConstraint("way", "transaction_no"),
        sa.Index("ix_payment_next_ask_at", "next_ask_at"),
    )
    NEXT_STATES = {"begun": {"confirmed", "void"}, "confirmed": set(), "void": {"confirmed"}}

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_order.id"), index=True)
    way: Mapped[str] = mapped_column(sa.String(20))
    method: Mapped[str] = mapped_column(sa.String(20), default="", server_default="")
    out_trade_no: Mapped[str] = mapped_column(sa.String(32), unique=True)
    transaction_no: Mapped[str | None] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(one_of("begun", "confirmed", "void", called="state"))
    amount_fen: Mapped[Fen]
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    begun_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]  # None: as long as the order waits
    # What the provider answered when it was told of the attempt; None: it was not told.
    begun_with: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    confirmed_at: Mapped[Instant | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    paid_at: Mapped[Instant | None]  # by the provider's clock
    asked: Mapped[int] = mapped_column(default=0, server_default="0")
    next_ask_at: Mapped[Instant | None]  # None: the provider need not be asked (any more)
    ended_at: Mapped[Instant | None]  # when the provider said that nobody can pay it any more


class Refund(Stateful, db.Model):
    """Money to go back. For cash it is a task of the leader until he says it is done.

    submitted: the provider may have it; whether it has is asked with the same number.
    """

    __tablename__ = "refund"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.Index("ix_refund_next_try_at", "next_try_at"),
    )
    NEXT_STATES = {
        "requested": {"submitted", "succeeded", "failed"},
        "submitted": {"succeeded", "failed"},
        "failed": {"submitted", "succeeded"},
        "succeeded": set(),
    }

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_order.id"), index=True)
    payment_id: Mapped[int] = mapped_column(sa.ForeignKey("payment.id"), index=True)
    out_refund_no: Mapped[str] = mapped_column(sa.String(64), unique=True)
    state: Mapped[str] = mapped_column(
        one_of("requested", "submitted", "succeeded", "failed", called="state")
    )
    amount_fen: Mapped[Fen]
    why: Mapped[str] = mapped_column(sa.String(300))
    requested_at: Mapped[Instant]
    submitted_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    finished_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    by_hand: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    next_try_at: Mapped[Instant | None]  # None: nothing to send: cash, or finished, or given up
    last_error: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")

    payment: Mapped[Payment] = relationship()


class RefundProposal(Stateful, db.Model):
    """A refund above the limit of one person: nothing happens until a second one agrees.

    `lines` is {order line id: {"pieces": n, "fen": n}}.
    """

    __tablename__ = "refund_proposal"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("decided_by_id <> proposed_by_id", name="second_person"),
    )
    NEXT_STATES = {"waiting": {"approved", "refused"}, "approved": set(), "refused": set()}

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"), index=True)
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_order.id"), index=True)
    state: Mapped[str] = mapped_column(one_of("waiting", "approved", "refused", called="state"))
    lines: Mapped[dict[str, dict[str, int]]] = mapped_column(sa.JSON)
    amount_fen: Mapped[Fen]
    why: Mapped[str] = mapped_column(sa.String(300))
    proposed_at: Mapped[Instant]
    proposed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[Instant | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))


class LedgerTxn(db.Model):
    """One fact about money. Its entries add up to 0. Append-only; corrections are reversals."""

    __tablename__ = "ledger_txn"

    id: Mapped[PrimaryKey]
    idem_key: Mapped[str] = mapped_column(sa.String(100), unique=True)  # "payment:12"
    kind: Mapped[Name]
    at: Mapped[Instant]
    # No foreign keys: the ledger outlives whatever it tells of.
    leader_id: Mapped[int | None] = mapped_column(Id, index=True)
    deal_id: Mapped[int | None] = mapped_column(Id, index=True)
    order_id: Mapped[int | None] = mapped_column(Id, index=True)
    actor_id: Mapped[int | None] = mapped_column(Id)

    entries: Mapped[list[LedgerEntry]] = relationship(order_by="LedgerEntry.id", viewonly=True)


class LedgerEntry(db.Model):
    """`fen` moved on one account: above 0 a debit, below 0 a credit. Append-only."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        sa.UniqueConstraint("txn_id", "account", "of_id"),
        sa.CheckConstraint("fen <> 0", name="fen"),
        sa.Index("ix_ledger_entry_account_of_id", "account", "of_id"),
    )

    id: Mapped[PrimaryKey]
    txn_id: Mapped[int] = mapped_column(sa.ForeignKey("ledger_txn.id"))
    leader_id: Mapped[int | None] = mapped_column(Id)  # as the transaction has it
    account: Mapped[str] = mapped_column(one_of(*ACCOUNTS, called="account"))
    of_id: Mapped[int] = mapped_column(Id, default=0)
    fen: Mapped[Fen]


class MoneyCase(db.Model):
    """Something about money that a person must look at; `key` makes it one.

    `closed_because` says what came of it.
    """

    __tablename__ = "money_case"
    __table_args__ = (
        sa.CheckConstraint("closed_at IS NULL OR closed_because <> ''", name="closed"),
    )

    id: Mapped[PrimaryKey]
    key: Mapped[str] = mapped_column(sa.String(160), unique=True)
    kind: Mapped[Name]
    leader_id: Mapped[int | None] = mapped_column(sa.ForeignKey("leader.id"))
    payment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("payment.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(sa.ForeignKey("refund.id"), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    opened_at: Mapped[Instant] = mapped_column(index=True)
    closed_at: Mapped[Instant | None]
    closed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    closed_because: Mapped[str] = mapped_column(sa.String(300), default="")

    payment: Mapped[Payment | None] = relationship()
    refund: Mapped[Refund | None] = relationship()


class BillImport(db.Model):
    """A provider's bill of one day, as it was read in."""

    __tablename__ = "bill_import"
    __table_args__ = (sa.UniqueConstraint("way", "sha256"),)

    id: Mapped[PrimaryKey]
    way: Mapped[str] = mapped_column(sa.String(20))
    first_at: Mapped[Instant | None]  # the span of its lines
    last_at: Mapped[Instant | None]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    imported_at: Mapped[Instant]
    imported_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    differences: Mapped[int]

    lines: Mapped[list[BillLine]] = relationship(order_by="BillLine.position")


class BillLine(db.Model):
    """One payment or refund as the provider tells it."""

    __tablename__ = "bill_line"
    __table_args__ = (sa.UniqueConstraint("import_id", "position"),)

    id: Mapped[PrimaryKey]
    import_id: Mapped[int] = mapped_column(sa.ForeignKey("bill_import.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(one_of("payment", "refund", called="kind"))
    at: Mapped[Instant]
    out_trade_no: Mapped[str] = mapped_column(sa.String(64), index=True)
    transaction_no: Mapped[str] = mapped_column(sa.String(64), default="")
    out_refund_no: Mapped[str] = mapped_column(sa.String(64), default="", index=True)
    state: Mapped[str] = mapped_column(sa.String(40), default="")  # in the provider's words
    amount_fen: Mapped[Fen]
    fee_fen: Mapped[Fen] = mapped_column(default=0)
