"""People who are stuck, and what they were doing when they asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.crypto import EncryptedText
from groupbuy.core.db import Instant, PrimaryKey
from groupbuy.extensions import db

if TYPE_CHECKING:  # relationships by name, so that the packages' models need no order
    from groupbuy.accounts.models import Leader, User
    from groupbuy.deals.models import Deal
    from groupbuy.orders.models import Order


class HelpMessage(db.Model):
    """A question to a leader, with the step, the order and the last error it came from."""

    __tablename__ = "help_message"
    __table_args__ = (sa.Index("ix_help_message_leader_id_at", "leader_id", "at"),)

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    deal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deal.id"))
    order_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_order.id"))
    step: Mapped[str] = mapped_column(sa.String(40))
    last_error: Mapped[str] = mapped_column(sa.String(300), default="")
    text: Mapped[str] = mapped_column(sa.String(1000))
    contact: Mapped[str] = mapped_column(EncryptedText)  # a name and how to answer
    at: Mapped[Instant]
    answered_at: Mapped[Instant | None]
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    leader: Mapped[Leader] = relationship()
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    answered_by: Mapped[User | None] = relationship(foreign_keys=[answered_by_id])
    deal: Mapped[Deal | None] = relationship()
    order: Mapped[Order | None] = relationship()
