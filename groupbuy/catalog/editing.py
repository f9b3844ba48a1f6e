"""What a leader sells, written down and changed: products, their SKUs, suppliers.

Items of deals hold copies, so nothing here changes what somebody has ordered or can order now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.catalog.attributes import parse_attributes, parse_video_url
from groupbuy.catalog.models import (
    AFTER_SALE_CLASSES,
    STORAGE_CLASSES,
    Category,
    Picture,
    Product,
    Sku,
    Supplier,
)
from groupbuy.core.errors import BadInput
from groupbuy.core.text import clean, clean_name, label, parse_email, parse_phone
from groupbuy.extensions import db

LONGEST_DESCRIPTION = 5000
LONGEST_NAME = 100
LONGEST_CODE = 64
LONGEST_SPEC = 100
LONGEST_UNIT = 20
LONGEST_NOTE = 300
LARGEST_PACK = 1_000_000
MOST_TO_WARN = 1_000_000
DEAREST_FEN = 999_999_999


@dataclass(frozen=True)
class ProductForm:
    """What a thing is; `attributes` as typed, by the keys of catalog.attributes."""

    name: str
    category_id: int | None = None
    description: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    video_url: str = ""


@dataclass(frozen=True)
class SkuForm:
    """One size of a product; money in fen, `pack_size` pieces come in a case.

    Of `warn_below_pieces` or fewer left in an open deal the leader is told; None: never.
    """

    code: str
    supplier_id: int
    price_fen: int
    cost_fen: int | None = None
    supplier_code: str = ""
    spec: str = ""
    unit: str = "件"
    pack_size: int = 1
    storage_class: str = "ambient"
    after_sale_class: str = "standard"
    warn_below_pieces: int | None = None
    is_active: bool = True


@dataclass(frozen=True)
class SupplierForm:
    """Who delivers; `contact_phone` is a mobile number, `email` an address, either may be empty."""

    name: str
    contact_name: str = ""
    contact_phone: str = ""
    email: str = ""
    note: str = ""
    is_active: bool = True


def hold_goods(leader_id: int) -> None:
    """Until commit nobody else changes the goods of this leader. SQLite's writer is alone anyway.

    Raises nothing when the leader is gone: then there are no goods either.
    """
    own = sa.select(Leader.id).where(Leader.id == leader_id)
    db.session.execute(own.with_for_update(key_share=True))


def add_product(leader: Leader, form: ProductForm, *, now: datetime) -> Product:
    """A product without sizes. Raises BadInput naming the field that cannot be."""
    product = Product(leader_id=leader.id, created_at=now, is_active=True, **_product_facts(form))
    db.session.add(product)
    db.session.flush()
    return product


def change_product(product: Product, form: ProductForm) -> None:
    """Say anew what `product` is. Raises BadInput naming the field that cannot be."""
    _write(product, _product_facts(form))


def show_product(product: Product, shown: bool) -> None:
    """Whether new deals offer it."""
    _write(product, {"is_active": shown})


def add_sku(product: Product, form: SkuForm, *, now: datetime) -> Sku:
    """Another size of `product`. Raises BadInput naming the field that cannot be."""
    hold_goods(product.leader_id)
    facts = _sku_facts(product.leader_id, form, None)
    sku = Sku(leader_id=product.leader_id, product_id=product.id, created_at=now, **facts)
    db.session.add(sku)
    db.session.flush()
    db.session.expire(product, ["skus"])
    return sku


def change_sku(sku: Sku, form: SkuForm) -> None:
    """From now on new deals take these facts. Raises BadInput naming the field that cannot be."""
    hold_goods(sku.leader_id)
    _write(sku, _sku_facts(sku.leader_id, form, sku.id))
    db.session.expire(sku, ["supplier"])


def add_supplier(leader: Leader, form: SupplierForm, *, now: datetime) -> Supplier:
    """Raises BadInput naming the field that cannot be; a name is taken once."""
    hold_goods(leader.id)
    facts = _supplier_facts(leader.id, form, None)
    supplier = Supplier(leader_id=leader.id, link_version=1, created_at=now, **facts)
    db.session.add(supplier)
    db.session.flush()
    return supplier


def change_supplier(supplier: Supplier, form: SupplierForm) -> None:
    """Raises BadInput naming the field that cannot be."""
    hold_goods(supplier.leader_id)
    _write(supplier, _supplier_facts(supplier.leader_id, form, supplier.id))


def move_picture(product: Product, picture: Picture, places: int) -> None:
    """Show `picture` so many places later (earlier when negative) among those of `product`."""
    hold_goods(product.leader_id)
    db.session.refresh(product, ["pictures"])
    shown = list(product.pictures)
    at = shown.index(picture)
    to = min(max(at + places, 0), len(shown) - 1)
    shown.insert(to, shown.pop(at))
    for position, each in enumerate(shown, 1):
        each.position = position
    db.session.flush()
    db.session.expire(product, ["pictures"])


def describe_picture(picture: Picture, alt: str) -> None:
    """Say in words what it shows."""
    picture.alt = label(alt)
    db.session.flush()


def remove_picture(product: Product, picture: Picture) -> None:
    """Show it no more. Its files stay: nobody can ask for what no row names."""
    db.session.delete(picture)
    db.session.flush()
    db.session.expire(product, ["pictures"])


def _write(row: Any, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    db.session.flush()


def _product_facts(form: ProductForm) -> dict[str, Any]:
    known = form.category_id is None or db.session.get(Category, form.category_id) is not None
    if not known:
        raise BadInput("category", _l("Choose one of these."))
    return {
        "name": line("name", form.name, LONGEST_NAME),
        "category_id": form.category_id,
        "description": text("description", form.description, LONGEST_DESCRIPTION),
        "attributes": parse_attributes(form.attributes),
        "video_url": parse_video_url(form.video_url),
    }


def _sku_facts(leader_id: int, form: SkuForm, own_id: int | None) -> dict[str, Any]:
    facts = asdict(form) | {
        "code": line("code", form.code, LONGEST_CODE),
        "supplier_code": line_or_nothing("supplier_code", form.supplier_code, LONGEST_CODE),
        "spec": line_or_nothing("spec", form.spec, LONGEST_SPEC),
        "unit": line("unit", form.unit, LONGEST_UNIT),
    }
    if not 1 <= form.pack_size <= LARGEST_PACK:
        raise BadInput("pack_size", _l("A case holds 1 to 1,000,000 pieces."))
    if not 0 <= (form.warn_below_pieces or 0) <= MOST_TO_WARN:
        raise BadInput("warn_below_pieces", _l("A whole number from 0 to 1,000,000."))
    for name in ("price_fen", "cost_fen"):
        if not 0 <= (facts[name] or 0) <= DEAREST_FEN:
            raise BadInput(name.removesuffix("_fen"), _l("An amount looks like 12 or 12.50."))
    if form.storage_class not in STORAGE_CLASSES:
        raise BadInput("storage_class", _l("Choose one of these."))
    if form.after_sale_class not in AFTER_SALE_CLASSES:
        raise BadInput("after_sale_class", _l("Choose one of these."))
    _require_own_supplier(leader_id, form.supplier_id)
    _require_free(Sku, Sku.code == facts["code"], leader_id, own_id, "code")
    return facts


def _supplier_facts(leader_id: int, form: SupplierForm, own_id: int | None) -> dict[str, Any]:
    name = line("name", form.name, LONGEST_NAME)
    _require_free(Supplier, Supplier.name == name, leader_id, own_id, "name")
    return {
        "name": name,
        "contact_name": line_or_nothing("contact_name", form.contact_name, LONGEST_NAME),
        "contact_phone": phone("contact_phone", form.contact_phone),
        "email": email("email", form.email),
        "note": text("note", form.note, LONGEST_NOTE),
        "is_active": form.is_active,
    }


def line(name: str, typed: str, longest: int) -> str:
    """Text on one line. Raises BadInput at `name` for nothing, too much or what cannot be read."""
    try:
        return clean_name(typed, longest)
    except ValueError:
        sentence = _l("1 to %(count)s readable characters.")
        raise BadInput(name, sentence, count=longest) from None


def line_or_nothing(name: str, typed: str, longest: int) -> str:
    """Text on one line, or none. Raises BadInput at `name`."""
    return line(name, typed, longest) if typed.strip() else ""


def text(name: str, typed: str, longest: int) -> str:
    """Any text. Raises BadInput at `name` when there is too much."""
    cleaned = clean(typed)
    if len(cleaned) > longest:
        raise BadInput(name, _l("At most %(count)s characters."), count=longest)
    return cleaned


def phone(name: str, typed: str) -> str | None:
    """A mobile number, or None for nothing typed. Raises BadInput at `name`."""
    try:
        return parse_phone(typed) if typed.strip() else None
    except ValueError:
        sentence = _l("This is not a mobile number: 11 digits that begin with 13 to 19.")
        raise BadInput(name, sentence) from None


def email(name: str, typed: str) -> str | None:
    """An e-mail address, or None for nothing typed. Raises BadInput at `name`."""
    try:
        return parse_email(typed) if typed.strip() else None
    except ValueError:
        raise BadInput(name, _l("This is not an e-mail address.")) from None


def _require_own_supplier(leader_id: int, supplier_id: int) -> None:
    own = sa.select(Supplier.id).where(Supplier.id == supplier_id, Supplier.leader_id == leader_id)
    if db.session.scalar(own) is None:
        raise BadInput("supplier", _l("Choose one of these."))


def _require_free(kind: Any, same: Any, leader_id: int, own_id: int | None, name: str) -> None:
    taken = sa.select(kind.id).where(kind.leader_id == leader_id, same, kind.id != (own_id or 0))
    if db.session.scalar(taken.limit(1)) is not None:
        raise BadInput(name, _l("This is taken already. Choose another one."))
