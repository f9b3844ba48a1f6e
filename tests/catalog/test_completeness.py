"""What a product lacks, by what it is."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from flask_babel import force_locale

from groupbuy.catalog import pictures
from groupbuy.catalog.completeness import Completeness, completeness
from groupbuy.catalog.models import Category, Product
from groupbuy.extensions import db
from tests.catalog.uploads import drawn, packed
from tests.conftest import NOON
from tests.factories import make_leader, make_sku


def score(product: Product) -> Completeness:
    db.session.flush()
    db.session.refresh(product)
    with force_locale("en"):
        return completeness(product)


def test_a_product_without_a_size_lacks_all_but_its_name(app: Flask) -> None:
    product = Product(leader_id=make_leader().id, name="鸡蛋", description=" ", created_at=NOON)
    db.session.add(product)
    found = score(product)
    assert (found.told, found.wanted) == (0, 7)
    assert found.missing[:3] == ("Picture", "Description", "Category")


@pytest.mark.parametrize(
    ("storage", "wanted", "more"),
    [("fresh", 9, ("Origin", "Shelf life")), ("frozen", 8, ("Shelf life",)), ("ambient", 7, ())],
)
def test_what_is_wanted_goes_by_how_it_is_kept(
    app: Flask, storage: str, wanted: int, more: tuple[str, ...]
) -> None:
    product = make_sku(make_leader(), storage_class=storage).product
    found = score(product)
    assert found.wanted == wanted
    assert found.missing == ("Picture", "Description", "Category", "Size sold", *more)


def test_nothing_is_missing_when_all_is_said(app: Flask) -> None:
    sku = make_sku(make_leader(), storage_class="fresh", spec="30 枚")
    put_away = make_sku(make_leader(), is_active=False)  # what is not offered need not be told
    put_away.product_id = sku.product_id
    category = Category(name="蛋")
    db.session.add(category)
    db.session.flush()
    sku.product.description, sku.product.category_id = "散养", category.id
    sku.product.attributes = {"origin": "崇明", "shelf_life": "30"}
    pictures.add_picture(sku.product, io.BytesIO(packed(drawn(60, 40))), alt="", now=NOON)
    assert score(sku.product) == Completeness(9, ())


def test_a_supplier_who_is_put_away_is_missing(app: Flask) -> None:
    sku = make_sku(make_leader())
    sku.supplier.is_active = False
    assert "Supplier" in score(sku.product).missing
