"""What an imported deal is made of: the leader's members, points and SKUs, made where missing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from groupbuy.accounts.models import Member, PickupPoint
from groupbuy.catalog.models import Product, Sku, Supplier
from groupbuy.core.crypto import lookup_hash
from groupbuy.core.db import insert_once, on_postgresql
from groupbuy.core.text import label, mask_phone
from groupbuy.deals.models import Deal, DealItem, DealPoint
from groupbuy.extensions import db
from groupbuy.orders.batch import BroughtItem, BroughtOrder

AT_ONCE = 5000  # rows in one round trip
OWN_POINT = "自提点"
WALK_IN = "散客"

T = TypeVar("T")
Row = dict[str, Any]


def chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """`rows` in lists of at most `size`."""
    source = iter(rows)
    while chunk := list(itertools.islice(source, size)):
        yield chunk


def insert_rows(model: Any, rows: Iterable[Row]) -> None:
    """INSERT `rows`, all with the same columns, in few round trips."""
    table = model.__table__
    for chunk in chunks(rows, AT_ONCE):
        if on_postgresql():  # where a statement for each row costs twice the time
            db.session.execute(_insert_columns(table, chunk))
        else:
            db.session.execute(sa.insert(table), chunk)


def _insert_columns(table: sa.Table, rows: Sequence[Row]) -> Any:
    """One INSERT of `rows`, sent as an array for each column."""
    names = [*rows[0]]
    arrays = [
        sa.bindparam(f"all_{name}", [row[name] for row in rows], type_=ARRAY(_plain(table, name)))
        for name in names
    ]
    source = sa.func.unnest(*arrays).table_valued(*names).render_derived()
    return sa.insert(table).from_select(names, sa.select(*(source.c[name] for name in names)))


def _plain(table: sa.Table, name: str) -> Any:
    """The type of a column; one that is held to names by a CHECK is text."""
    column_type = table.c[name].type
    return sa.String() if isinstance(column_type, sa.Enum) else column_type


def ids_of(key: Any, values: Iterable[T], *conditions: Any) -> dict[T, int]:
    """Value of the column `key` -> id, for the rows that exist and fit `conditions`."""
    found: dict[T, int] = {}
    for chunk in chunks(values, 500):
        rows = sa.select(key, key.class_.id).where(*conditions, key.in_(chunk))
        for value, row_id in db.session.execute(rows):
            found[value] = row_id
    return found


def member_ids(deal: Deal, orders: Sequence[BroughtOrder], now: datetime) -> list[int]:
    """For each of `orders` its member; who is not named is a walk-in, another one in each order."""
    refs = [order.member_ref or f"import-order:{deal.id}:{order.number}" for order in orders]
    rows = {
        ref: {
            "leader_id": deal.leader_id,
            "name": _name(order),
            "phone": order.phone or None,
            "phone_hash": lookup_hash(order.phone) if order.phone else None,
            "source_ref": ref,
            "created_at": now,
        }
        for ref, order in reversed([*zip(refs, orders, strict=True)])
    }
    ids = _ensure(Member.source_ref, rows, Member.leader_id == deal.leader_id)
    return [ids[ref] for ref in refs]


def point_ids(deal: Deal, orders: Sequence[BroughtOrder]) -> list[int]:
    """For each of `orders` its pickup point, which becomes one of the deal."""
    names = [order.point or OWN_POINT for order in orders]
    rows: dict[str, Row] = {
        name: {
            "leader_id": deal.leader_id,
            "name": name,
            "address": "",
            "hours": "",
            "is_active": True,
        }
        for name in names
    }
    ids = _ensure(PickupPoint.name, rows, PickupPoint.leader_id == deal.leader_id)
    here = {"deal_id": deal.id, "leader_id": deal.leader_id}
    links = [{**here, "point_id": point_id} for point_id in ids.values()]
    db.session.execute(insert_once(DealPoint.__table__), links)
    return [ids[name] for name in names]


def item_ids(
    deal: Deal, items: Sequence[BroughtItem], supplier: str, now: datetime
) -> dict[str, int]:
    """SKU code -> item of the deal. An item that is there already keeps its name and price."""
    _add_skus(deal, items, supplier, now)
    skus = _skus(deal, items)
    last = sa.select(sa.func.coalesce(sa.func.max(DealItem.position), 0))
    position = db.session.scalars(last.where(DealItem.deal_id == deal.id)).one()
    rows = {
        skus[item.code].id: _item(deal, skus[item.code], item) | {"position": position + place}
        for place, item in enumerate(items, 1)
    }
    ids = _ensure(DealItem.sku_id, rows, DealItem.deal_id == deal.id)
    return {code: ids[sku.id] for code, sku in skus.items()}


def _add_skus(deal: Deal, items: Sequence[BroughtItem], supplier: str, now: datetime) -> None:
    own = Sku.leader_id == deal.leader_id
    known = ids_of(Sku.code, [item.code for item in items], own)
    new = [item for item in items if item.code not in known]
    if not new:
        return
    ours = {"leader_id": deal.leader_id, "created_at": now}
    alike = ours | {
        "supplier_id": _supplier_id(deal, supplier, ours),
        "supplier_code": "",
        "unit": "件",
        "pack_size": 1,
        "storage_class": "ambient",
        "after_sale_class": "standard",
    }
    rows = {}
    for item, product_id in zip(new, _add_products(new, ours), strict=True):
        facts = {"code": item.code, "spec": item.spec, "price_fen": item.price_fen}
        rows[item.code] = alike | facts | {"product_id": product_id}
    _ensure(Sku.code, rows, own)


def _add_products(items: Sequence[BroughtItem], ours: Row) -> Sequence[int]:
    """A product for each of `items`; their ids in the same order."""
    table = Product.__table__
    adding = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
    rows = [ours | {"name": item.name, "description": ""} for item in items]
    return db.session.scalars(adding, rows).all()


def _supplier_id(deal: Deal, name: str, ours: Row) -> int:
    row = ours | {"name": name, "contact_name": "", "link_version": 1}
    return _ensure(Supplier.name, {name: row}, Supplier.leader_id == deal.leader_id)[name]


def _skus(deal: Deal, items: Sequence[BroughtItem]) -> dict[str, Any]:
    copied = (Sku.supplier_id, Sku.supplier_code, Sku.unit, Sku.pack_size, Sku.storage_class)
    found: dict[str, Any] = {}
    for chunk in chunks(items, 500):
        rows = sa.select(Sku.code, Sku.id, Sku.spec, Sku.cost_fen, *copied).where(
            Sku.leader_id == deal.leader_id, Sku.code.in_([item.code for item in chunk])
        )
        found.update((row.code, row) for row in db.session.execute(rows))
    return found


def _item(deal: Deal, sku: Any, item: BroughtItem) -> Row:
    return {
        "leader_id": deal.leader_id,
        "deal_id": deal.id,
        "sku_id": sku.id,
        "supplier_id": sku.supplier_id,
        "code": sku.code,
        "supplier_code": sku.supplier_code,
        "name": item.name,
        "spec": item.spec or sku.spec,
        "unit": sku.unit,
        "pack_size": sku.pack_size,
        "storage_class": sku.storage_class,
        "price_fen": item.price_fen,
        "cost_fen": sku.cost_fen,
        "sold": 0,
    }


def _name(order: BroughtOrder) -> str:
    """What a member is called; a phone number is personal, so it is not used as a name in full."""
    if order.member or not order.phone:
        return order.member or label(f"{WALK_IN} {order.number}")
    return mask_phone(order.phone)


def _ensure(key: Any, rows: Mapping[T, Row], *conditions: Any) -> dict[T, int]:
    """Ids by the column `key` of `rows`, which are inserted where they are missing."""
    known = ids_of(key, rows, *conditions)
    new = {value: row for value, row in rows.items() if value not in known}
    if new:
        db.session.execute(insert_once(key.class_.__table__), [*new.values()])
        known |= ids_of(key, new, *conditions)
    return known
