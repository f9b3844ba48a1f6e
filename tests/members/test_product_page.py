"""One product of a deal: what is shown of it, and what can be done in each phase."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from groupbuy.accounts.models import Leader
from groupbuy.catalog import pictures
from groupbuy.catalog.models import Sku
from groupbuy.core import clock
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from tests.catalog.uploads import drawn, packed
from tests.conftest import NOON
from tests.factories import close, make_deal, make_draft, make_leader, make_placed, make_sku
from tests.pages.reading import same_for_all, statements, words

HOUR = timedelta(hours=1)
BUTTONS = re.compile(r'<button [^>]*name="(\w+)"\s+value="(\d+)"')


def selling(sku: Sku | None = None, **values: Any) -> DealItem:
    """The item of a deal that opened an hour ago by the real clock."""
    if sku:
        values |= {"skus": [sku], "leader": db.session.get_one(Leader, sku.leader_id)}
    return make_deal(opens_at=clock.now() - HOUR, **values).items[0]


def visit(app: Flask, item: DealItem, language: str = "en", status: int = 200) -> TestResponse:
    path = f"/d/{item.deal.slug}/i/{item.id}"
    db.session.commit()
    answer = app.test_client().get(path, headers={"Accept-Language": language})
    assert answer.status_code == status
    return answer


def test_the_page_tells_everything_there_is_to_know_and_not_who_supplies_it(app: Flask) -> None:
    sku = make_sku(
        make_leader("林姐"),
        name="冷冻白虾",
        spec="1 kg",
        unit="盒",
        price_fen=9900,
        storage_class="frozen",
        after_sale_class="fresh",
    )
    sku.product.attributes = {"origin": "舟山", "allergens": "shellfish"}
    sku.product.description = "船上单冻\n一只一只<分得开>"
    sku.product.video_url = "https://example.com/film?a=1&b=2"
    item = selling(sku, stock=8, limit_per_item=2)
    answer = visit(app, item)
    page = words(answer)
    assert "冷冻白虾 1 kg · ¥49.50 per 500 g" in page
    assert "¥ 99.00 /盒" in page
    for told in ("Frozen", "Only 8 left", "At most 2 each", "Origin 舟山", "shrimps and crabs"):
        assert told in page
    assert "Keep it in the freezer" in page
    assert "with a photo within 24 hours of pickup" in page
    assert "一只一只&lt;分得开&gt;" in answer.text
    film = r'href="https://example.com/film\?a=1&amp;b=2"\s+rel="noopener noreferrer"'
    assert re.search(film, answer.text)
    assert sku.supplier.name not in answer.text
    assert item.deal.title in page
    assert f'/d/{item.deal.slug}#i{item.id}"' in answer.text


@pytest.mark.parametrize(
    ("after_sale_class", "says", "not_so"),
    [
        ("fresh", "within 24 hours", "within 7 days"),
        ("standard", "no reason needed", "within 24 hours"),
        ("no_return", "Otherwise it cannot be given back", "no reason needed"),
    ],
)
def test_what_if_it_is_not_right_depends_on_the_kind_of_goods(
    app: Flask, after_sale_class: str, says: str, not_so: str
) -> None:
    page = words(visit(app, selling(make_sku(make_leader(), after_sale_class=after_sale_class))))
    assert says in page
    assert not_so not in page


def test_all_pictures_are_there_and_only_the_first_loads_at_once(app: Flask) -> None:
    sku = make_sku(make_leader())
    for number in range(3):
        upload = io.BytesIO(packed(drawn()))
        pictures.add_picture(sku.product, upload, alt=f"第 {number} 张", now=NOON)
    page = visit(app, selling(sku)).text
    assert re.findall(r'alt="(第 \d 张)"', page) == ["第 0 张", "第 1 张", "第 2 张"]
    assert page.count('loading="lazy"') == 2
    assert page.index("fetchpriority") < page.index('loading="lazy"')
    assert "3 pictures" in page


def test_without_pictures_the_drawing_stands_there(app: Flask) -> None:
    page = visit(app, selling(make_sku(make_leader(), name="土鸡蛋"))).text
    assert "<img" not in page
    assert 'href="#p-egg"' in page


def test_while_the_deal_is_open_it_can_be_put_into_the_cart_or_bought(app: Flask) -> None:
    item = selling()
    answer = visit(app, item)
    assert BUTTONS.findall(answer.text) == [("add", str(item.id)), ("buy", str(item.id))]
    assert f'method="post" action="/d/{item.deal.slug}/cart"' in answer.text
    assert 'name="csrf_token"' in answer.text


def test_in_no_other_phase_can_anything_be_ordered(app: Flask) -> None:
    upcoming = make_deal(opens_at=clock.now() + HOUR).items[0]
    assert "Not open yet" in words(visit(app, upcoming))
    sold_out = selling(stock=1)
    make_placed(sold_out.deal, 1)
    assert "Sold out" in words(visit(app, sold_out))
    overdue = selling()
    overdue.deal.closes_at = clock.now() - timedelta(seconds=1)
    closed = selling()
    make_placed(closed.deal, 1)
    close(closed.deal)
    failed = selling(minimum_kind="persons", minimum=9)
    close(failed.deal)
    for item, word in ((overdue, "Closed"), (closed, "Closed"), (failed, "Not reached")):
        assert word in words(visit(app, item))
    for item in (upcoming, sold_out, overdue, closed, failed):
        assert BUTTONS.findall(visit(app, item).text) == []


def test_foreign_and_missing_items_and_drafts_are_the_same_404(app: Flask) -> None:
    item, other = selling(), selling()
    draft: Deal = make_draft(make_leader())
    unpublished = draft.items[0].id
    slug, slugs = item.deal.slug, (other.deal.slug, draft.slug)
    db.session.commit()
    client = app.test_client()
    missing = client.get(f"/d/{slug}/i/999999999")
    assert missing.status_code == 404
    for path in (
        f"/d/{slug}/i/{other.id}",
        f"/d/{slugs[0]}/i/{item.id}",
        f"/d/{slugs[1]}/i/{unpublished}",
        f"/d/nothing/i/{item.id}",
    ):
        answer = client.get(path)
        assert (answer.status_code, same_for_all(answer)) == (404, same_for_all(missing))


@pytest.mark.parametrize(
    "item_id", ["0", "-1", "1_0", "x", "%00", "１", "٣", "9" * 18, "9" * 19, "9" * 400, "1.0", " 1"]
)
def test_no_id_however_odd_breaks_the_page(app: Flask, item_id: str) -> None:
    slug = selling().deal.slug
    db.session.commit()
    assert app.test_client().get(f"/d/{slug}/i/{item_id}").status_code == 404


def test_it_is_read_with_few_statements(app: Flask) -> None:
    item = selling()
    path = f"/d/{item.deal.slug}/i/{item.id}"
    db.session.commit()
    db.session.expunge_all()
    with statements() as seen:
        assert app.test_client().get(path).status_code == 200
    assert len(seen) <= 2
