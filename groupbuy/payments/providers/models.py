"""The books of the sandbox, which plays the provider where no real money may move."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from groupbuy.core.db import Fen, Instant, PrimaryKey, one_of
from groupbuy.extensions import db


class SandboxTrade(db.Model):
    """What the sandbox knows of an attempt; each success has a number of its own."""

    __tablename__ = "sandbox_trade"

    id: Mapped[PrimaryKey]
    out_trade_no: Mapped[str] = mapped_column(sa.String(32), unique=True)
    amount_fen: Mapped[Fen]
    title: Mapped[str] = mapped_column(sa.String(200))
    return_url: Mapped[str] = mapped_column(sa.String(500))
    state: Mapped[str] = mapped_column(one_of("unpaid", "paid", "failed", "closed", called="state"))
    transaction_no: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    paid_at: Mapped[Instant | None]
    created_at: Mapped[Instant]


class SandboxRefund(db.Model):
    """What the sandbox gave back."""

    __tablename__ = "sandbox_refund"

    id: Mapped[PrimaryKey]
    trade_id: Mapped[int] = mapped_column(sa.ForeignKey("sandbox_trade.id"), index=True)
    out_refund_no: Mapped[str] = mapped_column(sa.String(64), unique=True)
    refund_no: Mapped[str] = mapped_column(sa.String(64), unique=True)
    amount_fen: Mapped[Fen]
    done_at: Mapped[Instant]
