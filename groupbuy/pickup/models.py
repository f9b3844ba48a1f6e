"""From the delivery van to the neighbour's hand: arrivals, bags and handovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.db import Instant, Pieces, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db

if TYPE_CHECKING:  # relationships by name, so that the packages' models need no order
    from groupbuy.accounts.models import Member, PickupPoint, User
    from groupbuy.deals.models import Deal
    from groupbuy.purchasing.models import PurchaseLine, PurchaseList

ENDINGS = ("door", "neighbour", "kept", "disposed", "refunded")


class Arrival(Stateful, db.Model):
    """The delivery of one purchase list, counted until it is shared out."""

    __tablename__ = "arrival"
    NEXT_STATES = {"counting": {"shared_out"}, "shared_out": set()}

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    list_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_list.id"), unique=True)
    state: Mapped[str] = mapped_column(one_of("counting", "shared_out", called="state"))
    counted_at: Mapped[Instant]
    counted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    shared_out_at: Mapped[Instant | None]

    purchase_list: Mapped[PurchaseList] = relationship()
    lines: Mapped[list[ArrivalLine]] = relationship(back_populates="arrival")


class ArrivalLine(db.Model):
    """What came of one line: `received` pieces off the van, `damaged` of them unusable."""

    __tablename__ = "arrival_line"
    __table_args__ = (
        sa.UniqueConstraint("arrival_id", "purchase_line_id"),
        sa.CheckConstraint("damaged >= 0 AND damaged <= received", name="counts"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    arrival_id: Mapped[int] = mapped_column(sa.ForeignKey("arrival.id"))
    purchase_line_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_line.id"), index=True)
    received: Mapped[Pieces]
    damaged: Mapped[Pieces]

    arrival: Mapped[Arrival] = relationship(back_populates="lines")
    purchase_line: Mapped[PurchaseLine] = relationship()


class Pickup(Stateful, db.Model):
    """A household's bag: everything one member collects at one point from one deal.

    The token in the QR code can be derived again from `secret_ref`; only its hash is looked up.
    """

    __tablename__ = "pickup"
    __table_args__ = (
        sa.UniqueConstraint("deal_id", "member_id", "point_id"),
        sa.UniqueConstraint("deal_id", "code_hash"),
        sa.CheckConstraint("state <> 'uncollected' OR ending IS NOT NULL", name="ending"),
        sa.Index("ix_pickup_deal_id_state", "deal_id", "state"),
    )
    NEXT_STATES = {
        "waiting": {"ready", "void"},  # void: nothing of it came, or all was cancelled
        "ready": {"collected", "uncollected", "void"},
        "collected": {"ready"},
        "uncollected": {"ready"},
        "void": set(),
    }

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"))
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    point_id: Mapped[int] = mapped_column(sa.ForeignKey("pickup_point.id"))
    state: Mapped[str] = mapped_column(
        one_of("waiting", "ready", "collected", "uncollected", "void", called="state")
    )
    secret_ref: Mapped[str] = mapped_column(sa.String(64))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    ready_at: Mapped[Instant | None]
    ending: Mapped[str | None] = mapped_column(one_of(*ENDINGS, called="ending_kind"))
    ending_note: Mapped[str] = mapped_column(sa.String(300), default="")

    deal: Mapped[Deal] = relationship()
    member: Mapped[Member] = relationship()
    point: Mapped[PickupPoint] = relationship()
    handovers: Mapped[list[Handover]] = relationship(order_by="Handover.id")


class PickupProxy(db.Model):
    """A pass for somebody else to collect a bag; a new one ends the one before."""

    __tablename__ = "pickup_proxy"
    __table_args__ = (sa.UniqueConstraint("deal_id", "code_hash"),)

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"))
    pickup_id: Mapped[int] = mapped_column(sa.ForeignKey("pickup.id"), index=True)
    secret_ref: Mapped[str] = mapped_column(sa.String(64))
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]

    pickup: Mapped[Pickup] = relationship()


class Handover(db.Model):
    """One act at the pickup point; the same `nonce` again is the same act."""

    __tablename__ = "handover"
    __table_args__ = (
        sa.UniqueConstraint("pickup_id", "nonce"),
        sa.CheckConstraint("undone_at IS NULL OR undone_because <> ''", name="undone"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    pickup_id: Mapped[int] = mapped_column(sa.ForeignKey("pickup.id"))
    nonce: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[Instant]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    undone_at: Mapped[Instant | None]
    undone_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    undone_because: Mapped[str] = mapped_column(sa.String(300), default="")

    by: Mapped[User | None] = relationship(foreign_keys=[by_id])
    lines: Mapped[list[HandoverLine]] = relationship()


class HandoverLine(db.Model):
    """Pieces of one order line given in one handover."""

    __tablename__ = "handover_line"
    __table_args__ = (sa.CheckConstraint("pieces > 0", name="pieces"),)

    handover_id: Mapped[int] = mapped_column(sa.ForeignKey("handover.id"), primary_key=True)
    line_id: Mapped[int] = mapped_column(
        sa.ForeignKey("order_line.id"), primary_key=True, index=True
    )
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    pieces: Mapped[Pieces]


class DoubleHandover(db.Model):
    """A bag that a phone without network gave out although it had been given out before.

    Somebody has to look whether two people took it; `closed_because` says what came of that.
    """

    __tablename__ = "double_handover"
    __table_args__ = (
        sa.UniqueConstraint("pickup_id", "nonce"),
        sa.CheckConstraint("closed_at IS NULL OR closed_because <> ''", name="closed"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"), index=True)
    pickup_id: Mapped[int] = mapped_column(sa.ForeignKey("pickup.id"))
    nonce: Mapped[str] = mapped_column(sa.String(64))
    scanned_at: Mapped[Instant]  # by the phone's own clock
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    reported_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    closed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    closed_because: Mapped[str] = mapped_column(sa.String(300), default="")

    pickup: Mapped[Pickup] = relationship()
    by: Mapped[User | None] = relationship(foreign_keys=[by_id])
