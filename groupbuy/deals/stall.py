"""The goods of a deal as everybody sees them laid out: shelves and photographs."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from groupbuy.catalog.models import Category, Picture, Product, Sku
from groupbuy.core.db import AnySelect
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db


class Shelf(NamedTuple):
    """The items of one category, in the leader's order; `name` is empty for those without."""

    name: str
    items: list[DealItem]


class Stall(NamedTuple):
    """`pictures` are the first of each item that has one, by item id."""

    shelves: list[Shelf]
    pictures: dict[int, Picture]

    @property
    def items(self) -> list[DealItem]:
        """All of them, shelf by shelf."""
        return [item for shelf in self.shelves for item in shelf.items]


def stall(deal: Deal) -> Stall:
    """Everything the deal page lays out, in one statement.

    Categories in the operator's order, the rest last. Of SKUs only the product's id is loaded.
    """
    by_category: dict[int | None, Shelf] = {}
    pictures: dict[int, Picture] = {}
    for item, picture, category_id, name in db.session.execute(_laid_out(deal)):
        by_category.setdefault(category_id, Shelf(name or "", [])).items.append(item)
        if picture:
            pictures[item.id] = picture
    return Stall(list(by_category.values()), pictures)


def _laid_out(deal: Deal) -> AnySelect:
    others = sa.orm.aliased(Picture)
    first = (
        sa.select(others.id)
        .where(others.product_id == Product.id)
        .order_by(others.position, others.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        sa.select(DealItem, Picture, Category.id, Category.name)
        .join(Sku, Sku.id == DealItem.sku_id)
        .join(Product, Product.id == Sku.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(Picture, Picture.id == first)
        .where(DealItem.deal_id == deal.id)
        .options(contains_eager(DealItem.sku).load_only(Sku.product_id))
        .order_by(Category.id.is_(None), Category.position, Category.id, DealItem.position)
    )
