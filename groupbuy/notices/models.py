"""Messages owed: written with the fact they tell, sent later by a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.db import Instant, Name, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db

if TYPE_CHECKING:  # relationships by name, so that the packages' models need no order
    from groupbuy.deals.models import Deal
    from groupbuy.orders.models import Order


class Notice(Stateful, db.Model):
    """One event told to one person: a member, a supplier, or staff. `key` makes it one.

    The words are made when it is shown or sent, in the reader's language, from `kind` and the
    rows it points at.
    """

    __tablename__ = "notice"
    __table_args__ = (
        sa.CheckConstraint(
            "(CASE WHEN user_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN member_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN supplier_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_recipient",
        ),
        sa.Index("ix_notice_state_next_try_at", "state", "next_try_at"),
    )
    NEXT_STATES = {"owed": {"sent", "failed"}, "failed": {"owed"}, "sent": set()}

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int | None] = mapped_column(sa.ForeignKey("leader.id"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"), index=True)
    supplier_id: Mapped[int | None] = mapped_column(sa.ForeignKey("supplier.id"), index=True)
    key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    kind: Mapped[Name]
    deal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deal.id"))
    order_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customer_order.id"))
    list_id: Mapped[int | None] = mapped_column(sa.ForeignKey("purchase_list.id"))
    pickup_id: Mapped[int | None] = mapped_column(sa.ForeignKey("pickup.id"))
    detail: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(one_of("owed", "sent", "failed", called="state"))
    owed_at: Mapped[Instant]
    next_try_at: Mapped[Instant]
    read_at: Mapped[Instant | None]

    deliveries: Mapped[list[Delivery]] = relationship()
    deal: Mapped[Deal | None] = relationship()
    order: Mapped[Order | None] = relationship()


class Delivery(db.Model):
    """One channel's success or last failure in sending a notice; at most one success each."""

    __tablename__ = "delivery"

    notice_id: Mapped[int] = mapped_column(sa.ForeignKey("notice.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    leader_id: Mapped[int | None] = mapped_column(sa.ForeignKey("leader.id"))
    attempts: Mapped[int]
    sent_at: Mapped[Instant | None]
    last_error: Mapped[str] = mapped_column(sa.String(300), default="")


class NoticeChoice(db.Model):
    """A topic somebody does not want to hear of on a channel; no row means they do."""

    __tablename__ = "notice_choice"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
