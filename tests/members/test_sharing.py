"""Passing a deal on: texts, QR codes, the poster's words, chat cards and WeChat's signature."""

from __future__ import annotations

import html
import io
import json
import re
from datetime import timedelta

import pytest
from flask import Flask, render_template
from PIL import Image

from groupbuy.core import clock, qr
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.members.share_card import share_card
from groupbuy.orders.ending import cancel_deal
from tests.factories import close, make_deal, make_leader, make_member, make_placed, make_sku
from tests.fakes.wechat import FakeWeChat
from tests.pages.reading import same_for_all, words

HOUR = timedelta(hours=1)
ENGLISH = {"Accept-Language": "en"}
SITE = "https://tuan.example"
IN_WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"}


@pytest.fixture(autouse=True)
def at_this_address(app: Flask, monkeypatch):
    """Whatever the environment says."""
    monkeypatch.setitem(app.config, "SITE_URL", SITE)


def open_deal(**values) -> Deal:
    return make_deal(opens_at=clock.now() - HOUR, **values)


def share(app: Flask, deal: Deal, query: str = ""):
    db.session.commit()
    answer = app.test_client().get(f"/d/{deal.slug}/share{query}", headers=ENGLISH)
    assert answer.status_code == 200
    return answer


def texts(answer) -> list[str]:
    """The announcement, and the roll if there is one."""
    found = re.findall(r"<textarea[^>]*>(.*?)</textarea>", answer.text, re.S)
    return [html.unescape(text) for text in found]


def test_the_text_for_the_group_has_prices_times_and_the_link(app: Flask):
    leader = make_leader("林姐")
    skus = [
        make_sku(leader, name="砂糖橘", spec="5 斤装", price_fen=1980, unit="箱"),
        make_sku(leader, name="土鸡蛋 <大>", spec="", price_fen=3780),
    ]
    starts = clock.now() + 30 * HOUR
    deal = open_deal(
        leader=leader,
        skus=skus,
        points=2,
        pickup_starts_at=starts,
        pickup_ends_at=starts + HOUR,
    )
    deal.items[1].stock = 0
    (text,) = texts(share(app, deal))
    closing = clock.local(deal.closes_at)
    assert text.startswith("【周六菜篮子】\n林姐 · leader in 梧桐里\n\n")
    assert "1. 砂糖橘 5 斤装 ¥19.80/箱 (¥3.96 per 500 g)\n" in text
    assert "2. 土鸡蛋 <大> ¥37.80/盒 (Sold out)\n" in text
    assert f"Closes: {closing:%a} {closing:%b} {closing.day} {closing:%H:%M}\n" in text
    assert f"Pickup: {clock.local(starts):%a %H:%M}" in text
    assert f"Where: {deal.points[0].name}, and 1 more\n" in text
    assert text.endswith(f"\n\nOrder here: {SITE}/d/{deal.slug}")


def test_a_long_price_list_ends_after_thirty_lines(app: Flask):
    leader = make_leader()
    deal = open_deal(leader=leader, skus=[make_sku(leader, name="蛋") for _ in range(31)])
    (text,) = texts(share(app, deal))
    assert "\n30. 蛋 " in text
    assert "\n31. " not in text
    assert "… and more, 31 kinds in all" in text


def test_every_phase_has_its_own_text(app: Flask):
    upcoming = make_deal(opens_at=clock.now() + HOUR)
    assert "Opens: " in texts(share(app, upcoming))[0]
    closed = open_deal()
    make_placed(closed, 2)
    close(closed)
    assert "Closed. The goods are being prepared." in texts(share(app, closed))[0]
    assert "data-poster=" not in share(app, closed).text
    closed.advance("arrived")
    assert "Come and collect your bag" in texts(share(app, closed))[0]
    off = open_deal()
    cancel_deal(off, because="下雨", now=clock.now())
    assert "All money goes back." in texts(share(app, off))[0]


def test_the_roll_is_text_with_masked_names_the_smallest_number_first(app: Flask):
    deal = open_deal()
    make_placed(deal, 2, member=make_member(deal.leader, "张伟"))
    make_placed(deal, 1, member=make_member(deal.leader, "欧阳娜娜"))
    answer = share(app, deal)
    item = deal.items[0].name
    heading = "【周六菜篮子】Roll, 2 so far"
    assert texts(answer)[1] == f"{heading}\n1. 张* {item} 2\n2. 欧* {item} 1"
    assert "张伟" not in answer.text
    assert "2 orders" in words(answer)


def test_a_long_roll_comes_in_texts_of_two_hundred_lines(app: Flask):
    deal = open_deal()
    for _ in range(203):
        make_placed(deal, 1)

    def numbers(query: str) -> list[int]:
        return [int(n) for n in re.findall(r"^(\d+)\. ", texts(share(app, deal, query))[1], re.M)]

    newest = share(app, deal)
    assert "these are nos. 4 to 203" in words(newest)
    assert "Roll, 200 of 203" in texts(newest)[1]
    assert numbers("") == list(range(4, 204))
    assert numbers("?page=2") == numbers("?page=99") == [1, 2, 3]
    assert numbers("?page=x") == numbers("")


def test_nobody_on_the_roll_is_said(app: Flask):
    answer = share(app, open_deal())
    assert len(texts(answer)) == 1
    assert "Nobody is on it yet." in words(answer)


