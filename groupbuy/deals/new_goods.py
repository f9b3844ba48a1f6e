"""Goods that a leader types in while making a deal: a product, its SKU, perhaps a supplier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Category, Product, Sku, Supplier
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db


@dataclass(frozen=True)
class NewGoods:
    """Something not sold before. Money in fen; `supplier_name` is for one not known before."""

    name: str
    price_fen: int
    spec: str = ""
    unit: str = "件"
    cost_fen: int | None = None
    pack_size: int = 1
    storage_class: str = "ambient"
    category_id: int | None = None
    supplier_id: int | None = None
    supplier_name: str = ""


def add_goods(leader: Leader, goods: NewGoods, *, now: datetime) -> Sku:
    """The SKU of `goods` among the leader's own. Raises BadInput naming the field that is wrong."""
    # Two editors at once: the second waits here, and counts what the first has added.
    own = sa.select(Leader.id).where(Leader.id == leader.id)
    db.session.execute(own.with_for_update(key_share=True))
    supplier = _supplier(leader, goods, now)
    if goods.category_id is not None and db.session.get(Category, goods.category_id) is None:
        raise BadInput("category", _l("Choose one of these."))
    product = Product(
        leader_id=leader.id,
        category_id=goods.category_id,
        name=goods.name,
        description="",
        created_at=now,
    )
    sku = Sku(
        leader_id=leader.id,
        supplier_id=supplier.id,
        code=_free_code(leader),
        spec=goods.spec,
        unit=goods.unit,
        pack_size=goods.pack_size,
        price_fen=goods.price_fen,
        cost_fen=goods.cost_fen,
        storage_class=goods.storage_class,
        created_at=now,
    )
    product.skus = [sku]
    db.session.add(product)
    db.session.flush()
    return sku


def _supplier(leader: Leader, goods: NewGoods, now: datetime) -> Supplier:
    """The one chosen, or the one of that name, made if there is none."""
    own = sa.select(Supplier).where(Supplier.leader_id == leader.id)
    if goods.supplier_id is not None:
        chosen = db.session.scalars(own.where(Supplier.id == goods.supplier_id)).one_or_none()
        if chosen is None:
            raise BadInput("supplier", _l("Choose one of these."))
        return chosen
    if not goods.supplier_name:
        raise BadInput("supplier", _l("Say who delivers it."))
    known = db.session.scalars(own.where(Supplier.name == goods.supplier_name)).one_or_none()
    if known:
        return known
    supplier = Supplier(
        leader_id=leader.id, name=goods.supplier_name, link_version=1, created_at=now
    )
    db.session.add(supplier)
    db.session.flush()
    return supplier


def _free_code(leader: Leader) -> str:
    """G001, G002 …: short enough to say, and not yet one of the leader's."""
    codes = sa.select(Sku.code).where(Sku.leader_id == leader.id, Sku.code.like("G%"))
    taken = set(db.session.scalars(codes))
    number = len(taken) + 1
    while f"G{number:03}" in taken:
        number += 1
    return f"G{number:03}"
