"""What a member wants from a deal, and everything that ever happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.crypto import EncryptedJson
from groupbuy.core.db import Fen, Id, Instant, Name, Pieces, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db

if TYPE_CHECKING:  # relationships by name, so that the packages' models need no order
    from groupbuy.accounts.models import Member, PickupPoint
    from groupbuy.deals.models import Deal, DealItem

ORDER_STATES = ("pending", "placed", "confirmed", "fulfilled", "cancelled", "expired")
LIVE_STATES = ("pending", "placed", "confirmed", "fulfilled")


class Order(Stateful, db.Model):
    """One order of one member in one deal.

    pending: goods held, money not yet vouched for. placed: paid, numbered in the roll.
    confirmed: on a purchase list. fulfilled: nothing left to hand over.
    `due_fen` is what the order costs now, after everything cancelled or short.
    """

    __tablename__ = "customer_order"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "form_key"),
        sa.UniqueConstraint("deal_id", "roll_no"),
        sa.UniqueConstraint("deal_id", "source_ref"),
        sa.CheckConstraint("due_fen >= 0 AND paid_fen >= 0", name="amounts"),
        sa.CheckConstraint("refunded_fen BETWEEN 0 AND paid_fen", name="refunded"),
        sa.CheckConstraint(
            "roll_no IS NOT NULL OR state IN ('pending', 'cancelled', 'expired')", name="numbered"
        ),
        sa.Index("ix_customer_order_deal_id_state", "deal_id", "state"),
        sa.Index("ix_customer_order_state_pay_by", "state", "pay_by"),
        sa.Index("ix_customer_order_fulfilled_at", "fulfilled_at"),
        sa.Index("ix_customer_order_deal_id_member_id", "deal_id", "member_id"),
    )
    NEXT_STATES = {
        "pending": {"placed", "cancelled", "expired"},
        "placed": {"confirmed", "cancelled"},
        "confirmed": {"fulfilled", "cancelled", "placed"},  # placed: the deal was reopened
        "fulfilled": {"confirmed"},  # a handover was undone
        "cancelled": set(),
        "expired": set(),
    }

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"))
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("member.id"), index=True)
    point_id: Mapped[int] = mapped_column(sa.ForeignKey("pickup_point.id"))
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    roll_no: Mapped[int | None]
    state: Mapped[str] = mapped_column(one_of(*ORDER_STATES, called="state"))
    way: Mapped[str] = mapped_column(sa.String(20), default="cash")
    due_fen: Mapped[Fen]
    paid_fen: Mapped[Fen] = mapped_column(default=0)
    refunded_fen: Mapped[Fen] = mapped_column(default=0)  # counted when requested
    note: Mapped[str] = mapped_column(sa.String(500), default="")
    staff_note: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    note_to_member: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    # As on the form of the day: {"name", "phone", "building", "unit", "room"}.
    contact: Mapped[dict[str, str] | None] = mapped_column(EncryptedJson)
    answers: Mapped[dict[str, str] | None] = mapped_column(
        sa.JSON(none_as_null=True)
    )  # by question
    form_key: Mapped[str | None] = mapped_column(sa.String(64))
    source_ref: Mapped[str | None] = mapped_column(sa.String(100))  # its number in another tool
    placed_at: Mapped[Instant]
    pay_by: Mapped[Instant | None]
    fulfilled_at: Mapped[Instant | None]
    credited_at: Mapped[Instant | None]  # its commission became the leader's own
    version: Mapped[int] = mapped_column(default=1)

    deal: Mapped[Deal] = relationship()
    member: Mapped[Member] = relationship()
    point: Mapped[PickupPoint] = relationship()
    lines: Mapped[list[OrderLine]] = relationship(
        back_populates="order", order_by="OrderLine.position"
    )
    events: Mapped[list[OrderEvent]] = relationship(order_by="OrderEvent.id", viewonly=True)

    @property
    def kept_fen(self) -> int:
        """What was paid and does not go back."""
        return self.paid_fen - self.refunded_fen

    @property
    def owed_fen(self) -> int:
        """What is still to be paid."""
        return max(0, self.due_fen - self.kept_fen)


class OrderLine(db.Model):
    """Some pieces of one item, and their fate: every ordered piece ends in one of the counts."""

    __tablename__ = "order_line"
    __table_args__ = (
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("price_fen >= 0", name="price"),
        sa.CheckConstraint(
            "cancelled_pieces >= 0 AND short_pieces >= 0 AND picked_pieces >= 0"
            " AND no_show_pieces >= 0 AND cancelled_pieces + short_pieces + picked_pieces"
            " + no_show_pieces <= quantity",
            name="fate",
        ),
        sa.CheckConstraint("given_back_fen >= 0 AND earned_fen >= 0", name="money"),
        sa.Index("ix_order_line_deal_id_item_id", "deal_id", "item_id"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"))
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_order.id"), index=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("deal_item.id"))
    position: Mapped[int]
    price_fen: Mapped[Fen]
    quantity: Mapped[Pieces]
    cancelled_pieces: Mapped[Pieces] = mapped_column(default=0)
    short_pieces: Mapped[Pieces] = mapped_column(default=0)
    picked_pieces: Mapped[Pieces] = mapped_column(default=0)
    no_show_pieces: Mapped[Pieces] = mapped_column(default=0)
    # Money given back although the pieces are kept: for a fault, as a goodwill, or not collected.
    given_back_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")
    earned_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")  # sold by the ledger
    commission_fen: Mapped[Fen] = mapped_column(default=0, server_default="0")  # of earned_fen
    if_short: Mapped[str] = mapped_column(
        one_of("refund", "less", "substitute", called="if_short"), default="less"
    )
    substitute_fen: Mapped[Fen | None]  # what a substitute may cost at most; None: no more than it
    note: Mapped[str] = mapped_column(sa.String(200), default="")
    # Of purchase_line, which nobody can delete. Without foreign key and index, because the closing
    # writes it into every line at once, and those cost more than the writing: ask by deal_id, too.
    purchase_line_id: Mapped[int | None] = mapped_column(Id)

    order: Mapped[Order] = relationship(back_populates="lines")
    item: Mapped[DealItem] = relationship()

    @property
    def ordered_fen(self) -> int:
        """What all of it would have cost."""
        return self.quantity * self.price_fen

    @property
    def short_fen(self) -> int:
        """What goes back for the pieces that did not come."""
        return self.short_pieces * self.price_fen

    def cost_of(self, kept: int) -> int:
        """What the line costs in all when `kept` of its pieces stay."""
        return max(0, kept * self.price_fen - self.given_back_fen)

    @hybrid_property
    def kept_pieces(self) -> int:
        """What the member still gets, or got."""
        return self.quantity - self.cancelled_pieces - self.short_pieces

    @hybrid_property
    def open_pieces(self) -> int:
        """What is still to be handed over."""
        return self.kept_pieces - self.picked_pieces - self.no_show_pieces


class CartLine(db.Model):
    """What somebody signed in put aside from a deal; `price_fen` is what they were shown."""

    __tablename__ = "cart_line"
    __table_args__ = (
        sa.CheckConstraint("pieces > 0", name="pieces"),
        sa.Index("ix_cart_line_user_id_deal_id", "user_id", "deal_id"),
    )

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("deal_item.id"), primary_key=True)
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"))
    pieces: Mapped[Pieces]
    price_fen: Mapped[Fen]
    changed_at: Mapped[Instant]


class OrderEvent(db.Model):
    """One step of an order's life, seen alike by resident and staff. Append-only."""

    __tablename__ = "order_event"

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    order_id: Mapped[int] = mapped_column(sa.ForeignKey("customer_order.id"), index=True)
    at: Mapped[Instant]
    actor_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("user_account.id")
    )  # None: by itself
    kind: Mapped[Name]
    from_state: Mapped[str | None] = mapped_column(sa.String(20))
    to_state: Mapped[str] = mapped_column(sa.String(20))
    why: Mapped[str] = mapped_column(sa.String(300), default="")
    detail: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
