"""From the cart to an order, as guests and as people who signed in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts.models import Consent, Member
from groupbuy.core import clock
from groupbuy.deals.models import Deal, DealQuestion
from groupbuy.extensions import db
from groupbuy.orders.models import CartLine, Order
from tests.checks import assert_everything_true
from tests.factories import make_user
from tests.members.test_cart import ZH, put, shown, sign_in, two_kinds
from tests.pages.reading import words


def form_of(client: FlaskClient, deal: Deal) -> dict[str, str]:
    """What the checkout page would send if nothing were touched."""
    page = client.get(f"/d/{deal.slug}/checkout", headers=ZH).text
    sent = {}
    for tag in re.findall(r"<(?:input|textarea|select)\b[^>]*>", page):
        facts = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        unticked = facts.get("type") in ("radio", "checkbox") and " checked" not in tag
        if "name" in facts and not unticked:
            sent[facts["name"]] = facts.get("value", "")
    return sent


def filled(client: FlaskClient, deal: Deal, **changes: str) -> dict[str, str]:
    who = {"name": "王芳", "phone": "138 0013 8000", "building": "6号楼", "room": "1102"}
    where = {"point": str(deal.points[0].id), "agree": "y"}
    return form_of(client, deal) | who | where | changes


def send(client: FlaskClient, deal: Deal, fields: dict[str, str]):
    return client.post(f"/d/{deal.slug}/checkout", data=fields, headers=ZH)


def orders() -> list[Order]:
    return list(db.session.scalars(sa.select(Order).order_by(Order.id)))


def with_cart(app: Flask, deal: Deal) -> FlaskClient:
    client = app.test_client()
    put(client, deal, add=deal.items[0].id)
    put(client, deal, add=deal.items[1].id)
    return client


def test_a_guest_orders_with_a_name_and_a_number(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    page = words(client.get(f"/d/{deal.slug}/checkout", headers=ZH))
    assert "2 样 2 件" in page
    assert "待付款 ¥ 42.30" in page
    answer = send(client, deal, filled(client, deal, note="放最上面"))
    assert answer.status_code == 303
    (order,) = orders()
    assert answer.location == f"/o/{order.number}"
    assert (order.due_fen, order.note, order.state) == (4230, "放最上面", "pending")
    contact = {
        "name": "王芳",
        "phone": "13800138000",
        "building": "6号楼",
        "unit": "",
        "room": "1102",
    }
    assert order.contact == contact
    assert order.member.user_id is None
    assert db.session.query(Consent).filter_by(member_id=order.member_id).count() == 2
    assert "还没选东西" in shown(client, deal)
    assert "请在" in words(client.get(answer.location, headers=ZH))
    assert_everything_true()


def test_somebody_who_signed_in_orders_and_is_remembered(app: Flask):
    deal, user = two_kinds(), make_user("李静", "13900001111")
    db.session.commit()
    client = app.test_client()
    sign_in(client, user)
    put(client, deal, add=deal.items[0].id)
    first = form_of(client, deal)
    assert (first["name"], first["phone"]) == ("李静", "13900001111")
    assert send(client, deal, filled(client, deal)).status_code == 303
    (order,) = orders()
    assert order.member.user_id == user.id
    assert db.session.query(CartLine).count() == 0
    put(client, deal, add=deal.items[1].id)
    again = form_of(client, deal)
    assert again["room"] == "1102"  # the contact of the last order
    assert "agree" not in client.get(f"/d/{deal.slug}/checkout").text
    assert send(client, deal, again | {"point": str(deal.points[0].id)}).status_code == 303
    assert {made.member_id for made in orders()} == {order.member_id}


def test_a_double_tap_is_one_order(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    fields = filled(client, deal)
    first, second = send(client, deal, fields), send(client, deal, fields)
    assert first.location == second.location
    assert len(orders()) == 1
    assert db.session.query(Member).filter_by(leader_id=deal.leader_id).count() == 1


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("phone", "138 0013 80", "不是手机号"),
        ("phone", "", "请填写手机号"),
        ("name", " ", "请填写取货人的称呼"),
        ("name", "王\u202e芳", "1 到 100"),
        ("point", "999999", "请从中选一个"),
        ("point", "x", "请从中选一个"),
        ("note", "长" * 501, "最多 500 个字"),
        ("room", "长" * 41, "最多 40 个字"),
        ("way", "gold", "请从中选一个"),
        ("agree", "", "请先勾选同意"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    app: Flask, field: str, typed: str, sentence: str
):
    deal = two_kinds()
    client = with_cart(app, deal)
    fields = filled(client, deal, note="放最上面") | {field: typed}
    if field == "agree":
        fields.pop("agree")
    answer = send(client, deal, fields)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert orders() == []
    if field != "note":
        assert "放最上面" in answer.text
    if field == "phone" and typed:
        assert 'value="138 0013 80"' in answer.text


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("q", "many", "数量要填 0 到 9999"),
        ("short", "pray", "选一下"),
        ("wish", "长" * 201, "最多 200 个字"),
        ("upto", "1e3", "金额请填"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_at_that_line(app: Flask, name, typed, sentence):
    deal = two_kinds()
    client = with_cart(app, deal)
    answer = send(client, deal, filled(client, deal) | {f"{name}-{deal.items[0].id}": typed})
    assert answer.status_code == 422
    assert sentence in words(answer) or "到货不够" in words(answer)
    assert orders() == []


def test_wishes_and_what_to_do_if_too_little_comes_are_kept(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    first = deal.items[0].id
    wishes = {f"short-{first}": "substitute", f"upto-{first}": "6.50", f"wish-{first}": "嫩一点"}
    assert send(client, deal, filled(client, deal) | wishes).status_code == 303
    (line, other) = orders()[0].lines
    assert (line.if_short, line.substitute_fen, line.note) == ("substitute", 650, "嫩一点")
    assert (other.if_short, other.substitute_fen, other.note) == ("less", None, "")


def test_the_leaders_questions_are_asked_and_answered(app: Flask):
    deal = two_kinds()
    kinds = (("text", "几号楼几室？", [], True), ("number", "几口人？", [], False))
    choice = ("choice", "要袋子吗？", ["要", "不要"], True)
    for position, (kind, label, choices, required) in enumerate((*kinds, choice), 1):
        question = DealQuestion(leader_id=deal.leader_id, deal_id=deal.id, position=position)
        question.kind, question.label = kind, label
        question.choices, question.required = choices, required
        db.session.add(question)
    db.session.commit()
    db.session.expire(deal)
    client = with_cart(app, deal)
    text, number, bag = (f"ask-{question.id}" for question in deal.questions)
    fields = filled(client, deal)
    missing = send(client, deal, fields | {number: "三", bag: "也许"})
    assert missing.status_code == 422
    for sentence in ("这一项团长需要您填写", "只填数字就好", "请从中选一个"):
        assert sentence in words(missing)
    assert send(client, deal, fields | {text: "6-1102", number: "3", bag: "要"}).status_code == 303
    assert sorted(orders()[0].answers.values()) == ["3", "6-1102", "要"]


def test_the_price_changed_while_it_was_in_the_cart(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    fields = filled(client, deal)
    deal.items[0].price_fen = 550
    db.session.commit()
    answer = send(client, deal, fields)
    assert answer.status_code == 409
    assert "从 ¥42.30 变成了 ¥43.30" in words(answer)
    assert orders() == []
    assert "价格变了" in words(client.get(f"/d/{deal.slug}/checkout", headers=ZH))
    assert send(client, deal, fields | {f"price-{deal.items[0].id}": "550"}).status_code == 303
    assert orders()[0].due_fen == 4330


def test_the_window_closes_while_the_form_is_open(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    fields = filled(client, deal)
    deal.closes_at = clock.now()
    db.session.commit()
    answer = send(client, deal, fields)
    assert answer.status_code == 409
    assert "这次没有下单" in words(answer)
    assert "提交订单" not in answer.text
    assert orders() == []


def test_before_it_opens_nothing_can_be_ordered(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    fields = filled(client, deal)
    deal.opens_at = clock.now() + timedelta(hours=1)
    db.session.commit()
    assert send(client, deal, fields).status_code == 409
    assert client.get(f"/d/{deal.slug}/checkout").status_code == 409


def test_an_empty_cart_says_so(app: Flask):
    deal = two_kinds()
    page = app.test_client().get(f"/d/{deal.slug}/checkout", headers=ZH)
    assert page.status_code == 200
    assert "还没有选东西" in words(page)


def test_a_guests_number_opens_nobody_elses_orders(app: Flask):
    deal = two_kinds()
    victim = with_cart(app, deal)
    order = send(victim, deal, filled(victim, deal)).location
    stranger = with_cart(app, deal)
    send(stranger, deal, filled(stranger, deal))  # the same name and number, another browser
    assert victim.get(order).status_code == 200
    assert stranger.get(order).status_code == 404
    assert len({made.member_id for made in orders()}) == 2


def test_a_form_that_cannot_be_read_says_so(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    answer = send(client, deal, filled(client, deal, key=""))
    assert answer.status_code == 422
    assert "请重新打开" in words(answer)
    assert orders() == []


def test_a_guest_with_another_number_is_asked_for_consent_of_their_own(app: Flask):
    deal = two_kinds()
    client = with_cart(app, deal)
    assert send(client, deal, filled(client, deal)).status_code == 303
    put(client, deal, add=deal.items[0].id)
    other = filled(client, deal) | {"phone": "13900139000"}
    other.pop("agree")
    assert send(client, deal, other).status_code == 422
    assert send(client, deal, other | {"agree": "y"}).status_code == 303
    put(client, deal, add=deal.items[0].id)
    same = filled(client, deal) | {"phone": "13900139000"}
    same.pop("agree")
    assert send(client, deal, same).status_code == 303  # the one who agreed last
