"""Purchase lists: what each supplier is asked for. Revisions never change once sealed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.db import Fen, Instant, Name, Pieces, PrimaryKey, one_of
from groupbuy.extensions import db

if TYPE_CHECKING:  # relationships by name, so that the packages' models need no order
    from groupbuy.catalog.models import Supplier
    from groupbuy.deals.models import Deal


class PurchaseList(db.Model):
    """What one supplier is asked for by one deal; `revision` is the one that counts."""

    __tablename__ = "purchase_list"
    __table_args__ = (sa.UniqueConstraint("deal_id", "supplier_id"),)

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    deal_id: Mapped[int] = mapped_column(sa.ForeignKey("deal.id"))
    supplier_id: Mapped[int] = mapped_column(sa.ForeignKey("supplier.id"), index=True)
    number: Mapped[str] = mapped_column(sa.String(40), unique=True)
    current_revision: Mapped[int]
    # The deal was reopened: until the next closing writes another revision, nobody delivers this.
    withdrawn_at: Mapped[Instant | None]
    # The last revision that the leader says the supplier has been sent, and since when.
    told_at: Mapped[Instant | None]
    told_revision: Mapped[int | None]

    deal: Mapped[Deal] = relationship()
    supplier: Mapped[Supplier] = relationship()
    revisions: Mapped[list[PurchaseRevision]] = relationship(
        back_populates="purchase_list", order_by="PurchaseRevision.revision"
    )

    @property
    def current(self) -> PurchaseRevision:
        """The revision that counts."""
        return next(r for r in self.revisions if r.revision == self.current_revision)


class PurchaseRevision(db.Model):
    """A full snapshot of a list. Once `sha256` is written the database refuses any change."""

    __tablename__ = "purchase_revision"
    __table_args__ = (sa.UniqueConstraint("list_id", "revision"),)

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    list_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_list.id"))
    revision: Mapped[int]
    issued_at: Mapped[Instant]
    sha256: Mapped[str | None] = mapped_column(sa.String(64))

    purchase_list: Mapped[PurchaseList] = relationship(back_populates="revisions")
    lines: Mapped[list[PurchaseLine]] = relationship(
        back_populates="revision", order_by="PurchaseLine.position"
    )


class PurchaseLine(db.Model):
    """One item of a revision; `unit_price_fen` is empty when its orders were at several prices."""

    __tablename__ = "purchase_line"
    __table_args__ = (
        sa.UniqueConstraint("revision_id", "item_id"),
        sa.CheckConstraint("pieces > 0", name="pieces"),
        sa.CheckConstraint("packs * pack_size + loose_pieces = pieces", name="packs"),
        sa.CheckConstraint("loose_pieces >= 0 AND loose_pieces < pack_size", name="loose"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_revision.id"))
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("deal_item.id"), index=True)
    position: Mapped[int]
    code: Mapped[str] = mapped_column(sa.String(64))
    supplier_code: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[Name]
    spec: Mapped[str] = mapped_column(sa.String(100))
    unit: Mapped[str] = mapped_column(sa.String(20))
    pack_size: Mapped[int]
    packs: Mapped[Pieces]
    loose_pieces: Mapped[Pieces]
    pieces: Mapped[Pieces]
    unit_price_fen: Mapped[Fen | None]
    amount_fen: Mapped[Fen]

    revision: Mapped[PurchaseRevision] = relationship(back_populates="lines")
    splits: Mapped[list[PurchaseSplit]] = relationship(order_by="PurchaseSplit.point_id")


class PurchaseSplit(db.Model):
    """How many pieces of a line go to one pickup point."""

    __tablename__ = "purchase_split"
    __table_args__ = (sa.CheckConstraint("pieces > 0", name="pieces"),)

    line_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_line.id"), primary_key=True)
    point_id: Mapped[int] = mapped_column(sa.ForeignKey("pickup_point.id"), primary_key=True)
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    pieces: Mapped[Pieces]


class SupplierAnswer(db.Model):
    """What a supplier said to one revision of a list. Append-only: the last one counts.

    `by_id` is the member of staff who wrote down what was said on the phone; None: the supplier.
    """

    __tablename__ = "supplier_answer"

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_revision.id"), index=True)
    at: Mapped[Instant]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    ready_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(sa.String(500), default="")

    revision: Mapped[PurchaseRevision] = relationship()
    lines: Mapped[list[SupplierAnswerLine]] = relationship(order_by="SupplierAnswerLine.line_id")


class SupplierAnswerLine(db.Model):
    """How many pieces of a line the supplier will bring: all is full, 0 is none, else short."""

    __tablename__ = "supplier_answer_line"
    __table_args__ = (sa.CheckConstraint("pieces >= 0", name="pieces"),)

    answer_id: Mapped[int] = mapped_column(sa.ForeignKey("supplier_answer.id"), primary_key=True)
    line_id: Mapped[int] = mapped_column(
        sa.ForeignKey("purchase_line.id"), primary_key=True, index=True
    )
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    pieces: Mapped[Pieces]
    note: Mapped[str] = mapped_column(sa.String(200), default="")


class Photo(db.Model):
    """Evidence for staff and supplier: a delivery note, or damaged goods (then with its line)."""

    __tablename__ = "photo"

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    list_id: Mapped[int] = mapped_column(sa.ForeignKey("purchase_list.id"), index=True)
    line_id: Mapped[int | None] = mapped_column(sa.ForeignKey("purchase_line.id"))
    kind: Mapped[str] = mapped_column(one_of("delivery_note", "damage", called="kind"))
    token: Mapped[str] = mapped_column(sa.String(40), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    added_at: Mapped[Instant]
