"""What can be sold: categories, a leader's suppliers, products and their SKUs."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.crypto import EncryptedText
from groupbuy.core.db import Fen, Instant, Name, PrimaryKey, one_of
from groupbuy.extensions import db

STORAGE_CLASSES = ("fresh", "frozen", "ambient")
AFTER_SALE_CLASSES = ("fresh", "standard", "no_return")


class Category(db.Model):
    """Kept by the operator, shared by all leaders."""

    __tablename__ = "category"
    __table_args__ = (sa.UniqueConstraint("parent_id", "name"),)

    id: Mapped[PrimaryKey]
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("category.id"))
    name: Mapped[Name]
    position: Mapped[int] = mapped_column(default=0)


class Supplier(db.Model):
    """Who a leader buys from."""

    __tablename__ = "supplier"
    __table_args__ = (sa.UniqueConstraint("leader_id", "name"),)

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    name: Mapped[Name]
    contact_name: Mapped[str] = mapped_column(sa.String(100), default="")
    contact_phone: Mapped[str | None] = mapped_column(EncryptedText)
    email: Mapped[str | None] = mapped_column(EncryptedText)  # where links to lists are sent
    link_version: Mapped[int] = mapped_column(default=1)  # raising it revokes signed links
    note: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    created_at: Mapped[Instant]


class Product(db.Model):
    """What a thing is; its SKUs say in which sizes it is sold."""

    __tablename__ = "product"

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"), index=True)
    category_id: Mapped[int | None] = mapped_column(sa.ForeignKey("category.id"))
    name: Mapped[Name]
    description: Mapped[str] = mapped_column(sa.Text, default="")
    attributes: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    video_url: Mapped[str | None] = mapped_column(sa.String(500))
    is_active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    created_at: Mapped[Instant]

    skus: Mapped[list[Sku]] = relationship(back_populates="product")
    pictures: Mapped[list[Picture]] = relationship(order_by="Picture.position")
    category: Mapped[Category | None] = relationship()


class Sku(db.Model):
    """One sellable size of a product, from one supplier, in packs of `pack_size` pieces."""

    __tablename__ = "sku"
    __table_args__ = (
        sa.UniqueConstraint("leader_id", "code"),
        sa.CheckConstraint("pack_size BETWEEN 1 AND 1000000", name="pack_size"),
        sa.CheckConstraint("price_fen >= 0", name="price"),
        sa.CheckConstraint("cost_fen >= 0", name="cost"),
        sa.CheckConstraint("warn_below_pieces >= 0", name="warn_below"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("product.id"), index=True)
    supplier_id: Mapped[int] = mapped_column(sa.ForeignKey("supplier.id"))
    code: Mapped[str] = mapped_column(sa.String(64))
    supplier_code: Mapped[str] = mapped_column(sa.String(64), default="")
    spec: Mapped[str] = mapped_column(sa.String(100), default="")
    unit: Mapped[str] = mapped_column(sa.String(20), default="件")
    pack_size: Mapped[int] = mapped_column(default=1)
    price_fen: Mapped[Fen]
    cost_fen: Mapped[Fen | None]
    warn_below_pieces: Mapped[int | None]  # fewer left in an open deal: tell the leader
    storage_class: Mapped[str] = mapped_column(
        one_of(*STORAGE_CLASSES, called="storage_class"), default="ambient"
    )
    after_sale_class: Mapped[str] = mapped_column(
        one_of(*AFTER_SALE_CLASSES, called="after_sale_class"), default="standard"
    )
    is_active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    created_at: Mapped[Instant]

    product: Mapped[Product] = relationship(back_populates="skus")
    supplier: Mapped[Supplier] = relationship()


class Picture(db.Model):
    """A photograph of a product or a deal; its files are named by `token` and a width."""

    __tablename__ = "picture"
    __table_args__ = (
        sa.CheckConstraint("(product_id IS NULL) <> (deal_id IS NULL)", name="one_subject"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("deal.id"), index=True)
    position: Mapped[int]
    token: Mapped[str] = mapped_column(sa.String(40), unique=True)
    width: Mapped[int]  # of the largest variant, in pixels
    height: Mapped[int]
    alt: Mapped[str] = mapped_column(sa.String(200), default="")
    added_at: Mapped[Instant]
