"""Putting goods aside: in the cookie for guests, on the server for people who signed in."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts import devices
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.cart import cart_of
from groupbuy.orders.models import CartLine
from tests.factories import make_leader, make_sku, make_user
from tests.members.test_deal_page import open_deal
from tests.pages.reading import words

ZH = {"Accept-Language": "zh-CN"}


def sign_in(client: FlaskClient, user) -> None:
    """What signing in leaves in the cookie, without the pages that lead there."""
    with transaction():
        token = devices.sign_in_device(user, "Chrome Android", now=clock.now())
    with client.session_transaction() as session:
        session["_user_id"] = token


def put(client: FlaskClient, deal: Deal, **fields):
    return client.post(f"/d/{deal.slug}/cart", data=fields, headers=ZH)


def shown(client: FlaskClient, deal: Deal) -> str:
    return words(client.get(f"/d/{deal.slug}", headers=ZH))


def two_kinds(**values) -> Deal:
    leader = make_leader()
    skus = [make_sku(leader, price_fen=450), make_sku(leader, price_fen=3780)]
    deal = open_deal(leader=leader, skus=skus, **values)
    db.session.commit()
    return deal


def test_a_guest_fills_a_cart_button_by_button(app: Flask):
    deal, client = two_kinds(), app.test_client()
    first, second = deal.items
    assert "还没选东西" in shown(client, deal)
    assert put(client, deal, add=first.id).status_code == 303
    put(client, deal, add=first.id)
    put(client, deal, add=second.id)
    assert "¥ 46.80 2 样 3 件" in shown(client, deal)
    put(client, deal, less=first.id)
    assert "¥ 42.30 2 样 2 件" in shown(client, deal)
    assert db.session.query(CartLine).count() == 0  # nothing of a guest is kept on the server


def test_a_number_can_be_typed_and_every_box_is_taken_over(app: Flask):
    deal, client = two_kinds(), app.test_client()
    first, second = deal.items
    put(client, deal, **{f"q-{first.id}": "１２", f"q-{second.id}": "2"})
    assert "¥ 129.60 2 样 14 件" in shown(client, deal)
    put(client, deal, **{f"q-{first.id}": "0", f"q-{second.id}": "2"})
    assert "¥ 75.60 1 样 2 件" in shown(client, deal)


def test_what_is_no_number_changes_nothing_and_is_said(app: Flask):
    deal, client = two_kinds(), app.test_client()
    for typed in ("1_000", "٣", "-1", "1.5", "many", "99999"):
        put(client, deal, **{f"q-{deal.items[0].id}": typed})
        page = shown(client, deal)
        assert "数量要填 0 到 9999 的整数" in page
        assert "还没选东西" in page


def test_no_more_goes_in_than_there_is_or_than_one_may_have(app: Flask):
    deal, client = two_kinds(stock=3, limit_per_item=2), app.test_client()
    put(client, deal, **{f"q-{deal.items[0].id}": "9"})
    page = shown(client, deal)
    assert "1 样 2 件" in page
    assert "每人最多 2 份" in page


def test_another_deals_item_is_passed_over(app: Flask):
    deal, other, client = two_kinds(), two_kinds(), app.test_client()
    put(client, deal, add=other.items[0].id)
    assert "还没选东西" in shown(client, deal)
    assert "还没选东西" in shown(client, other)


def test_with_the_script_only_what_changed_comes_back(app: Flask):
    deal, client = two_kinds(), app.test_client()
    first = deal.items[0]
    answer = client.post(
        f"/d/{deal.slug}/cart", data={"add": first.id}, headers=ZH | {"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert f'id="step-{first.id}" hx-swap-oob="true"' in answer.text
    assert f'id="step-{deal.items[1].id}"' not in answer.text
    assert "<html" not in answer.text
    assert "1 样 1 件" in words(answer)


def test_buying_now_leads_straight_to_checkout(app: Flask):
    deal, client = two_kinds(), app.test_client()
    answer = put(client, deal, buy=deal.items[0].id)
    assert answer.location == f"/d/{deal.slug}/checkout"
    assert "1 样 1 件" in shown(client, deal)


def test_a_cart_of_somebody_signed_in_is_the_same_on_every_device(app: Flask):
    deal, user = two_kinds(), make_user()
    db.session.commit()
    phone, tablet = app.test_client(), app.test_client()
    for client in (phone, tablet):
        sign_in(client, user)
    put(phone, deal, add=deal.items[0].id)
    put(tablet, deal, add=deal.items[0].id)
    assert "1 样 2 件" in shown(phone, deal)
    assert cart_of(user.id, deal)[deal.items[0].id].pieces == 2


def test_nothing_goes_into_the_cart_of_a_deal_that_is_over(app: Flask):
    deal, client = two_kinds(), app.test_client()
    deal.closes_at = clock.now()
    db.session.commit()
    put(client, deal, add=deal.items[0].id)
    assert "这个团现在不接单" in shown(client, deal)
    with client.session_transaction() as session:
        assert "carts" not in session
