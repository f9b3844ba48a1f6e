"""What a leader sells now, in the shape in which a workbook says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Category, Product, Sku, Supplier
from groupbuy.extensions import db

_BETWEEN = " / "
_OF_SKU = (
    *("code", "spec", "unit", "pack_size", "price_fen", "cost_fen", "supplier_code"),
    *("storage_class", "after_sale_class", "warn_below_pieces", "is_active"),
)
_OF_SUPPLIER = ("contact_name", "contact_phone", "email", "note", "is_active")


class Known(NamedTuple):
    """Goods by code and suppliers by name, each with its values by column; categories by path.

    `category_ids` also has plain names, where only one category is called so.
    """

    goods: dict[str, tuple[Sku, dict[str, Any]]]
    suppliers: dict[str, tuple[Supplier, dict[str, Any]]]
    products: list[Product]
    category_ids: Mapping[str, int]
    paths: Mapping[int, str]
    without_skus: list[Product]

    def of_product(self, product: Product) -> dict[str, Any]:
        """What the columns of a product say of it."""
        return {
            "product": product.name,
            "category": self.paths.get(product.category_id or 0),
            "description": product.description,
        }


def known_goods(leader: Leader) -> Known:
    """Everything `leader` sells, in four statements."""
    paths = category_paths()
    known = Known({}, {}, _products(leader), _ids(paths), paths, [])
    skus = sa.select(Sku).where(Sku.leader_id == leader.id).options(joinedload(Sku.supplier))
    with_skus = set()
    products = {product.id: product for product in known.products}
    for sku in db.session.scalars(skus.order_by(Sku.product_id, Sku.id)):
        values = {name: getattr(sku, name) for name in _OF_SKU} | {"supplier": sku.supplier.name}
        known.goods[sku.code] = (sku, values | known.of_product(products[sku.product_id]))
        with_skus.add(sku.product_id)
    known.without_skus.extend(p for p in known.products if p.id not in with_skus)
    own = sa.select(Supplier).where(Supplier.leader_id == leader.id).order_by(Supplier.id)
    for supplier in db.session.scalars(own):
        values = {name: getattr(supplier, name) for name in _OF_SUPPLIER}
        known.suppliers[supplier.name] = (supplier, values | {"supplier": supplier.name})
    return known


def category_paths() -> dict[int, str]:
    """Id -> “Fruit / Berries” of every category, in their order."""
    rows = db.session.scalars(
        sa.select(Category).order_by(Category.parent_id, Category.position, Category.id)
    ).all()
    names = {row.id: row for row in rows}
    paths = {}
    for row in rows:
        above = names.get(row.parent_id or 0)
        paths[row.id] = f"{above.name}{_BETWEEN}{row.name}" if above else row.name
    return dict(sorted(paths.items(), key=lambda pair: pair[1]))


def _products(leader: Leader) -> list[Product]:
    own = sa.select(Product).where(Product.leader_id == leader.id).order_by(Product.id)
    return list(db.session.scalars(own))


def _ids(paths: Mapping[int, str]) -> dict[str, int]:
    leaves = {number: path.rpartition(_BETWEEN)[2] for number, path in paths.items()}
    often = Counter(leaves.values())
    ids = {leaf: number for number, leaf in leaves.items() if often[leaf] == 1}
    return ids | {path: number for number, path in paths.items()}
