"""Products and suppliers of all leaders, to read."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, render_template
from sqlalchemy.orm import joinedload, selectinload

from groupbuy import listing
from groupbuy.access import policy
from groupbuy.catalog.completeness import completeness
from groupbuy.catalog.models import Product, Sku, Supplier
from groupbuy.core import clock
from groupbuy.operators import rows

bp = Blueprint("op_goods", __name__, url_prefix="/operator")


@bp.get("/products")
@policy("operator")
def products() -> str:
    """By a part of the name or a whole code, of one leader or of all."""
    wanted, leader_id = listing.asked("q"), listing.asked_id("leader")
    skus = selectinload(Product.skus).joinedload(Sku.supplier)
    together = (skus, selectinload(Product.pictures), joinedload(Product.category))
    found = sa.select(Product).options(*together)
    if wanted:
        coded = sa.select(Sku.product_id).where(Sku.code == wanted)
        named = Product.name.contains(wanted, autoescape=True)
        found = found.where(sa.or_(named, Product.id.in_(coded)))
    if leader_id is not None:
        found = found.where(Product.leader_id == leader_id)
    return _page("products", listing.newest_first(found, Product.id), wanted, leader_id)


@bp.get("/suppliers")
@policy("operator")
def suppliers() -> str:
    """By a part of the name, of one leader or of all."""
    wanted, leader_id = listing.asked("q"), listing.asked_id("leader")
    found = sa.select(Supplier)
    if wanted:
        found = found.where(Supplier.name.contains(wanted, autoescape=True))
    if leader_id is not None:
        found = found.where(Supplier.leader_id == leader_id)
    return _page("suppliers", listing.newest_first(found, Supplier.id), wanted, leader_id)


def _page(which: str, found: listing.Slice, wanted: str, leader_id: int | None) -> str:
    return render_template(
        f"operators/{which}.html",
        found=found,
        wanted=wanted,
        leader_id=leader_id,
        leaders=dict(rows.leader_choices()),
        which=which,
        completeness=completeness,
        now=clock.now(),
    )
