"""A leader keeps products, sizes, pictures and suppliers, and moves them by Excel."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Picture, Product, Sku, Supplier
from groupbuy.extensions import db
from tests.catalog.uploads import drawn, packed
from tests.checks import count
from tests.factories import make_leader, make_sku, make_supplier
from tests.leaders.test_members import at_desk, post, shown
from tests.pages.reading import words
from tests.round_trips import round_trips

GOODS = "/lead/goods"
A_SKU = {
    "code": "007",
    "spec": "30 枚",
    "unit": "盒",
    "price": "42.80",
    "cost": "",
    "supplier": "",
    "supplier_code": "=1+1",
    "pack_size": "6",
    "storage_class": "fresh",
    "after_sale_class": "fresh",
    "is_active": "y",
}


def upload(client: FlaskClient, path: str, name: str, *files: tuple[bytes, str]) -> Any:
    sent = {name: [(io.BytesIO(content), called) for content, called in files]}
    return client.post(path, data=sent, content_type="multipart/form-data")


def hidden(page: str) -> dict[str, str]:
    """The fields that carry out what the preview shows."""
    fields = re.findall(r'type="hidden" name="(plan|seen)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields}


def test_a_product_is_made_given_a_size_and_found_again(app: Flask) -> None:
    leader = make_leader()
    supplier = make_supplier(leader)
    client = at_desk(app, leader)
    answer = post(
        client,
        f"{GOODS}/new",
        name="土鸡蛋",
        category="",
        net_weight="1.5公斤",
        allergens="egg",
        description="散养",
    )
    assert answer.status_code == 303
    assert (
        post(client, answer.location, **A_SKU | {"supplier": str(supplier.id)}).status_code == 303
    )
    [sku] = db.session.query(Sku)
    assert (sku.code, sku.price_fen, sku.supplier_code, sku.cost_fen) == ("007", 4280, "=1+1", None)
    assert sku.product.attributes == {"net_weight": "1.5 kg", "allergens": "egg"}
    for args in ({}, {"q": "鸡"}, {"q": "007"}):
        assert "土鸡蛋 007" in shown(client, GOODS, **args)
    for args in ({"q": "鸭"}, {"away": "1"}, {"category": "9"}):
        assert "No product fits" in shown(client, GOODS, **args)
    page = client.get(f"{GOODS}/{sku.product_id}/skus/{sku.id}").text
    assert 'value="42.80"' in page
    assert 'value="007"' in page


def test_what_is_typed_wrongly_is_said_at_its_field_and_kept(app: Flask) -> None:
    leader = make_leader()
    sku = make_sku(leader)
    client = at_desk(app, leader)
    product = f"{GOODS}/{sku.product_id}"
    answer = post(client, product, name="", net_weight="viel", video_url="ftp://x")
    assert answer.status_code == 422
    assert "Give the product a name." in words(answer)
    answer = post(client, product, name="蛋", net_weight="viel")
    assert answer.status_code == 422
    assert "Give a number and a unit" in words(answer)
    assert 'value="viel"' in answer.text
    for field, typed in (
        ("code", ""),
        ("price", "1_0"),
        ("supplier", "999999"),
        ("pack_size", "0"),
        ("storage_class", "warm"),
        ("cost", "-1"),
        ("unit", ""),
    ):
        sent = A_SKU | {"supplier": str(sku.supplier_id), field: typed}
        answer = post(client, f"{product}/skus/{sku.id}", **sent)
        assert (field, answer.status_code) == (field, 422)
        assert "f__bad" in answer.text
    db.session.expire_all()
    assert sku.code != "007"


def test_a_code_that_is_taken_is_refused_at_its_field(app: Flask) -> None:
    leader = make_leader()
    sku = make_sku(leader, code="007")
    client = at_desk(app, leader)
    sent = A_SKU | {"supplier": str(sku.supplier_id)}
    answer = post(client, f"{GOODS}/{sku.product_id}/skus/new", **sent)
    assert answer.status_code == 422
    assert "This is taken already" in words(answer)
    assert count(Sku) == 1


def test_a_product_is_put_away_and_brought_back(app: Flask) -> None:
    leader = make_leader()
    product = make_sku(leader, name="土鸡蛋").product
    client = at_desk(app, leader)
    post(client, f"{GOODS}/{product.id}/put-away")
    assert "土鸡蛋" not in shown(client, GOODS, q="土").replace("土鸡蛋” is put away", "")
    assert "土鸡蛋" in shown(client, GOODS, away="1")
    post(client, f"{GOODS}/{product.id}/bring-back")
    db.session.expire_all()
    assert product.is_active


def test_pictures_are_added_ordered_described_and_removed(app: Flask) -> None:
    leader = make_leader()
    product = make_sku(leader).product
    client = at_desk(app, leader)
    path = f"{GOODS}/{product.id}/pictures"
    answer = upload(
        client,
        path,
        "picture",
        (packed(drawn(300, 200)), "a.jpg"),
        (b"<svg/>", "\u202egnp.svg"),
        (packed(drawn(), "PNG"), "b" * 300 + ".png"),
    )
    assert answer.status_code == 303
    page = shown(client, f"{GOODS}/{product.id}")
    assert "2 pictures added." in page
    assert "not a JPEG, PNG or WebP" in page
    first, second = db.session.query(Picture).order_by(Picture.position)
    assert client.get(f"{GOODS}/pictures/{first.id}").mimetype == "image/webp"
    post(client, f"{path}/{second.id}", act="earlier")
    post(client, f"{path}/{second.id}", act="alt", alt="一盒鸡蛋")
    post(client, f"{path}/{first.id}", act="remove")
    db.session.expire_all()
    [left] = product.pictures
    assert (left.id, left.alt) == (second.id, "一盒鸡蛋")
    assert client.get(f"{GOODS}/pictures/{first.id}").status_code == 404


def test_suppliers_are_kept(app: Flask) -> None:
    leader = make_leader()
    client = at_desk(app, leader)
    path = f"{GOODS}/suppliers"
    sent = {
        "name": "渔港",
        "contact_name": "老周",
        "contact_phone": "13812340001",
        "email": " Yu@Example.com",
        "is_active": "y",
    }
    assert post(client, f"{path}/new", **sent).status_code == 303
    assert post(client, f"{path}/new", **sent).status_code == 422
    assert (
        post(client, f"{path}/new", **sent | {"name": "x", "contact_phone": "1"}).status_code == 422
    )
    wrong = post(client, f"{path}/new", **sent | {"name": "x", "email": "yu@"})
    assert (wrong.status_code, "This is not an e-mail address." in wrong.text) == (422, True)
    [supplier] = db.session.query(Supplier)
    assert supplier.email == "yu@example.com"
    make_sku(leader, supplier, name="带鱼", code="F1")
    db.session.commit()
    page = shown(client, path)
    assert "渔港 老周 gets lists by e-mail 138****0001 1 size 0 lists in use" in page
    assert "带鱼" in shown(client, f"{path}/{supplier.id}")
    post(client, f"{path}/{supplier.id}", name="渔港", note="只周末送")
    db.session.expire_all()
    assert (supplier.is_active, supplier.note, supplier.contact_phone) == (False, "只周末送", None)
    assert supplier.email is None


def test_the_list_names_what_a_product_lacks(app: Flask) -> None:
    leader = make_leader()
    sku = make_sku(leader, spec="30 枚", storage_class="fresh")
    sku.product.description, sku.product.attributes = "散养", {"origin": "崇明"}
    page = shown(at_desk(app, leader), GOODS)
    assert "6 of 9 lacks Picture, Category, Shelf life" in page


def test_a_size_keeps_when_to_warn(app: Flask) -> None:
    leader = make_leader()
    sku = make_sku(leader)
    client, sent = at_desk(app, leader), A_SKU | {"supplier": f"{sku.supplier_id}"}
    path = f"{GOODS}/{sku.product_id}/skus/{sku.id}"
    for typed, kept in (("12", 12), ("", None), ("0", 0)):
        assert post(client, path, **sent, warn_below_pieces=typed).status_code == 303
        db.session.expire_all()
        assert sku.warn_below_pieces == kept
    assert 'value="0"' in client.get(path).text
    for wrong in ("-1", "x", "1000001"):
        assert post(client, path, **sent, warn_below_pieces=wrong).status_code == 422


def test_another_leaders_goods_are_as_missing_as_none(app: Flask) -> None:
    leader, theirs = make_leader(), make_sku(make_leader("别家"))
    own = make_sku(leader)
    client = at_desk(app, leader)
    product, supplier = theirs.product_id, theirs.supplier_id
    for path in (
        f"{GOODS}/{product}",
        f"{GOODS}/{product}/skus/new",
        f"{GOODS}/{product}/skus/{theirs.id}",
        f"{GOODS}/{own.product_id}/skus/{theirs.id}",
        f"{GOODS}/{product}/skus/{own.id}",
        f"{GOODS}/suppliers/{supplier}",
        f"{GOODS}/x",
        f"{GOODS}/suppliers/９",
    ):
        assert client.get(path).status_code == 404, path
        assert post(client, path, name="x").status_code == 404, path
    for path in ("put-away", "bring-back", "pictures", "pictures/1"):
        assert post(client, f"{GOODS}/{product}/{path}").status_code == 404, path
    assert client.get(f"{GOODS}/pictures/1").status_code == 404


def test_the_lists_take_as_many_statements_for_fifty_as_for_five(app: Flask) -> None:
    leader = make_leader()
    client, spent = None, []
    for more in (5, 45):
        for _number in range(more):
            make_sku(leader)
        client = client or at_desk(app, leader)
        db.session.commit()
        with round_trips() as seen:
            assert client.get(GOODS).status_code == 200
            assert client.get(f"{GOODS}/suppliers").status_code == 200
        spent.append(len(seen))
    assert spent[0] == spent[1] <= 24


def test_nothing_yet_is_an_invitation(app: Flask) -> None:
    client = at_desk(app, make_leader())
    assert "Here will be everything you sell" in shown(client, GOODS)
    assert "Here will be who you buy from" in shown(client, f"{GOODS}/suppliers")
    assert count(Product, Product.leader_id == Leader.id) == 0
