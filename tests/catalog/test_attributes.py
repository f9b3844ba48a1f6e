"""What is said of a product: typed, kept in one shape, shown in any language."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from groupbuy.catalog.attributes import ATTRIBUTES, parse_attributes, parse_video_url, shown
from groupbuy.core.errors import BadInput
from tests.factories import make_leader, make_sku


@pytest.mark.parametrize(
    ("key", "typed", "kept"),
    [
        ("brand", "  芦穗湾  农场 ", "芦穗湾 农场"),
        ("size", "每枚约 45 g", "每枚约 45 g"),
        ("net_weight", "1.5公斤", "1.5 kg"),
        ("net_weight", "５００ Ｇ", "500 g"),
        ("net_weight", "0.500 kg", "0.5 kg"),
        ("net_weight", "950毫升", "950 ml"),
        ("net_weight", "5l", "5 L"),
        ("shelf_life", "7", "7"),
        ("shelf_life", "540 天", "540"),
        ("production_date", "2026-11-20", "2026-11-20"),
        ("allergens", "milk，egg", "egg,milk"),
        ("allergens", "none", "none"),
        ("suitable_for", " adults ", "adults"),
        ("licence", "sc 1013 1000 0000 00", "SC10131000000000"),
    ],
)
def test_each_kind_is_kept_in_one_shape_that_reads_the_same_again(
    key: str, typed: str, kept: str
) -> None:
    assert parse_attributes({key: typed}) == {key: kept}
    assert parse_attributes({key: kept}) == {key: kept}


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("brand", "字" * 41),
        ("brand", "abc\u202etxt"),
        ("brand", "\ud800"),
        ("usage", "很" * 201),
        ("net_weight", "一点点"),
        ("net_weight", "0 g"),
        ("net_weight", "-5 kg"),
        ("net_weight", "1e3 g"),
        ("net_weight", "1_000 g"),
        ("net_weight", "٣ kg"),
        ("net_weight", "5"),
        ("net_weight", "999999 kg"),
        ("shelf_life", "0"),
        ("shelf_life", "12 个月"),
        ("shelf_life", "1.5"),
        ("shelf_life", "99999"),
        ("production_date", "2026-02-30"),
        ("production_date", "1926-01-01"),
        ("production_date", "昨天"),
        ("allergens", "gold"),
        ("allergens", "none, milk"),
        ("allergens", ","),
        ("suitable_for", "cats"),
        ("licence", "SC123"),
        ("licence", "QS10131000000000"),
        ("flavour", "sweet"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_field(app: Flask, key: str, typed: str) -> None:
    with pytest.raises(BadInput) as refusal:
        parse_attributes({"origin": "上海", key: typed})
    assert refusal.value.field == key
    assert refusal.value.sentence


def test_fields_left_empty_are_not_kept() -> None:
    assert parse_attributes({attribute.key: "  " for attribute in ATTRIBUTES}) == {}


def test_details_are_shown_in_one_order_and_in_the_readers_language(app: Flask) -> None:
    sku = make_sku(make_leader(), storage_class="frozen")
    sku.product.attributes = parse_attributes(
        {
            "allergens": "milk, egg",
            "shelf_life": "1",
            "net_weight": "5斤",
            "production_date": "2026-11-20",
            "suitable_for": "adults",
            "brand": "半山云",
        }
    )
    with force_locale("en"):
        assert shown(sku.product, sku) == [
            ("Brand", "半山云"),
            ("Net content", "5 jin (500 g)"),
            ("Keep it", "in the freezer, at −18 °C or below"),
            ("Shelf life", "1 day"),
            ("Made on", "November 20, 2026"),
            ("Allergens", "egg, milk"),
            ("Suitable for", "adults"),
        ]


def test_how_to_keep_it_is_said_of_goods_without_any_details(app: Flask) -> None:
    for storage_class in ("fresh", "frozen", "ambient"):
        sku = make_sku(make_leader(), storage_class=storage_class)
        with force_locale("en"):
            ((name, text),) = shown(sku.product, sku)
        assert name == "Keep it"
        assert text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", None),
        ("  ", None),
        (" https://example.com/film?v=1#t=10 ", "https://example.com/film?v=1#t=10"),
        ("https://v.example.com:443/影片", "https://v.example.com:443/影片"),
    ],
)
def test_a_film_is_at_an_https_address(typed: str, kept: str | None) -> None:
    assert parse_video_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "http://example.com/film",
        "javascript:alert(1)",
        "data:text/html,<script>",
        "//example.com/film",
        "example.com/film",
        "https://",
        "https:///film",
        "https://localhost/film",
        "https://127.0.0.1/film",
        "https://[::1]/film",
        "https://[broken/film",
        "https://user:secret@example.com/film",
        "https://example.com@evil.example/film",
        "https://example.com:99999/film",
        "https://example.com:8443/film",
        "https://exam ple.com/film",
        "https://example.com\\@evil.example/",
        'https://example.com/"onclick="x',
        "https://例子.测试/film",
        "https://example.com/" + "x" * 500,
        "https://example.com/\u202efilm",
        "https://-example.com/",
    ],
)
def test_any_other_address_is_refused(app: Flask, typed: str) -> None:
    with pytest.raises(BadInput) as refusal:
        parse_video_url(typed)
    assert refusal.value.field == "video_url"
