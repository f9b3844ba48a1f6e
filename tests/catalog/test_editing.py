"""Products, SKUs and suppliers are written down as a leader means them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask

from groupbuy.catalog import editing, pictures
from groupbuy.catalog.editing import ProductForm, SkuForm, SupplierForm
from groupbuy.catalog.models import Picture, Product, Sku, Supplier
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from tests.catalog.uploads import drawn, packed
from tests.checks import count, refused
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_sku, make_supplier


def a_sku(**values: Any) -> SkuForm:
    return SkuForm(**{"code": "A1", "supplier_id": 0, "price_fen": 1250} | values)


def test_a_product_with_two_sizes(app: Flask) -> None:
    leader = make_leader()
    supplier = make_supplier(leader)
    form = ProductForm(" 土 鸡蛋 ", description="散养\n", attributes={"net_weight": "1.5公斤"})
    product = editing.add_product(leader, form, now=NOON)
    editing.add_sku(product, a_sku(supplier_id=supplier.id, spec="30 枚"), now=NOON)
    editing.add_sku(product, a_sku(code="007", supplier_id=supplier.id, cost_fen=0), now=NOON)
    db.session.expire_all()
    assert (product.name, product.description) == ("土 鸡蛋", "散养")
    assert product.attributes == {"net_weight": "1.5 kg"}
    assert {(sku.code, sku.spec, sku.cost_fen) for sku in product.skus} == {
        ("A1", "30 枚", None),
        ("007", "", 0),
    }


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"description": "x" * 5001}, "description"),
        ({"category_id": 999}, "category"),
        ({"attributes": {"net_weight": "viel"}}, "net_weight"),
        ({"attributes": {"rubbish": "x"}}, "rubbish"),
        ({"video_url": "http://example.com/a"}, "video_url"),
    ],
)
def test_a_product_that_cannot_be_is_refused_at_its_field(
    app: Flask, values: dict[str, Any], field: str
) -> None:
    with refused(BadInput) as refusal:
        editing.add_product(make_leader(), ProductForm(**{"name": "蛋"} | values), now=NOON)
    assert refusal.value.field == field
    assert count(Product) == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "taken"}, "code"),
        ({"code": "x" * 65}, "code"),
        ({"spec": "x" * 101}, "spec"),
        ({"unit": ""}, "unit"),
        ({"pack_size": 0}, "pack_size"),
        ({"pack_size": 1_000_001}, "pack_size"),
        ({"price_fen": -1}, "price"),
        ({"price_fen": 10**9}, "price"),
        ({"cost_fen": -1}, "cost"),
        ({"storage_class": "warm"}, "storage_class"),
        ({"after_sale_class": "never"}, "after_sale_class"),
        ({"supplier_code": "x" * 65}, "supplier_code"),
        ({"supplier_id": 999_999}, "supplier"),
    ],
)
def test_a_size_that_cannot_be_is_refused_at_its_field(
    app: Flask, values: dict[str, Any], field: str
) -> None:
    leader = make_leader()
    known = make_sku(leader, code="taken")
    form = a_sku(**{"supplier_id": known.supplier_id} | values)
    with refused(BadInput) as refusal:
        editing.add_sku(known.product, form, now=NOON)
    assert refusal.value.field == field
    assert count(Sku) == 1


def test_another_leaders_supplier_is_none_and_their_codes_are_free(app: Flask) -> None:
    leader, other = make_leader(), make_sku(make_leader("别家"), code="A1")
    own = make_sku(leader)
    with refused(BadInput):
        editing.change_sku(own, a_sku(supplier_id=other.supplier_id))
    editing.change_sku(own, a_sku(supplier_id=own.supplier_id))
    assert own.code == other.code


def test_changing_a_size_leaves_live_deals_alone(app: Flask) -> None:
    sku = make_sku(make_leader(), code="A1", spec="30 枚", price_fen=3780)
    deal = make_deal(leader=db.session.get(type(make_leader()), sku.leader_id), skus=[sku])
    form = a_sku(code="B2", spec="20 枚", supplier_id=sku.supplier_id, is_active=False)
    editing.change_sku(sku, form)
    item = deal.items[0]
    db.session.refresh(item)
    assert (item.code, item.spec, item.price_fen) == ("A1", "30 枚", 3780)
    assert (sku.code, sku.price_fen, sku.is_active) == ("B2", 1250, False)


def test_suppliers_are_called_differently_and_called_up(app: Flask) -> None:
    leader = make_leader()
    farm = editing.add_supplier(
        leader,
        SupplierForm("农场", contact_phone="138 1234 0001", email="Farm@Example.com "),
        now=NOON,
    )
    assert (farm.contact_phone, farm.email) == ("13812340001", "farm@example.com")
    for wrong, field in (
        (SupplierForm("农场"), "name"),
        (SupplierForm(""), "name"),
        (SupplierForm("渔港", contact_phone="12345"), "contact_phone"),
        (SupplierForm("渔港", email="farm@"), "email"),
        (SupplierForm("渔港", note="x" * 301), "note"),
    ):
        with refused(BadInput) as refusal:
            editing.add_supplier(leader, wrong, now=NOON)
        assert refusal.value.field == field
    editing.change_supplier(farm, SupplierForm("农场", is_active=False))
    assert (farm.contact_phone, farm.email, farm.is_active) == (None, None, False)
    assert count(Supplier) == 1


def test_pictures_move_are_described_and_go(app: Flask) -> None:
    product = make_sku(make_leader()).product
    first, second, third = (
        pictures.add_picture(product, io.BytesIO(packed(drawn(60, 40))), alt=alt, now=NOON)
        for alt in "abc"
    )
    editing.move_picture(product, third, -1)
    assert [picture.alt for picture in product.pictures] == ["a", "c", "b"]
    editing.move_picture(product, first, 9)
    assert [picture.alt for picture in product.pictures] == ["c", "b", "a"]
    editing.move_picture(product, second, -20)
    editing.describe_picture(second, " 近\u202e看 \n")
    editing.remove_picture(product, third)
    assert [picture.alt for picture in product.pictures] == ["近看", "a"]
    assert count(Picture) == 2
