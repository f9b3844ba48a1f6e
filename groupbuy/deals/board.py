"""What everybody may see of a deal: goods on their shelves, and how far it has come."""

from __future__ import annotations

import re
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from groupbuy.catalog.models import Category, Product, Sku
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine

COUNTED_STATES = ("placed", "confirmed", "fulfilled")  # orders that somebody vouched for
_SLUG = re.compile("[0-9A-Za-z_-]{1,40}")


class Shelf(NamedTuple):
    """The items of one category, in the leader's order; `name` is empty for those without."""

    name: str
    items: list[DealItem]


class Progress(NamedTuple):
    """What neighbours have ordered so far: counts, pieces and fen."""

    orders: int
    persons: int
    pieces: int
    amount_fen: int

    def towards(self, minimum_kind: str) -> int:
        """The one that a deal's minimum of this kind counts; 0 for "none"."""
        counts = {"persons": self.persons, "pieces": self.pieces, "amount": self.amount_fen}
        return counts.get(minimum_kind, 0)


def published(slug: str) -> Deal | None:
    """The deal behind a shared link with its leader and points, unless it is still a draft.

    The shape is checked first: what no link can hold never reaches the database.
    """
    if not _SLUG.fullmatch(slug):
        return None
    return db.session.scalars(
        sa.select(Deal)
        .where(Deal.slug == slug, Deal.state != "draft", Deal.closes_at.is_not(None))
        .options(joinedload(Deal.leader), selectinload(Deal.points))
    ).one_or_none()


def shelves(deal: Deal) -> list[Shelf]:
    """The items of `deal` by category, in the operator's order of categories; the rest last."""
    rows = db.session.execute(
        sa.select(DealItem, Category.id, Category.name)
        .join(Sku, Sku.id == DealItem.sku_id)
        .join(Product, Product.id == Sku.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .where(DealItem.deal_id == deal.id)
        .order_by(
            Category.id.is_(None),
            Category.position,
            Category.id,
            DealItem.position,
        )
    )
    by_category: dict[int | None, Shelf] = {}
    for item, category_id, name in rows:
        by_category.setdefault(category_id, Shelf(name or "", [])).items.append(item)
    return list(by_category.values())


def progress(deal: Deal) -> Progress:
    """Counted in the database from the orders that are vouched for."""
    counted = (Order.deal_id == deal.id, Order.state.in_(COUNTED_STATES))
    pieces = (
        sa.select(sa.func.coalesce(sa.func.sum(OrderLine.kept_pieces), 0))
        .join(Order, Order.id == OrderLine.order_id)
        .where(*counted)
        .scalar_subquery()
    )
    row = db.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count(Order.member_id.distinct()),
            pieces,
            sa.func.coalesce(sa.func.sum(Order.due_fen), 0),
        ).where(*counted)
    ).one()
    return Progress(*(int(count) for count in row))
