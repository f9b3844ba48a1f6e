"""Limits per order and commission of items: what the operator sets, and leaders within it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts.models import Leader, Member
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders import online_limits
from groupbuy.orders.ways import online_limit_fen
from groupbuy.settlement import rates
from tests import factories
from tests.checks import assert_everything_true
from tests.conftest import NOON
from tests.leaders.orders import EN, at_desk, member, open_deal
from tests.operators.desks import as_user, logged, make_operator
from tests.pages.reading import words

OFFICE = "/operator/settlement"
ODD = ["x", "-1", "1.234", "12345678", "１２,5", "\x00", "ten"]


def office(app: Flask) -> FlaskClient:
    operator = make_operator()
    operator.locale = "en"
    return as_user(app, operator)


def terms(client: FlaskClient, leader: Leader, **fields: str) -> Any:
    form = {"commission": "5", "cash_limit": ""} | fields
    return client.post(f"{OFFICE}/leaders/{leader.id}/terms", data=form)


def test_the_operator_sets_what_orders_of_a_leader_may_cost(app: Flask):
    leader, client = factories.make_leader(), office(app)
    assert "empty: ¥5,000.00, as the site has it" in words(
        client.get(f"{OFFICE}/leaders/{leader.id}")
    )
    assert terms(client, leader, order_limit="800").status_code == 303
    db.session.refresh(leader)
    assert online_limit_fen(leader, None) == 80_000
    assert 'value="800.00"' in client.get(f"{OFFICE}/leaders/{leader.id}").text
    assert terms(client, leader, order_limit="800").status_code == 303
    assert terms(client, leader, order_limit="").status_code == 303
    db.session.refresh(leader)
    assert online_limit_fen(leader, None) == app.config["ORDER_LIMIT_FEN"]
    said = [entry.detail for entry in logged("order_limit")]
    assert said == [{"from_fen": None, "to_fen": 80_000}, {"from_fen": 80_000, "to_fen": None}]
    log = words(client.get("/operator/log"))
    assert "Changed a limit per order" in log
    assert "Now: ¥800.00" in log


@pytest.mark.parametrize("typed", ODD)
def test_a_limit_that_cannot_be_read_is_refused_at_its_field(app: Flask, typed: str):
    known = member(factories.make_leader(), account=True)
    client, desk = office(app), at_desk(app, _of(known))
    leader = _of(known)
    person = f"/operator/people/members/{known.id}/limit"
    for answer in (
        terms(client, leader, order_limit=typed),
        client.post(person, data={f"of-{known.id}-limit": typed}),
        desk.post(f"/lead/members/{known.id}/limit", data={"limit": typed}, headers=EN),
    ):
        assert answer.status_code == 422
        assert "An amount looks like 12 or 12.50." in words(answer)
    db.session.expire_all()
    assert (leader.order_limit_fen, known.order_limit_fen) == (None, None)


def test_a_leader_limits_a_member_within_what_the_group_has(app: Flask):
    known = member(factories.make_leader())
    leader = _of(known)
    leader.order_limit_fen = 100_000
    client = at_desk(app, leader)
    page, limit = f"/lead/members/{known.id}", f"/lead/members/{known.id}/limit"
    assert "empty: ¥1,000.00, as your group has it" in words(client.get(page, headers=EN))
    assert client.post(limit, data={"limit": "1000"}).location == page
    db.session.refresh(known)
    assert online_limit_fen(leader, known) == 100_000
    assert 'value="1000.00"' in client.get(page).text
    answer = client.post(limit, data={"limit": "1000.01"}, headers=EN)
    assert answer.status_code == 422
    assert "At most ¥1,000.00: so much holds for your group." in words(answer)
    assert 'value="1000.01"' in answer.text
    assert client.post(limit, data={"limit": "0"}).status_code == 303
    db.session.refresh(known)
    assert online_limit_fen(leader, known) == 0
    assert client.post(limit, data={}).status_code == 303
    db.session.refresh(known)
    assert known.order_limit_fen is None
    [first, *_others] = logged("order_limit")
    assert (first.subject, first.leader_id) == (f"member:{known.id}", leader.id)
    assert_everything_true()


def test_what_the_operator_granted_beyond_the_group_may_stay(app: Flask):
    known = member(factories.make_leader(), account=True)
    leader = _of(known)
    leader.order_limit_fen = 100
    client, desk = office(app), at_desk(app, leader)
    form = {f"of-{known.id}-limit": "9000"}
    answer = client.post(f"/operator/people/members/{known.id}/limit", data=form)
    assert answer.location == f"/operator/people/{known.user_id}"
    page = client.get(answer.location)
    assert 'value="9000.00"' in page.text
    limit = f"/lead/members/{known.id}/limit"
    assert desk.post(limit, data={"limit": "9000"}).status_code == 303
    assert desk.post(limit, data={"limit": "9000.01"}).status_code == 422
    assert len(logged("order_limit")) == 1


def test_the_limit_holds_for_all_rows_of_one_person(app: Flask):
    leader = factories.make_leader()
    rows = [member(leader), member(leader), member(leader, account=True)]
    other = member(leader, phone="13800138009")
    online_limits.set_for_member(rows[0], 500, by_id=leader.user_id, now=NOON)
    assert [row.order_limit_fen for row in (*rows, other)] == [500, 500, 500, None]


def test_nobody_limits_whom_they_do_not_know(app: Flask):
    known, guest = member(factories.make_leader()), member(factories.make_leader())
    stranger = at_desk(app, _of(guest))
    assert stranger.post(f"/lead/members/{known.id}/limit", data={"limit": "1"}).status_code == 404
    path = "/operator/people/members/{}/limit"
    assert stranger.post(path.format(known.id), data={}).status_code == 404
    client = office(app)
    for nobody in (guest.id, 999_999, "x"):  # a guest has no page to come back to
        assert client.post(path.format(nobody), data={}).status_code == 404
    db.session.expire_all()
    assert known.order_limit_fen is None


def two_items(**values: Any) -> Deal:
    leader = factories.make_leader()
    skus = [factories.make_sku(leader, price_fen=1000) for _ in range(2)]
    return open_deal(leader=leader, skus=skus, **values)


def test_the_rate_of_an_item_is_set_until_the_deal_closes(app: Flask):
    deal = two_items()
    first, second = deal.items
    deal.leader.commission_bp = 500
    client = office(app)
    address = f"{OFFICE}/deals/{deal.slug}/items"
    assert address in client.get(f"{OFFICE}/leaders/{deal.leader_id}").text
    form = {f"rate-{first.id}": "12.5", f"rate-{second.id}": ""}
    assert client.post(address, data=form).location == address
    db.session.expire_all()
    assert [item.commission_bp for item in deal.items] == [1250, None]
    assert 'value="12.5"' in client.get(address).text
    assert client.post(address, data=form).status_code == 303
    [entry] = logged("commission_rate")
    assert entry.subject == f"deal_item:{first.id}"
    db.session.expire_all()
    factories.close(deal)
    db.session.commit()
    answer = client.post(address, data={f"rate-{first.id}": "1"})
    assert answer.status_code == 409
    assert "cannot be changed any more" in words(answer)
    shown = client.get(address)
    assert "12.5%" in words(shown)
    assert f'name="rate-{first.id}"' not in shown.text
    db.session.expire_all()
    assert [item.commission_bp for item in deal.items] == [1250, 500]
    assert_everything_true()


def test_the_rates_of_items_go_back_to_the_deals(app: Flask):
    deal, client = two_items(), office(app)
    rates.set_for_item(deal.items[0], 0, by_id=deal.leader.user_id, now=NOON)
    assert client.post(f"{OFFICE}/deals/{deal.slug}/items", data={}).status_code == 303
    db.session.expire_all()
    assert [item.commission_bp for item in deal.items] == [None, None]


@pytest.mark.parametrize("typed", ["x", "-1", "101", "1.234", "\x00", "５００"])
def test_a_rate_that_cannot_be_is_refused_at_its_item_and_nothing_is_written(app: Flask, typed):
    deal, client = two_items(), office(app)
    first, second = deal.items
    form = {f"rate-{first.id}": "3", f"rate-{second.id}": typed}
    answer = client.post(f"{OFFICE}/deals/{deal.slug}/items", data=form)
    assert answer.status_code == 422
    assert "A percentage looks like 8 or 8.5" in words(answer)
    assert 'value="3"' in answer.text
    db.session.expire_all()
    assert [item.commission_bp for item in deal.items] == [None, None]
    assert client.get(f"{OFFICE}/deals/nothing/items").status_code == 404


def _of(known: Member) -> Leader:
    return db.session.get_one(Leader, known.leader_id)
