"""What a product still lacks before a neighbour can judge it, as a score such as 7 of 9."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flask_babel import gettext as _

from groupbuy.catalog.models import Product, Sku


class Completeness(NamedTuple):
    """How many things are `wanted` of a product, and the names of those that are `missing`."""

    wanted: int
    missing: tuple[str, ...]

    @property
    def told(self) -> int:
        """How many of them are there."""
        return self.wanted - len(self.missing)


def completeness(product: Product) -> Completeness:
    """The score of `product`, in the language that is active.

    Of goods kept cool, where from and how long they keep is wanted, too; of frozen goods how
    long. Reads its pictures, and its SKUs with their suppliers.
    """
    parts = list(_parts(product, [sku for sku in product.skus if sku.is_active]))
    return Completeness(len(parts), tuple(name for name, there in parts if not there))


def _parts(product: Product, skus: list[Sku]) -> Iterator[tuple[str, bool]]:
    """(name, whether it is there)"""
    known = product.attributes or {}
    classes = {sku.storage_class for sku in skus}
    yield _("Picture"), bool(product.pictures)
    yield _("Description"), bool(product.description.strip())
    yield _("Category"), product.category_id is not None
    yield _("Size sold"), bool(skus) and all(sku.spec for sku in skus)
    yield _("Unit"), bool(skus) and all(sku.unit for sku in skus)
    yield _("Storage"), bool(skus)  # each size has a class
    yield _("Supplier"), bool(skus) and all(sku.supplier.is_active for sku in skus)
    if "fresh" in classes:
        yield _("Origin"), bool(known.get("origin"))
    if classes & {"fresh", "frozen"}:
        yield _("Shelf life"), bool(known.get("shelf_life"))
