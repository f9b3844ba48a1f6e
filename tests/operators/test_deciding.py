"""Operators decide about leaders, people and categories; everybody else finds nothing there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import Flask

from groupbuy.accounts import applying
from groupbuy.accounts.models import Leader
from groupbuy.accounts.staff import is_operator
from groupbuy.catalog.models import Category
from groupbuy.core import clock
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.orders.changing import change_order
from groupbuy.orders.placing import DeskShut
from tests.checks import assert_everything_true, count, refused
from tests.conftest import NOON
from tests.factories import form_for, make_deal, make_leader, make_order, make_placed, make_user
from tests.operators.desks import GROUP, as_user, logged, make_operator
from tests.pages.reading import words

PLACES = (
    *("", "/more", "/leaders", "/people", "/deals", "/orders", "/products", "/suppliers"),
    *("/categories", "/jobs", "/messages", "/messages?state=failed", "/log", "/settings"),
    "/health",
)


def applicant() -> Leader:
    leader = applying.apply(make_user("林晓禾"), GROUP, now=NOON)
    db.session.commit()
    return leader


def test_every_place_opens_for_operators_and_is_missing_for_others(app: Flask):
    operator = as_user(app, make_operator())
    leader = as_user(app, make_leader().user)
    for place in PLACES:
        assert operator.get(f"/operator{place}").status_code == 200, place
        assert leader.get(f"/operator{place}").status_code == 404, place
        assert app.test_client().get(f"/operator{place}").status_code == 303, place


def test_what_is_not_there_is_missing(app: Flask):
    client = as_user(app, make_operator())
    for address in ("leaders", "people", "categories", "messages", "deals", "orders"):
        for one in ("0", "999999999999999999", "x" * 50, "１"):
            assert client.get(f"/operator/{address}/{one}").status_code == 404, (address, one)
    assert client.post("/operator/jobs/no-such-job/run").status_code == 404


def test_an_application_is_seen_at_home_and_approved(app: Flask):
    leader, client = applicant(), as_user(app, make_operator())
    assert "林姐" in words(client.get("/operator"))
    address = f"/operator/leaders/{leader.id}"
    assert client.post(f"{address}/approve").status_code == 303
    assert "林姐" in words(client.get(address))
    db.session.refresh(leader)
    assert leader.state == "approved"
    assert client.post(f"{address}/approve").status_code == 409
    assert as_user(app, leader.user).get("/lead/points").status_code == 200
    assert_everything_true()


def test_a_refusal_wants_a_reason(app: Flask):
    leader, client = applicant(), as_user(app, make_operator())
    address = f"/operator/leaders/{leader.id}/refuse"
    for reason in ("", " ", "x" * 301, "\u202e"):
        assert client.post(address, data={"because": reason}).status_code == 422
    db.session.refresh(leader)
    assert leader.state == "applied"
    assert client.post(address, data={"because": "请写明小区"}).status_code == 303
    db.session.refresh(leader)
    assert (leader.state, leader.decided_because) == ("disabled", "请写明小区")


def test_shutting_a_desk_says_what_runs_and_ends_its_console(app: Flask):
    deal = make_deal()
    db.session.commit()
    leader, client = deal.leader, as_user(app, make_operator())
    at_desk = as_user(app, leader.user)
    address = f"/operator/leaders/{leader.id}"
    assert at_desk.get("/lead/points").status_code == 200
    assert client.post(f"{address}/disable", data={"because": "投诉"}).status_code == 303
    assert at_desk.get("/lead/points").status_code == 404
    assert client.post(f"{address}/enable").status_code == 303
    assert at_desk.get("/lead/points").status_code == 200


def test_a_person_is_found_by_number_made_operator_and_kept_out(app: Flask):
    user, client = make_user("沈立夏"), as_user(app, make_operator())
    db.session.commit()
    theirs, address = as_user(app, user), f"/operator/people/{user.id}"
    assert "沈*" in words(client.get("/operator/people", query_string={"q": user.phone}))
    assert "沈" not in words(client.get("/operator/people", query_string={"q": "13911111111"}))
    assert client.post(f"{address}/grant", data={"role": "operator"}).status_code == 303
    assert theirs.get("/operator").status_code == 200
    assert client.post(f"{address}/grant", data={"role": "leader"}).status_code == 422
    db.session.expire_all()
    grant = user.grants[0]
    assert client.post(f"{address}/revoke", data={"grant": grant.id}).status_code == 303
    assert client.post(f"{address}/revoke", data={"grant": "x"}).status_code == 409
    assert theirs.get("/operator").status_code == 404
    assert not is_operator(user)
    assert client.post(f"{address}/disable", data={"because": ""}).status_code == 422
    assert client.post(f"{address}/disable", data={"because": "刷单"}).status_code == 303
    assert theirs.get("/me/devices").status_code == 303  # signed out
    assert client.post(f"{address}/enable").status_code == 303


def test_a_number_is_shown_once_and_the_look_is_noted(app: Flask):
    user, operator = make_user(), make_operator()
    client, address = as_user(app, operator), f"/operator/people/{user.id}"
    assert user.phone not in client.get(address).text
    assert user.phone in client.post(f"{address}/phone").text
    assert user.phone not in client.get(address).text
    [entry] = logged("phone_revealed")
    assert (entry.actor_id, entry.subject) == (operator.id, f"user:{user.id}")


def test_categories_are_added_moved_renamed_and_removed(app: Flask):
    client = as_user(app, make_operator())
    address = "/operator/categories"
    assert client.post(address, data={"name": "蔬菜"}).status_code == 303
    [greens] = db.session.query(Category)
    assert client.post(address, data={"name": "叶菜", "parent": greens.id}).status_code == 303
    again = client.post(address, data={"name": "蔬菜"})
    assert (again.status_code, "蔬菜" in again.text) == (422, True)
    assert client.post(address, data={"name": ""}).status_code == 422
    assert client.post(address, data={"name": "x", "parent": "77"}).status_code == 404
    one = f"{address}/{greens.id}"
    assert client.post(f"{one}/rename", data={"name": "鲜蔬"}).status_code == 303
    assert client.post(f"{one}/rename", data={"name": ""}).status_code == 422
    assert client.post(f"{one}/move", data={"way": "up"}).status_code == 303
    assert client.post(f"{one}/move", data={"way": "sideways"}).status_code == 422
    assert client.post(f"{one}/remove").status_code == 409  # 叶菜 stands in it
    assert count(Category) == 2
    assert count(ActionLog, ActionLog.action.like("category_%")) == 3


def test_a_shut_desk_takes_no_orders_and_its_deals_stay_or_are_called_off(app: Flask):
    deal = make_deal(opens_at=clock.now(), closes_at=clock.now() + timedelta(hours=9))
    order = make_placed(deal, 2, now=clock.now())
    db.session.commit()
    client, leader = as_user(app, make_operator()), deal.leader
    address = f"/operator/leaders/{leader.id}"
    page = words(client.get(address))
    assert "¥75.60" in page
    assert client.post(f"{address}/disable", data={"because": "投诉"}).status_code == 303
    db.session.expire_all()
    assert (deal.state, order.state) == ("open", "placed")
    with refused(DeskShut, leader.name):
        make_order(deal, 1, now=clock.now())
    more = replace(form_for(deal, 3), key="more")
    with refused(DeskShut):
        change_order(order, more, version=order.version, now=clock.now(), actor_id=None)
    client.post(f"{address}/enable")
    make_order(deal, 1, now=clock.now())
    db.session.commit()
    client.post(f"{address}/disable", data={"because": "投诉", "deals": "cancel"})
    db.session.expire_all()
    assert (deal.state, order.state, deal.ended_because) == ("cancelled", "cancelled", "投诉")
    [entry] = logged("deal_cancel")
    assert (entry.subject, entry.detail["orders"]) == (f"deal:{deal.id}", 2)
    assert_everything_true()


def test_a_missing_page_keeps_the_frame_of_whoever_works_there(app: Flask):
    operator, leader, resident = make_operator(), make_leader(), make_user()
    at_site, at_desk, outside = (as_user(app, who) for who in (operator, leader.user, resident))
    for client, place, mark in (
        (at_site, "/operator/nowhere", 'href="/operator/log"'),
        (at_desk, "/lead/nowhere", 'href="/lead/members"'),
        (at_desk, "/lead/deals/nowhere", 'href="/lead/members"'),
        (at_desk, "/g/nowhere", 'href="/g"'),
    ):
        answer = client.get(place)
        assert (answer.status_code, mark in answer.text) == (404, True), place
        for stranger in (outside, app.test_client()):
            answer = stranger.get(place)
            assert mark not in answer.text
    assert "/operator/log" not in at_desk.get("/operator/nowhere").text
