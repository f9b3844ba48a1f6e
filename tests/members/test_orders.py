"""A resident's own orders: read, changed and cancelled by nobody else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts.claiming import claim
from groupbuy.accounts.membership import guest_membership, membership
from groupbuy.accounts.models import Member
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch
from tests.checks import assert_everything_true
from tests.factories import form_for, make_order, make_user
from tests.members.known import browser
from tests.members.test_cart import ZH, put, shown, sign_in, two_kinds
from tests.pages.reading import same_for_all, words


def ordered(app: Flask, *pieces: int, paid: bool = False, **values) -> tuple[FlaskClient, Order]:
    """A signed-in resident with one order of an open deal."""
    from groupbuy.orders.placing import place_order

    deal, user = two_kinds(**values), make_user("李静")
    member = Member(leader_id=deal.leader_id, user_id=user.id, name="李静", created_at=clock.now())
    db.session.add(member)
    db.session.flush()
    order = place_order(member, deal, form_for(deal, *(pieces or (2, 1))), now=clock.now())
    if paid:
        vouch(order, by_id=deal.leader.user_id, now=clock.now())
    db.session.commit()
    client = app.test_client()
    sign_in(client, user)
    return client, order


def form_of(client: FlaskClient, order: Order) -> dict[str, str]:
    page = client.get(f"/o/{order.number}/change", headers=ZH).text
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    fields |= dict(re.findall(r'name="(version|key)"[^>]*value="(.*?)"', page))
    return fields | {"point": str(order.point_id)}


def change(client: FlaskClient, order: Order, fields: dict[str, str]):
    return client.post(f"/o/{order.number}/change", data=fields, headers=ZH)


def test_the_page_says_first_what_to_do(app: Flask):
    client, order = ordered(app)
    page = words(client.get(f"/o/{order.number}", headers=ZH))
    assert "还没付款" in page
    assert "把 ¥46.80 交给" in page
    assert "已下单" in page
    assert "付款后就有接龙号" in page


def test_a_paid_order_shows_number_place_money_and_what_is_next(app: Flask):
    client, order = ordered(app, paid=True)
    page = words(client.get(f"/o/{order.number}", headers=ZH))
    assert "已付款 ¥46.80" in page
    assert "接龙号 1" in page
    assert order.point.name in page
    assert "实际付了 ¥ 46.80" in page
    assert "到货清点" in page


def test_nobody_else_finds_it(app: Flask):
    _client, order = ordered(app)
    stranger, somebody = app.test_client(), make_user()
    db.session.commit()
    sign_in(stranger, somebody)
    for path in ("", "/change", "/cancel"):
        own = stranger.get(f"/o/{order.number}{path}")
        missing = stranger.get(f"/o/20260101-ABCDEFGH{path}")
        assert (own.status_code, missing.status_code) == (404, 404)
        assert same_for_all(own) == same_for_all(missing)
    for path in ("/change", "/cancel", "/again"):
        assert stranger.post(f"/o/{order.number}{path}").status_code == 404
    assert app.test_client().get(f"/o/{order.number}").status_code == 404
    assert order.state == "pending"


def test_the_difference_is_shown_before_anything_is_changed(app: Flask):
    client, order = ordered(app, paid=True)
    first, second = order.deal.items
    fields = form_of(client, order) | {f"q-{first.id}": "1", f"q-{second.id}": "1"}
    asked = change(client, order, fields)
    assert asked.status_code == 200
    assert "减 1" in words(asked)
    assert "退给您 − ¥4.50" in words(asked) or "退给您 −¥4.50" in words(asked)
    assert order.due_fen == 4680
    done = change(client, order, fields | {"confirmed": "4230"})
    assert done.status_code == 303
    db.session.expire_all()
    assert (order.due_fen, order.refunded_fen) == (4230, 450)
    assert_everything_true()


def test_a_confirmation_of_another_sum_only_shows_the_difference_again(app: Flask):
    client, order = ordered(app)
    first = order.deal.items[0]
    fields = form_of(client, order) | {f"q-{first.id}": "1"}
    answer = change(client, order, fields | {"confirmed": "1"})
    assert answer.status_code == 200
    db.session.expire_all()
    assert order.due_fen == 4680


def test_more_of_a_paid_order_becomes_a_second_one(app: Flask):
    client, order = ordered(app, paid=True)
    first, second = order.deal.items
    fields = form_of(client, order) | {f"q-{first.id}": "3", f"q-{second.id}": "1"}
    assert "要补 ¥4.50" in words(change(client, order, fields))
    done = change(client, order, fields | {"confirmed": "5130"})
    assert done.status_code == 303
    assert done.location != f"/o/{order.number}"
    page = words(client.get(done.location, headers=ZH))
    assert f"另一单 {order.number} 一起打包" in page
    assert_everything_true()


def test_two_forms_on_one_version_make_one_change(app: Flask):
    client, order = ordered(app)
    first = order.deal.items[0]
    fields = form_of(client, order) | {f"q-{first.id}": "1", "confirmed": "4230"}
    assert change(client, order, fields).status_code == 303
    stale = fields | {f"q-{first.id}": "2", "confirmed": "4680", "key": "another"}
    answer = change(client, order, stale)
    assert answer.status_code == 409
    db.session.expire_all()
    assert order.due_fen == 4230


def test_everything_off_leads_to_cancelling(app: Flask):
    client, order = ordered(app)
    none = {f"q-{item.id}": "0" for item in order.deal.items}
    answer = change(client, order, form_of(client, order) | none | {"confirmed": "0"})
    assert answer.status_code == 422
    assert order.state == "pending"


def test_cancelling_says_what_goes_back_and_does_it(app: Flask):
    client, order = ordered(app, paid=True)
    asked = words(client.get(f"/o/{order.number}/cancel", headers=ZH))
    assert "当面退现金 ¥ 46.80" in asked
    assert client.post(f"/o/{order.number}/cancel").status_code == 303
    db.session.expire_all()
    assert (order.state, order.refunded_fen) == ("cancelled", 4680)
    page = words(client.get(f"/o/{order.number}", headers=ZH))
    assert "订单已取消" in page
    assert_everything_true()


def test_after_closing_nothing_can_be_changed_or_cancelled(app: Flask):
    client, order = ordered(app, paid=True)
    fields = form_of(client, order) | {"confirmed": "4680"}
    order.deal.closes_at = clock.now()
    db.session.commit()
    assert "已经不能改了" in words(client.get(f"/o/{order.number}/change", headers=ZH))
    assert "已经不能取消了" in words(client.get(f"/o/{order.number}/cancel", headers=ZH))
    assert change(client, order, fields).status_code == 409
    client.post(f"/o/{order.number}/cancel")
    db.session.expire_all()
    assert order.state == "placed"
    assert "修改" not in words(client.get(f"/o/{order.number}", headers=ZH)).split("进度")[0]


def test_orders_are_listed_by_what_they_wait_for(app: Flask):
    client, order = ordered(app)
    assert order.deal.title in words(client.get("/me/orders", headers=ZH))
    assert order.number in client.get("/me/orders?state=pending").text
    assert order.number not in client.get("/me/orders?state=coming").text
    assert order.number in client.get("/me/orders?state=nonsense&page=x").text
    assert order.number not in app.test_client().get("/me/orders").text


def test_the_same_again_fills_the_cart_of_a_deal_that_is_open(app: Flask):
    client, order = ordered(app, stock=9)
    answer = client.post(f"/o/{order.number}/again")
    assert answer.location == f"/d/{order.deal.slug}/checkout"
    assert "2 样 3 件" in shown(client, order.deal)
    order.deal.closes_at = clock.now() - timedelta(seconds=1)
    db.session.commit()
    assert client.post(f"/o/{order.number}/again").location == f"/o/{order.number}"
    assert put(client, order.deal, add=1).status_code == 303


def test_the_same_again_leaves_more_in_the_cart_than_was_ordered_and_adds_what_is_fewer(app: Flask):
    client, order = ordered(app, 2, 2, stock=9)
    first, second = order.deal.items
    put(client, order.deal, **{f"q-{first.id}": 3, f"q-{second.id}": 1})
    client.post(f"/o/{order.number}/again")
    assert "2 样 5 件" in shown(client, order.deal)


def confirmed(client: FlaskClient, order: Order, fields: dict[str, str]) -> dict[str, str]:
    """`fields`, with the sum that the page shows for them."""
    shown_sum = re.search(r'name="confirmed"\s+value="(\d+)"', change(client, order, fields).text)
    assert shown_sum
    return fields | {"confirmed": shown_sum[1]}


def test_who_only_typed_a_number_never_sees_what_its_owner_orders(app: Flask):
    deal, phone = two_kinds(), "13812340001"
    typed = guest_membership(deal.leader_id, "lent", "王芳", phone, now=clock.now())
    first = make_order(deal, 1, member=typed)
    stranger = browser(app, None, typed)
    assert stranger.get(f"/o/{first.number}").status_code == 200
    owner = make_user(phone=phone)
    claim(owner)
    own = make_order(deal, 1, member=membership(deal.leader_id, owner, now=clock.now()))
    db.session.commit()
    for order in (first, own):
        assert stranger.get(f"/o/{order.number}").status_code == 404
        assert stranger.post(f"/o/{order.number}/cancel").status_code == 404
        assert order.number not in stranger.get("/me/orders").text
        assert browser(app, owner).get(f"/o/{order.number}").status_code == 200


def test_after_somebody_elses_change_one_can_go_on_from_the_order_as_it_is(app: Flask):
    client, order = ordered(app)
    fields = form_of(client, order) | {f"q-{order.deal.items[0].id}": "1"}
    assert change(client, order, confirmed(client, order, fields)).status_code == 303
    fields |= {f"q-{order.deal.items[0].id}": "3"}
    late = change(client, order, confirmed(client, order, fields))
    assert late.status_code == 409
    version = re.search(r'name="version"[^>]*value="(\d+)"', late.text)
    assert version
    fields |= {"version": version[1]}
    assert change(client, order, confirmed(client, order, fields)).status_code == 303


@pytest.mark.parametrize("version", ["", "x", "１", "9" * 30])
def test_a_version_that_never_was_changes_nothing(app: Flask, version: str):
    client, order = ordered(app)
    fields = form_of(client, order) | {f"q-{order.deal.items[0].id}": "1"}
    sent = confirmed(client, order, fields) | {"version": version}
    assert change(client, order, sent).status_code == 409
    assert order.version == 1


def test_what_goes_back_on_cancelling_is_what_is_left(app: Flask):
    client, order = ordered(app, paid=True)
    fields = form_of(client, order) | {f"q-{order.deal.items[0].id}": "1"}
    assert change(client, order, confirmed(client, order, fields)).status_code == 303
    page = words(client.get(f"/o/{order.number}", headers=ZH))
    assert "取消，退 ¥42.30" in page
    assert "¥ 42.30" in words(client.get(f"/o/{order.number}/cancel", headers=ZH))


def test_what_was_ordered_costs_what_it_cost_then_and_more_costs_todays_price(app: Flask):
    client, order = ordered(app)
    item = order.deal.items[0]
    item.price_fen = 550
    db.session.commit()
    fields = form_of(client, order)
    assert "¥9.00" in words(client.get(f"/o/{order.number}/change", headers=ZH))
    page = words(change(client, order, fields | {f"q-{item.id}": "3"}))
    assert "¥14.50" in page
    assert "¥ 52.30" in page


def test_the_same_again_says_so_when_nothing_is_left_of_it(app: Flask):
    client, order = ordered(app)
    for item in order.deal.items:
        item.stock = item.sold
    db.session.commit()
    answer = client.post(f"/o/{order.number}/again", headers=ZH)
    assert answer.location == f"/o/{order.number}"
    page = words(client.get(answer.location, headers=ZH))
    assert "只剩 0 件" in page
    assert "已放进购物车" not in page


def test_an_order_that_ended_while_the_deal_is_open_is_not_said_to_be_too_late(app: Flask):
    client, order = ordered(app)
    client.post(f"/o/{order.number}/cancel", headers=ZH)
    for step in ("change", "cancel"):
        page = words(client.get(f"/o/{order.number}/{step}", headers=ZH))
        assert "这张订单已经不能" in page
        assert "已截单" not in page
