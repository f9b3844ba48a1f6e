"""Pictures over HTTP: what a published deal shows, to everybody, kept for ever; else nothing."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask, render_template_string
from werkzeug.test import TestResponse

from groupbuy.catalog import pictures
from groupbuy.catalog.models import Picture, Product
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.deals.stall import stall
from groupbuy.extensions import db
from groupbuy.orders.ending import cancel_deal
from tests.catalog.uploads import drawn, packed
from tests.conftest import NOON
from tests.factories import close, make_deal, make_draft, make_leader, make_sku
from tests.pages.reading import statements


def add(owner: Product | Deal, width: int = 600, alt: str = "") -> Picture:
    upload = io.BytesIO(packed(drawn(width, width)))
    return pictures.add_picture(owner, upload, alt=alt, now=NOON)


def address(picture: Picture, width: int = 240) -> str:
    return f"/pictures/{pictures.file_name(picture.token, width)}"


def get(app: Flask, path: str, **headers: str) -> TestResponse:
    db.session.commit()
    return app.test_client().get(path, headers=headers)


def test_a_picture_of_offered_goods_is_sent_to_anybody_and_kept_for_ever(app: Flask) -> None:
    deal = make_deal()
    picture = add(deal.items[0].sku.product)
    answer = get(app, address(picture))
    assert answer.status_code == 200
    assert answer.mimetype == "image/webp"
    assert answer.data[:4] == b"RIFF"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    again = get(app, address(picture), **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert get(app, address(picture, 600)).content_length > answer.content_length


def test_a_deal_shows_its_own_pictures_as_long_as_it_can_be_seen(app: Flask) -> None:
    deal = make_deal()
    picture = add(deal)
    assert get(app, address(picture)).status_code == 200
    close(deal)
    assert get(app, address(picture)).status_code == 200
    called_off = make_deal()
    picture = add(called_off.items[0].sku.product)
    cancel_deal(called_off, because="下雨", now=NOON)
    assert get(app, address(picture)).status_code == 200


def test_a_draft_and_goods_that_nobody_offers_show_nothing(app: Flask) -> None:
    leader = make_leader()
    draft = make_draft(leader)
    make_deal(leader=leader)  # of other goods
    unseen = (
        add(draft),
        add(draft.items[0].sku.product),
        add(make_sku(leader).product),
        add(make_sku(make_leader()).product),
    )
    missing = get(app, f"/pictures/{'a' * 26}-240.webp")
    assert missing.status_code == 404
    for picture in unseen:
        answer = get(app, address(picture))
        assert (answer.status_code, answer.text) == (404, missing.text)


def test_only_widths_that_are_kept_are_there(app: Flask) -> None:
    picture = add(make_deal())
    for width in (240, 480, 600):
        assert get(app, address(picture, width)).status_code == 200
    for width in (1, 239, 960, 999):
        assert get(app, address(picture, width)).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "..%2f..%2fsecret_key.txt",
        "%00",
        "a-240.webp",
        "A" * 26 + "-240.webp",
        "a" * 26 + "-0240.webp",
        "a" * 26 + "-240.webp%0a",
        "a" * 26 + "-240.WEBP",
        "a" * 26 + "-240.jpg",
        "a" * 26 + "-٢٤٠.webp",
        "a" * 26 + "--240.webp",
        "a" * 26 + "-99999999999999999999.webp",
        "a" * 26 + "-240.webp/..",
    ],
)
def test_no_other_name_reaches_the_database(app: Flask, name: str) -> None:
    with statements() as seen:
        answer = app.test_client().get(f"/pictures/{name}")
    assert answer.status_code == 404
    assert seen == []


def test_a_request_reads_the_database_once(app: Flask) -> None:
    path = address(add(make_deal().items[0].sku.product))
    db.session.commit()
    with statements() as seen:
        assert app.test_client().get(path).status_code == 200
    assert len(seen) == 1


def test_a_row_whose_file_is_gone_is_a_404(app: Flask) -> None:
    deal = make_deal()
    stored = pictures.Stored("b" * 26, 600, 600)
    picture = pictures.attach(deal, stored, alt="", now=NOON)
    assert get(app, address(picture)).status_code == 404


def test_the_first_picture_of_each_product_is_found_in_one_statement(app: Flask) -> None:
    leader = make_leader()
    skus = [make_sku(leader) for _ in range(4)]
    first = {sku.product_id: add(sku.product) for sku in skus[:3]}
    for sku in skus[:3]:
        add(sku.product)
    add(make_sku(leader).product)  # not in this deal
    deal = make_deal(leader=leader, skus=skus)
    deal_id = deal.id
    db.session.commit()
    deal = db.session.get_one(Deal, deal_id)
    with statements() as seen:
        found = stall(deal).pictures
    by_product = {item.sku.product_id: item.id for item in deal.items}
    assert found == {by_product[product_id]: shown for product_id, shown in first.items()}
    assert len(seen) == 1
    assert stall(make_deal()).pictures == {}


def test_shelves_know_the_product_of_each_item_without_asking_again(app: Flask) -> None:
    leader = make_leader()
    deal = make_deal(leader=leader, skus=[make_sku(leader) for _ in range(3)])
    deal_id, wanted = deal.id, {item.sku.product_id for item in deal.items}
    db.session.commit()
    db.session.expunge_all()
    deal = db.session.get_one(Deal, deal_id)
    with statements() as seen:
        items = stall(deal).items
        assert {item.sku.product_id for item in items} == wanted
    assert len(seen) == 1


def test_a_page_offers_every_width_and_loads_only_the_first_picture_at_once(app: Flask) -> None:
    picture = add(make_deal(), alt='一板"鸡蛋"')
    page = """{% from "members/_picture.html" import photo %}
      {{ photo(p, "88px", eager=True) }}|{{ photo(p, "88px") }}"""
    with app.test_request_context():
        eager, lazy = render_template_string(page, p=picture).split("|")
    at = f"/pictures/{picture.token}"
    assert f'src="{at}-480.webp"' in lazy
    assert f'srcset="{at}-240.webp 240w, {at}-480.webp 480w, {at}-600.webp 600w"' in lazy
    assert 'sizes="88px"' in lazy
    assert 'width="600"' in lazy
    assert 'height="600"' in lazy
    assert "一板&#34;鸡蛋&#34;" in lazy
    assert 'loading="lazy"' in lazy
    assert "lazy" not in eager
    assert 'decoding="async"' in eager


def test_goods_without_a_photograph_keep_their_drawing(app: Flask) -> None:
    page = """{% from "members/_picture.html" import picture %}
      {{ picture(none, "88px", {"symbol": "p-egg", "tile": "dairy"}) }}"""
    with app.test_request_context():
        tile = render_template_string(page)
    assert re.search(r'class="pic pic_dairy\s*"', tile)
    assert "#p-egg" in tile
    assert "<img" not in tile


def test_twenty_tiles_stay_far_below_what_a_first_view_may_weigh(app: Flask) -> None:
    leader = make_leader()
    skus = [make_sku(leader) for _ in range(20)]
    for sku in skus:
        add(sku.product, width=900)
    deal = make_deal(leader=leader, skus=skus, opens_at=clock.now())
    tiles = [get(app, address(shown)) for shown in stall(deal).pictures.values()]
    assert len(tiles) == 20
    assert sum(tile.content_length or 0 for tile in tiles) < 100_000
