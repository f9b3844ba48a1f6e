"""The ways to pay at the checkout: an icon and a line for each, and none that would be refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.payments.providers import alipay, wechat
from tests.checks import assert_everything_true
from tests.factories import make_member, make_user
from tests.members.test_cart import put, sign_in, two_kinds
from tests.members.test_checkout import filled, form_of, orders, send, with_cart
from tests.pages.reading import words
from tests.paying.stage import shopper

EN = {"Accept-Language": "en"}
OVER = "Orders of more than ¥42.29 cannot be paid online. Please ask the leader."


def checkout(client: FlaskClient, deal: Deal, **headers: str) -> Any:
    return client.get(f"/d/{deal.slug}/checkout", headers=EN | headers)


def offered(page: Any) -> list[str]:
    return re.findall(r'name="way"\s+value="(\w+)"', page.text)


@pytest.fixture
def all_ways(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this site had accounts with everybody."""
    for provider in (wechat, alipay):
        monkeypatch.setattr(provider, "is_on", lambda: True)


def test_checkout_and_pay_page_show_each_way_with_its_icon_and_a_short_guide(app: Flask, all_ways):
    deal = two_kinds()
    at_checkout = checkout(with_cart(app, deal), deal)
    someone = shopper(app)
    to_pay = someone.client.get(someone.page, headers=EN)
    for page in (at_checkout, to_pay):
        assert offered(page) == ["cash", "wechat", "alipay", "sandbox"]
        assert re.findall(r"choice__ic_(\w+)", page.text) == ["cash", "wechat", "ali", "sandbox"]
        for guide in (
            "the order counts once the leader has it",
            "Scan a code with WeChat on your phone.",
            "Alipay opens, then you come back here.",
            "To try it out: no real money moves.",
        ):
            assert guide in words(page)


def test_what_the_sum_is_too_large_for_is_not_offered(app: Flask, monkeypatch):
    deal = two_kinds()
    client = with_cart(app, deal)
    monkeypatch.setitem(app.config, "ORDER_LIMIT_FEN", 4230)
    assert offered(checkout(client, deal)) == ["cash", "sandbox"]
    monkeypatch.setitem(app.config, "ORDER_LIMIT_FEN", 4229)
    page = checkout(client, deal)
    assert offered(page) == ["cash"]
    assert OVER in words(page)
    assert form_of(client, deal)["way"] == "cash"
    assert send(client, deal, filled(client, deal)).status_code == 303


def test_sent_all_the_same_it_is_refused_at_its_field(app: Flask, monkeypatch):
    deal = two_kinds()
    client = with_cart(app, deal)
    fields = filled(client, deal, way="sandbox", note="放最上面")
    monkeypatch.setitem(app.config, "ORDER_LIMIT_FEN", 4229)
    answer = client.post(f"/d/{deal.slug}/checkout", data=fields, headers=EN)
    assert answer.status_code == 409
    assert words(answer).count(OVER) == 1
    assert "field__bad" in answer.text
    assert "放最上面" in answer.text
    assert offered(answer) == ["cash"]
    assert orders() == []
    assert_everything_true()


def test_a_members_own_limit_counts_at_the_checkout(app: Flask):
    deal, user = two_kinds(), make_user("李静", "13900001111")
    known = make_member(deal.leader)
    known.user_id, known.order_limit_fen = user.id, 100
    db.session.commit()
    client = app.test_client()
    sign_in(client, user)
    put(client, deal, add=deal.items[0].id)
    assert offered(checkout(client, deal)) == ["cash"]
    assert offered(checkout(with_cart(app, deal), deal)) == ["cash", "sandbox"]


def test_a_guest_who_comes_back_has_the_limit_of_last_time(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    assert send(client, deal, filled(client, deal)).status_code == 303
    [order] = orders()
    order.member.order_limit_fen = 100
    db.session.commit()
    put(client, deal, add=deal.items[0].id)
    assert offered(checkout(client, deal)) == ["cash"]


def test_where_no_way_works_the_page_says_so(app: Flask, all_ways):
    deal = two_kinds()
    deal.ways = ["alipay"]
    db.session.commit()
    client = with_cart(app, deal)
    inside = {"User-Agent": "Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0.50"}
    page = checkout(client, deal, **inside)
    assert (offered(page), "do not work here" in words(page)) == ([], True)
    assert offered(checkout(client, deal)) == ["alipay"]


def test_an_order_above_the_limit_does_not_lead_to_paying_online(app: Flask, monkeypatch):
    someone = shopper(app, way="cash")
    page = f"/o/{someone.order.number}"
    assert "Pay online" in someone.read(page)
    monkeypatch.setitem(app.config, "ORDER_LIMIT_FEN", 3779)
    assert "Pay online" not in someone.read(page)
