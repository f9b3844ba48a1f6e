"""Who gets what of a deal's money, and when it was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.db import Fen, Id, Instant, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db

if TYPE_CHECKING:  # relationships by name, so that the packages' models need no order
    from groupbuy.accounts.models import Leader
    from groupbuy.catalog.models import Supplier
    from groupbuy.deals.models import Deal


class CashHandover(Stateful, db.Model):
    """Cash that a leader says he gave to the operator, who then says it is there."""

    __tablename__ = "cash_handover"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.UniqueConstraint("leader_id", "form_key"),
    )
    NEXT_STATES = {"reported": {"confirmed", "refused"}, "confirmed": set(), "refused": set()}

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    state: Mapped[str] = mapped_column(one_of("reported", "confirmed", "refused", called="state"))
    amount_fen: Mapped[Fen]
    note: Mapped[str] = mapped_column(sa.String(300), default="")
    form_key: Mapped[str] = mapped_column(sa.String(64))
    reported_at: Mapped[Instant]
    reported_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_at: Mapped[Instant | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    decided_because: Mapped[str] = mapped_column(sa.String(300), default="")

    leader: Mapped[Leader] = relationship()


class Settlement(db.Model):
    """The sheet of a deal as it was settled; the ledger up to `last_entry_id` says the same."""

    __tablename__ = "settlement"

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"), index=True)
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"), unique=True)
    figures: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    last_entry_id: Mapped[int] = mapped_column(Id)
    settled_at: Mapped[Instant]
    settled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    deal: Mapped[Deal] = relationship()
    leader: Mapped[Leader] = relationship()


class Payout(Stateful, db.Model):
    """Money paid to a leader (commission) or a supplier (goods), approved by somebody else."""

    __tablename__ = "payout"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("approved_by_id <> asked_by_id", name="second_person"),
        sa.CheckConstraint("approved_by_id <> payee_id", name="not_the_payee"),
        sa.UniqueConstraint("leader_id", "form_key"),
    )
    NEXT_STATES = {
        "asked": {"approved", "refused"},
        "approved": {"paid", "refused"},
        "paid": set(),
        "refused": set(),
    }

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    supplier_id: Mapped[int | None] = mapped_column(sa.ForeignKey("supplier.id"), index=True)
    payee_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    state: Mapped[str] = mapped_column(
        one_of("asked", "approved", "paid", "refused", called="state")
    )
    amount_fen: Mapped[Fen]
    reference: Mapped[str] = mapped_column(sa.String(100), default="")  # the bank's number
    form_key: Mapped[str] = mapped_column(sa.String(64))
    asked_at: Mapped[Instant]
    asked_by_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    approved_at: Mapped[Instant | None]
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    finished_at: Mapped[Instant | None]
    finished_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    because: Mapped[str] = mapped_column(sa.String(300), default="")

    leader: Mapped[Leader] = relationship()
    supplier: Mapped[Supplier | None] = relationship()
