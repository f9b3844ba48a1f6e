"""What signing in keeps, finds, asks for, and where it leads."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts import consent, devices, passwords
from groupbuy.accounts.membership import guest_membership
from groupbuy.accounts.models import Device
from groupbuy.accounts.reach import Reach
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.orders.cart import cart_of
from tests.factories import make_order, make_user
from tests.fakes.texting import FakeTexting
from tests.members.browser import (
    PHONE,
    RIGHT,
    Browser,
    counted,
    prove,
    wang,
)
from tests.members.test_deal_page import open_deal
from tests.pages.reading import words


def test_signing_out_when_nobody_is_in_is_harmless(app: Flask):
    assert Browser(app).post("/sign-out").location == "/sign-in"


def test_cart_and_guest_stay_and_all_else_goes(app: Flask):
    user, browser, deal = wang(RIGHT), Browser(app), open_deal()
    db.session.commit()
    with browser.client.session_transaction() as session:
        session["carts"] = {str(deal.id): {str(deal.items[0].id): [2, 3780]}}
        session["guest"] = [7]
        session["of_another"] = "secret"
    browser.post("/sign-in/password", to=PHONE, password=RIGHT)
    with browser.client.session_transaction() as session:
        assert session["guest"] == [7]
        assert {"carts", "of_another"} & set(session) == set()
    assert cart_of(user.id, deal)[deal.items[0].id].pieces == 2


def test_signing_in_as_somebody_else_ends_the_device_of_who_was_in(app: Flask):
    first, browser = wang(RIGHT), Browser(app)
    second = make_user("陈知行", "13700000000")
    passwords.set_password(second, RIGHT)
    db.session.commit()
    browser.post("/sign-in/password", to=PHONE, password=RIGHT)
    browser.post("/sign-in/password", to="13700000000", password=RIGHT)
    assert devices.devices_of(first) == []
    assert len(devices.devices_of(second)) == 1
    assert counted(Device) == 2


def test_orders_made_as_a_guest_are_found_by_the_code_but_not_by_a_password(
    app: Flask, texting: FakeTexting
):
    user, deal = wang(RIGHT), open_deal()
    member = guest_membership(deal.leader_id, "b1", "王芳", PHONE, now=clock.now())
    order = make_order(deal, 1, member=member)
    db.session.commit()
    browser = Browser(app)
    browser.post("/sign-in/password", to=PHONE, password=RIGHT)
    assert browser.get(f"/o/{order.number}").status_code == 404
    browser = Browser(app)
    browser.get(f"/sign-in?next=/o/{order.number}")
    assert prove(browser, texting).location == f"/o/{order.number}"
    assert "找回了您没登录时下的 1 单。" in words(browser.follow())
    assert member.user_id == user.id


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil",
        "evil",
        "/%0d\r\nX: y",
    ],
)
def test_next_leads_to_pages_of_ours_only(app: Flask, evil: str):
    wang(RIGHT)
    browser = Browser(app)
    browser.client.get("/sign-in", query_string={"next": evil})
    assert browser.post("/sign-in/password", to=PHONE, password=RIGHT).location == "/me"


def test_a_new_version_is_agreed_to_before_going_on(app: Flask, monkeypatch: pytest.MonkeyPatch):
    wang(RIGHT)
    monkeypatch.setitem(consent.DOCUMENTS, "privacy", "2026-12")
    browser = Browser(app)
    browser.get("/sign-in?next=/d/abc")
    assert browser.post("/sign-in/password", to=PHONE, password=RIGHT).location == "/agree"
    page = browser.follow()
    assert 'name="privacy"' in page.text
    assert 'name="rules"' not in page.text
    assert browser.post("/agree").status_code == 422
    assert browser.post("/agree", privacy="y").location == "/d/abc"
    assert browser.get("/agree").status_code == 303


def test_documents_can_be_read_by_everybody_in_both_languages(app: Flask):
    for name, zh, en in (
        ("rules", "社区约定", "Community rules"),
        ("privacy", "隐私说明", "Privacy"),
    ):
        assert zh in words(Browser(app, language="zh-CN").get(f"/documents/{name}"))
        assert en in words(Browser(app).get(f"/documents/{name}"))
    assert Browser(app).get("/documents/secret").status_code == 404


def test_a_phone_is_linked_by_a_code_to_whoever_is_in(app: Flask, texting: FakeTexting):
    user, browser = wang(RIGHT), Browser(app)
    browser.post("/sign-in/password", to=PHONE, password=RIGHT)
    assert "138****0001" in words(browser.get("/me/phone"))
    assert prove(browser, texting, "/me/phone", "13700000009").location == "/me"
    db.session.expire_all()
    assert (user.phone, user.phone_hash) == ("13700000009", Reach("phone", "13700000009").hash)
    assert browser.get("/me/email").status_code == 200
    assert Browser(app).get("/me/email").location == "/sign-in?next=/me/email"
