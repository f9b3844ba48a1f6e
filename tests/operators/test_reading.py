"""Operators look things up: deals, orders, goods, jobs, messages, the log, health."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.core import action_log
from groupbuy.core.models import JobRequest, JobRun
from groupbuy.core.settings import settings_now
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe
from tests.checks import count
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_order, make_sku, make_user
from tests.operators.desks import as_user, logged, make_operator
from tests.pages.reading import statements, words


@pytest.fixture
def client(app: Flask):
    return as_user(app, make_operator())


def asked(client, place: str, **query) -> str:
    answer = client.get(f"/operator/{place}", query_string=query)
    assert answer.status_code == 200
    return words(answer)


def test_deals_are_found_by_title_link_state_and_leader(client):
    deal, other = make_deal(title="周六菜篮子"), make_deal(title="水果专场")
    db.session.commit()
    for query in ({"q": "菜篮"}, {"q": deal.slug}, {"leader": deal.leader_id}):
        page = asked(client, "deals", **query)
        assert ("周六菜篮子" in page, "水果专场" in page) == (True, False), query
    assert "周六菜篮子" not in asked(client, "deals", state="cancelled")
    assert "周六菜篮子" in asked(client, "deals", state="nonsense", leader="x", before="x")
    assert "100%" not in asked(client, "deals", q="100%")
    assert deal.items[0].name in asked(client, f"deals/{deal.slug}")
    assert other.leader.name in asked(client, f"deals/{other.slug}")


def test_orders_are_found_by_number_and_phone_and_show_no_number(client):
    order, other = make_order(make_deal()), make_order(make_deal())
    phone = "13812345678"
    user = make_user(phone=phone)
    order.member.phone, order.member.phone_hash = phone, user.phone_hash
    order.contact = {"name": "张伟", "phone": phone, "building": "7", "unit": "", "room": "501"}
    db.session.commit()
    for query in (phone, order.number, order.number.lower()):
        page = asked(client, "orders", q=query)
        assert (order.number in page, other.number in page, phone in page) == (True, False, False)
    address = f"/operator/orders/{order.number}"
    assert phone not in client.get(address).text
    revealed = client.post(f"{address}/contact")
    assert (revealed.status_code, phone in revealed.text, "张伟" in revealed.text) == (
        200,
        True,
        True,
    )
    [entry] = logged("contact_revealed")
    assert (entry.leader_id, phone in str(entry.detail)) == (order.leader_id, False)


def test_goods_of_all_leaders_are_found(client):
    sku, other = (
        make_sku(make_leader(), name="崇明土鸡蛋"),
        make_sku(make_leader(), name="丹东草莓"),
    )
    db.session.commit()
    for query in ({"q": "土鸡"}, {"q": sku.code}, {"leader": sku.leader_id}):
        page = asked(client, "products", **query)
        assert ("崇明土鸡蛋" in page, "丹东草莓" in page) == (True, False)
    page = asked(client, "suppliers", leader=other.leader_id)
    assert (other.supplier.name in page, sku.supplier.name in page) == (True, False)


def test_a_list_of_fifty_asks_no_more_than_one_of_five(client):
    leader = make_leader()
    for _ in range(5):
        make_sku(leader)
        make_order(make_deal(leader=leader))
    db.session.commit()
    places = ("deals", "orders", "products", "suppliers", "people", "leaders", "log", "messages")
    few = {}
    for place in places:
        with statements() as asked_few:
            client.get(f"/operator/{place}")
        few[place] = len(asked_few)
    for _ in range(45):
        make_sku(leader)
        make_order(make_deal(leader=leader))
        action_log.note("point_added", "point:1", actor_id=leader.user_id, now=NOON)
    db.session.commit()
    for place in places:
        with statements() as asked_many:
            client.get(f"/operator/{place}")
        assert len(asked_many) <= few[place] + 1, place


def test_the_log_is_cut_by_key_and_no_entry_is_lost_between_two_pages(client):
    actor, leader = make_user("沈立夏"), make_leader()
    for number in range(120):
        when = NOON + timedelta(minutes=number)
        action_log.note("thing_done", f"n-{number}-", actor_id=actor.id, now=when)
    action_log.note("other_thing", "only", actor_id=None, leader_id=leader.id, now=NOON)
    db.session.commit()
    seen, address, pages = "", "/operator/log?act=thing_done", 0
    while address and pages < 9:
        answer = client.get(address)
        seen, pages = seen + answer.text, pages + 1
        older = re.search(r'href="([^"]*)" rel="next"', answer.text)
        address = html.unescape(older[1]) if older else ""
    assert pages == 3
    assert all(seen.count(f"n-{number}-") == 1 for number in range(120))
    assert "only" in asked(client, "log", leader=leader.id)
    assert "n-1-" not in asked(client, "log", leader=leader.id)
    assert "n-1-" in asked(client, "log", who="立夏", before=logged("thing_done")[2].id)
    assert "n-119-" not in asked(client, "log", who="13911111111")
    assert "n-119-" in asked(client, "log", **{"from": "2035-05-12", "until": "2035-05-12"})
    assert "n-119-" not in asked(client, "log", until="2035-05-11")
    for odd in ("0000-00-00", "x", "9999-12-31", "0001-01-01", "2035-05-12T00:00"):
        asked(client, "log", **{"from": odd, "until": odd})


def test_a_failed_job_is_named_at_home_and_can_be_asked_for(client):
    run = JobRun(name="close-due", started_at=NOON, finished_at=NOON, outcome="failed", done=1)
    run.failed, run.late_seconds, run.process, run.detail = 2, 7200, "host:1", {"error": "Boom"}
    db.session.add(run)
    db.session.commit()
    assert "Boom" in asked(client, "jobs", outcome="failed")
    assert "Boom" not in asked(client, "jobs", outcome="ok")
    assert "Boom" not in asked(client, "jobs", job="verify")
    assert client.get("/operator").text.count("outcome=failed") == 1
    for _ in range(2):
        assert client.post("/operator/jobs/close-due/run").status_code == 303
    assert count(JobRequest) == 1


def test_a_message_that_is_late_is_tried_again_or_given_up(client):
    owe("help", "1", now=NOON - timedelta(days=4000), user_id=make_user().id)
    db.session.commit()
    notice = db.session.scalars(sa.select(Notice)).one()
    address = f"/operator/messages/{notice.id}"
    assert address in client.get("/operator/messages").text
    assert client.post(f"{address}/retry").status_code == 303
    assert client.post(f"{address}/give-up", data={"because": ""}).status_code == 422
    assert client.post(f"{address}/give-up", data={"because": "号码错"}).status_code == 303
    assert client.post(f"{address}/give-up", data={"because": "号码错"}).status_code == 409
    assert address in client.get("/operator/messages?state=failed").text


def test_settings_are_set_and_wrong_ones_are_not(client):
    fields = {"site_name": "邻里好团", "operator_name": "某公司", "operator_contact": "400"}
    assert client.post("/operator/settings", data={**fields, "site_name": ""}).status_code == 422
    assert settings_now()["OPERATOR_NAME"] == ""
    assert client.post("/operator/settings", data=fields).status_code == 303
    assert settings_now() == {
        "SITE_NAME": "邻里好团",
        "OPERATOR_NAME": "某公司",
        "OPERATOR_CONTACT": "400",
        "APPLICATIONS_OPEN": False,
        "REFUND_LIMIT_FEN": 20000,
        "OPERATOR_REFUND_LIMIT_FEN": 200000,
    }
    assert len(logged("setting_changed")) == 4


def test_the_log_tells_money_times_and_names_and_no_keys(client):
    known = {"actor_id": None, "leader_id": None, "now": NOON}
    action_log.note("cash_given_back", "deal:7", fen=12345, orders=2, **known)
    closes = NOON.isoformat()
    action_log.note("deal_move", "deal:7", because="", closes_at=closes, **known)
    action_log.note("orders_exported", "deal:7", whole_phones=True, filters=["who"], **known)
    action_log.note("notice_retried", "notice:3", kind="arrived", **known)
    db.session.commit()
    page = asked(client, "log")
    for said in ("¥123.45", "12:00", "取货" if "取货" in page else "Ready to collect"):
        assert said in page
    for key in ("fen:", "closes_at", closes, "whole_phones", "True", "deal:7", "because"):
        assert key not in page
