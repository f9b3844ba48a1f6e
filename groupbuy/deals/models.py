"""A deal: a window, items with stock, and the points where it can be collected."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.catalog.models import STORAGE_CLASSES
from groupbuy.core.db import Fen, Instant, Name, Pieces, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db

if TYPE_CHECKING:  # relationships by name, so that the packages' models need no order
    from groupbuy.accounts.models import Leader, PickupPoint
    from groupbuy.catalog.models import Picture, Sku, Supplier

DEAL_STATES = ("draft", "open", "closing", "closed", "arrived", "failed", "cancelled")


class Deal(Stateful, db.Model):
    """A 团. Orders are taken in `[opens_at, closes_at)` while the state is `open`.

    A deal that opens later is `open` too, in the future: nothing has to happen on time for
    the first neighbour to be let in. `phase()` tells people which it is.
    """

    __tablename__ = "deal"
    __table_args__ = (
        sa.CheckConstraint("opens_at < closes_at", name="window"),
        sa.CheckConstraint(
            "state IN ('draft', 'cancelled') OR opens_at IS NOT NULL", name="published_opens"
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'cancelled') OR closes_at IS NOT NULL", name="published_closes"
        ),
        sa.CheckConstraint("minimum_kind = 'none' OR minimum > 0", name="minimum"),
        sa.CheckConstraint("last_roll_no >= 0", name="last_roll_no"),
        sa.CheckConstraint("commission_bp BETWEEN 0 AND 10000", name="commission"),
        sa.Index("ix_deal_state_closes_at", "state", "closes_at"),
        sa.Index("ix_deal_leader_id_closes_at", "leader_id", "closes_at"),
    )
    NEXT_STATES = {
        "draft": {"open", "cancelled"},
        "open": {"closing", "cancelled"},
        "closing": {"closed", "failed"},
        "closed": {"arrived", "open"},  # open: closed by mistake, see purchasing/reopening.py
        "arrived": set(),
        "failed": set(),
        "cancelled": set(),
    }

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    slug: Mapped[str] = mapped_column(sa.String(40), unique=True)
    title: Mapped[Name]
    intro: Mapped[str] = mapped_column(sa.Text, default="")
    state: Mapped[str] = mapped_column(one_of(*DEAL_STATES, called="state"))
    opens_at: Mapped[Instant | None]
    closes_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]  # when step C ended, not when it was due
    ended_because: Mapped[str] = mapped_column(sa.String(300), default="")
    pickup_starts_at: Mapped[Instant | None]
    pickup_ends_at: Mapped[Instant | None]
    minimum_kind: Mapped[str] = mapped_column(
        one_of("none", "persons", "pieces", "amount", called="minimum_kind"), default="none"
    )
    minimum: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # persons, pieces or fen
    limit_per_person: Mapped[Pieces | None]
    hold_minutes: Mapped[int | None]  # None: unpaid orders hold their goods until the closing
    pay_at_pickup: Mapped[bool] = mapped_column(default=False)
    share_by: Mapped[str] = mapped_column(
        one_of("payment", "prorata", called="share_by"), default="payment"
    )
    last_roll_no: Mapped[int] = mapped_column(default=0)
    commission_bp: Mapped[int | None]  # hundredths of a percent; None: as the leader has it
    ways: Mapped[list[str] | None] = mapped_column(
        sa.JSON(none_as_null=True)
    )  # to pay; None: all that the site has
    created_at: Mapped[Instant]

    leader: Mapped[Leader] = relationship()
    items: Mapped[list[DealItem]] = relationship(
        back_populates="deal", order_by="DealItem.position"
    )
    questions: Mapped[list[DealQuestion]] = relationship(order_by="DealQuestion.position")
    pictures: Mapped[list[Picture]] = relationship(order_by="Picture.position", viewonly=True)
    points: Mapped[list[PickupPoint]] = relationship(
        secondary="deal_point", order_by="PickupPoint.id", viewonly=True
    )

    def phase(self, now: datetime) -> str:
        """What people may be told: `upcoming` and overdue `closing` are seen before they happen."""
        if self.state == "open" and self.opens_at and self.closes_at:
            if now < self.opens_at:
                return "upcoming"
            if now >= self.closes_at:
                return "closing"
        return self.state


class DealPoint(db.Model):
    """A point at which a deal can be collected."""

    __tablename__ = "deal_point"

    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"), primary_key=True)
    point_id: Mapped[int] = mapped_column(sa.ForeignKey("pickup_point.id"), primary_key=True)
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))


class DealQuestion(db.Model):
    """What the leader asks everybody who orders; `choices` are the answers of a choice."""

    __tablename__ = "deal_question"

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"), index=True)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(one_of("text", "choice", "number", called="kind"))
    label: Mapped[Name]
    choices: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    required: Mapped[bool] = mapped_column(default=False)


class DealItem(db.Model):
    """A SKU in a deal, with everything copied that must not change under an order.

    `sold` counts pieces held by live orders; only `stock.reserve` and `stock.release` move it.
    """

    __tablename__ = "deal_item"
    __table_args__ = (
        sa.UniqueConstraint("deal_id", "sku_id"),
        sa.CheckConstraint("sold >= 0 AND (stock IS NULL OR sold <= stock)", name="sold"),
        sa.CheckConstraint("price_fen >= 0", name="price"),
        sa.CheckConstraint("pack_size >= 1", name="pack_size"),
        sa.CheckConstraint("limit_per_person > 0", name="limit_per_person"),
        sa.CheckConstraint("commission_bp BETWEEN 0 AND 10000", name="commission"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"))
    sku_id: Mapped[int] = mapped_column(sa.ForeignKey("sku.id"))
    supplier_id: Mapped[int] = mapped_column(sa.ForeignKey("supplier.id"))
    position: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(64))
    supplier_code: Mapped[str] = mapped_column(sa.String(64), default="")
    name: Mapped[Name]
    spec: Mapped[str] = mapped_column(sa.String(100), default="")
    unit: Mapped[str] = mapped_column(sa.String(20), default="件")
    pack_size: Mapped[int] = mapped_column(default=1)
    storage_class: Mapped[str] = mapped_column(
        one_of(*STORAGE_CLASSES, called="storage_class"), default="ambient"
    )
    price_fen: Mapped[Fen]
    cost_fen: Mapped[Fen | None]  # what the supplier is paid; None: the price itself
    stock: Mapped[Pieces | None]  # None: as many as are wanted
    sold: Mapped[Pieces] = mapped_column(default=0)
    limit_per_person: Mapped[Pieces | None]
    # None: as the deal has it. Written for good when the deal closes.
    commission_bp: Mapped[int | None]

    deal: Mapped[Deal] = relationship(back_populates="items")
    supplier: Mapped[Supplier] = relationship()
    sku: Mapped[Sku] = relationship()


class StockMove(db.Model):
    """Why `sold` is what it is: the pieces of an item's moves add up to it. Append-only."""

    __tablename__ = "stock_move"

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("deal_item.id"), index=True)
    line_id: Mapped[int | None] = mapped_column(sa.ForeignKey("order_line.id"), index=True)
    kind: Mapped[str] = mapped_column(
        one_of("hold", "release", "short", "restock", "adjust", called="kind")
    )
    pieces: Mapped[Pieces]  # hold +, release and short -
    idem_key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    at: Mapped[Instant]
