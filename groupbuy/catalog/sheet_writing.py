"""Doing what the plan of a workbook says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Product, Sku, Supplier
from groupbuy.catalog.sheet_known import known_goods
from groupbuy.extensions import db

if TYPE_CHECKING:
    from groupbuy.catalog.sheet_plan import Change


class _Rows(NamedTuple):
    """What new and changed rows may name: suppliers by name, products by ref, SKUs by id."""

    suppliers: dict[str, Supplier]
    products: dict[Any, Product]
    skus: dict[int, Sku]


def write(leader: Leader, changes: Sequence[Change], now: datetime) -> None:
    """Do what `changes` say. The caller commits."""
    known = known_goods(leader)
    rows = _Rows(
        {name: supplier for name, (supplier, _values) in known.suppliers.items()},
        {product.id: product for product in known.products},
        {sku.id: sku for sku, _values in known.goods.values()},
    )
    fresh = {"leader_id": leader.id, "created_at": now}
    for change in changes:
        row, facts = _ROW_OF[change.kind](change, rows, fresh)
        for name, value in facts.items():
            setattr(row, name, value)
        db.session.add(row)
    db.session.flush()


def _supplier_row(change: Change, rows: _Rows, fresh: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    facts = _renamed(change, "supplier")
    row = Supplier(link_version=1, **fresh) if change.is_new else rows.suppliers[change.name]
    rows.suppliers[change.name] = row
    return row, facts


def _product_row(change: Change, rows: _Rows, fresh: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    facts = _renamed(change, "product")
    row = Product(description="", **fresh) if change.is_new else rows.products[change.ref]
    rows.products[change.ref] = row
    return row, facts


def _sku_row(change: Change, rows: _Rows, fresh: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    facts = dict(change.values)
    if "supplier" in facts:
        facts["supplier"] = rows.suppliers[facts["supplier"]]
    if not change.is_new:
        return rows.skus[change.ref], facts
    facts["product"] = rows.products[facts.pop("product_ref")]
    return Sku(**fresh), facts


def _renamed(change: Change, column: str) -> dict[str, Any]:
    """Its values, where what the column is called is the row's name."""
    facts = dict(change.values)
    if column in facts:
        facts["name"] = facts.pop(column)
    return facts


_ROW_OF = {"supplier": _supplier_row, "product": _product_row, "sku": _sku_row}
