"""Money asked for and given back. One row an attempt; facts are never rewritten."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.db import Fen, Instant, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db


class Payment(Stateful, db.Model):
    """One attempt to pay an order in one way."""

    __tablename__ = "payment"
    __table_args__ = (
        sa.CheckConstraint("amount_fen >= 0", name="amount"),
        sa.CheckConstraint("refunded_fen BETWEEN 0 AND amount_fen", name="refunded"),
        sa.UniqueConstraint("way", "transaction_no"),
    )
    NEXT_STATES = {"begun": {"confirmed", "void"}, "confirmed": set(), "void": {"confirmed"}}

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_order.id"), index=True)
    way: Mapped[str] = mapped_column(sa.String(20))
    out_trade_no: Mapped[str] = mapped_column(sa.String(32), unique=True)
    transaction_no: Mapped[str | None] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(one_of("begun", "confirmed", "void", called="state"))
    amount_fen: Mapped[Fen]
    refunded_fen: Mapped[Fen] = mapped_column(default=0)
    begun_at: Mapped[Instant]
    confirmed_at: Mapped[Instant | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))


class Refund(Stateful, db.Model):
    """Money to go back. For cash it is a task of the leader until he says it is done."""

    __tablename__ = "refund"
    __table_args__ = (sa.CheckConstraint("amount_fen > 0", name="amount"),)
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
    finished_at: Mapped[Instant | None]
    finished_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    payment: Mapped[Payment] = relationship()