def test_the_qr_codes_hold_the_short_link_and_may_be_kept_for_an_hour(app: Flask):
    deal = open_deal()
    db.session.commit()
    client = app.test_client()
    address = f"{SITE}/d/{deal.slug}"
    svg, png = (client.get(f"/d/{deal.slug}/qr.{kind}") for kind in ("svg", "png"))
    assert svg.text == qr.svg(address)
    assert svg.mimetype == "image/svg+xml"
    assert png.data == qr.png(address, scale=10)
    for answer in (svg, png):
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("part", ["share", "qr.svg", "qr.png", "wechat-signature"])
def test_a_draft_is_passed_on_to_nobody(app: Flask, part: str):
    deal = open_deal()
    deal.state = "draft"
    db.session.commit()
    client = app.test_client()
    answers = [client.get(f"/d/{slug}/{part}") for slug in (deal.slug, "nothing", "%00")]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({same_for_all(answer) for answer in answers}) == 1


def test_the_poster_says_what_matters_and_sold_out_goods_come_last(app: Flask):
    leader = make_leader("林姐")
    skus = [make_sku(leader, name=f"商品{n}", price_fen=100000 + n) for n in range(8)]
    deal = open_deal(leader=leader, skus=skus, title='"团" <1>')
    deal.items[0].stock = 0
    (data,) = re.findall(r'data-poster="([^"]*)"', share(app, deal).text)
    poster = json.loads(html.unescape(data))
    assert poster["title"] == '"团" <1>'
    assert [item["name"] for item in poster["items"]] == [f"商品{n}" for n in range(1, 7)]
    assert poster["items"][0]["price"] == "1,000.01"
    assert poster["more"] == "… and more, 8 kinds in all"
    assert [name for name, _text in poster["times"]] == ["Closing", "Pickup", "Place"]
    assert poster["qr"] == f"/d/{deal.slug}/qr.png"


def test_a_chat_card_names_the_deal_its_closing_and_its_first_goods(app: Flask):
    leader = make_leader()
    skus = [make_sku(leader, name=f'商品"{n}', price_fen=1000) for n in range(4)]
    deal = open_deal(leader=leader, skus=skus)
    with app.test_request_context(headers=ENGLISH):
        card = share_card(deal, deal.items, None, now=clock.now())
        head = render_template("members/_open_graph.html", card=card, deal=deal)
    assert card.title == "周六菜篮子 · 梧桐里"
    assert '商品"0 ¥10.00' in card.description
    assert card.description.endswith("4 kinds in all")
    assert card.url == f"{SITE}/d/{deal.slug}"
    assert f'<meta property="og:image" content="{SITE}/share.png">' in head
    assert "&#34;0 ¥10.00" in head
    assert "<script" not in head
    picture = app.test_client().get("/share.png")
    assert Image.open(io.BytesIO(picture.data)).size == (600, 600)


@pytest.fixture
def fake(app: Flask, monkeypatch):
    """WeChat as the application sees it, without any token from before."""
    with FakeWeChat() as fake:
        for name, value in fake.settings.items():
            monkeypatch.setitem(app.config, name, value)
        app.extensions.pop("groupbuy_wechat", None)
        yield fake


def sign(app: Flask, deal: Deal, url: str):
    db.session.commit()
    address = f"/d/{deal.slug}/wechat-signature"
    return app.test_client().get(address, query_string={"url": url})


def test_wechats_script_is_sent_only_inside_wechat_and_when_configured(app: Flask, fake):
    deal = open_deal()
    for headers, wanted in ((IN_WECHAT, True), ({}, False)):
        with app.test_request_context(headers=headers):
            card = share_card(deal, deal.items, None, now=clock.now())
            head = render_template("members/_open_graph.html", card=card, deal=deal)
        assert card.in_wechat == wanted
        assert (f'data-signature="/d/{deal.slug}/wechat-signature"' in head) == wanted


def test_a_page_of_the_deal_is_signed(app: Flask, fake):
    deal = open_deal()
    answer = sign(app, deal, f"{SITE}/d/{deal.slug}?from=groupmessage&isappinstalled=0")
    assert answer.status_code == 200
    assert set(answer.json) == {"appId", "timestamp", "nonceStr", "signature"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_nothing_else_is_signed_in_our_name(app: Flask, fake):
    deal = open_deal()
    for url in (
        "",
        f"https://evil.example/d/{deal.slug}",
        f"{SITE}.evil.example/d/{deal.slug}",
        f"{SITE}@evil.example/d/{deal.slug}",
        f"{SITE}/d/other",
        f"{SITE}/d/{deal.slug}/share",
        f"{SITE}/d/{deal.slug}\nx",
        f"{SITE}/d/{deal.slug}?{'x' * 500}",
        "http://[",
    ):
        assert sign(app, deal, url).status_code == 422
    assert fake.asked == []


def test_when_wechat_fails_the_page_is_told_so(app: Flask, fake):
    deal = open_deal()
    fake.status[""] = 500
    answer = sign(app, deal, f"{SITE}/d/{deal.slug}")
    assert (answer.status_code, answer.json) == (503, {"error": "wechat"})


def test_without_an_account_with_wechat_there_is_no_signature(app: Flask):
    deal = open_deal()
    assert sign(app, deal, f"{SITE}/d/{deal.slug}").status_code == 404
