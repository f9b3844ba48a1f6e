"""The list of a deal's orders: finding them, and keeping how one looked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.accounts.models import SavedView
from groupbuy.core import clock
from groupbuy.core.clock import local
from groupbuy.extensions import db
from groupbuy.orders import searching
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.searching import Wanted
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.orders import CONTACT, EN, at_desk, helper_of, member, open_deal, order
from tests.pages.reading import statements, words
from tests.pickup import rows


def found(deal, **wanted) -> list[str]:
    """The names of those whose orders are found, the newest first."""
    conditions = searching.matching(deal, Wanted(**wanted))
    return [one.order.member.name for one in searching.page_of(Wanted(**wanted), conditions, 1)]


@pytest.fixture
def deal(app: Flask):
    """张伟 vouched (roll no. 1, two eggs), 李静 not (frozen), both with phones; 王强 cancelled."""
    leader = factories.make_leader()
    skus = [
        factories.make_sku(leader, name="土鸡蛋"),
        factories.make_sku(leader, name="虾", storage_class="frozen"),
    ]
    deal = open_deal(leader=leader, skus=skus, points=2)
    order(deal, 2, member=member(leader, "张伟", "13900001234"), vouched=True)
    order(deal, 0, 1, member=member(leader), point_id=deal.points[1].id, contact=CONTACT)
    gone = order(deal, 1, member=member(leader, "王强", "13911119999"))
    cancel_order(gone, now=clock.now(), actor_id=None)
    db.session.commit()
    return deal


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ["王强", "李静", "张伟"]),
        ({"state": "pending"}, ["李静"]),
        ({"state": "odd"}, ["王强", "李静", "张伟"]),
        ({"who": "1"}, ["张伟"]),
        ({"who": "＃1"}, ["张伟"]),
        ({"who": "1234"}, ["张伟"]),
        ({"who": "13800138000"}, ["李静"]),
        ({"who": "8000"}, ["李静"]),
        ({"who": "静"}, ["李静"]),
        ({"who": "%"}, []),
        ({"only": frozenset({"unvouched"})}, ["李静"]),
        ({"only": frozenset({"cold"})}, ["李静"]),
        ({"only": frozenset({"cold", "short"})}, []),
        ({"sort": "oldest"}, ["张伟", "李静", "王强"]),
        ({"sort": "amount"}, ["张伟", "李静", "王强"]),
        ({"sort": "roll"}, ["张伟", "李静", "王强"]),
    ],
)
def test_orders_are_found_by_what_staff_know_of_them(deal, wanted, names):
    assert found(deal, **wanted) == names


def test_orders_are_found_by_point_item_time_and_number(deal):
    first = deal.items[0].id
    assert found(deal, point_id=deal.points[1].id) == ["李静"]
    assert found(deal, item_id=first) == ["王强", "张伟"]
    assert found(deal, since=clock.now() + timedelta(hours=1)) == []
    assert found(deal, until=clock.now() - timedelta(hours=1)) == []
    number = searching.page_of(Wanted(), searching.matching(deal, Wanted(who="静")), 1)[0]
    assert found(deal, who=number.order.number.lower()) == ["李静"]


def test_another_deals_orders_are_never_found(deal):
    order(open_deal(leader=deal.leader), 1, member=member(deal.leader, "陈静", "13700000000"))
    assert found(deal, who="静") == ["李静"]
    assert searching.counts(deal) == {
        "all": 3,
        "unvouched": 1,
        "waiting": 0,
        "short": 0,
        "cold": 1,
        "uncollected": 0,
    }


def test_what_was_short_and_what_waits_is_found_after_the_arrival(app):
    deal = rows.closed_deal((2, 1), (1, 0))
    rows.arrive(deal, 2)
    assert len(found(deal, only=frozenset({"short"}))) == 1
    assert len(found(deal, only=frozenset({"waiting"}))) == 1  # of the other nothing came
    page = words(at_desk(app, deal.leader).get(f"/lead/deals/{deal.slug}/orders", headers=EN))
    assert "土鸡蛋 1→0" in page
    assert "To collect" in page


def test_the_list_masks_names_and_phones(app, deal):
    page = words(at_desk(app, deal.leader).get(f"/lead/deals/{deal.slug}/orders", headers=EN))
    assert "李* 138****8000 6-2-1102" in page
    assert "李静" not in page
    assert "13800138000" not in page
    assert "Cash not vouched" in page


def test_the_address_holds_the_filters(app, deal):
    today = local(clock.now()).date()
    client, base = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders"
    page = client.get(f"{base}?state=pending&since={today}&until={today}&sort=roll", headers=EN)
    assert "李*" in words(page)
    assert "张*" not in words(page)
    for odd in ("?page=9&state=x&point=x&item=9e9&since=2026-99-99&only=x&sort=x", "?page=-1"):
        assert "张*" in words(client.get(base + odd, headers=EN))
    assert "No order fits" in words(client.get(f"{base}?who=nobody", headers=EN))


def test_fifty_rows_take_as_many_statements_as_five(app):
    leader = factories.make_leader()
    deal = open_deal(leader=leader)
    client, base = None, f"/lead/deals/{deal.slug}/orders"
    seen = {}
    for wanted in (5, 60):
        for _ in range(wanted - count(searching.Order, searching.Order.deal_id == deal.id)):
            order(deal, 1, contact=CONTACT)
        client = client or at_desk(app, leader)
        db.session.commit()
        db.session.expire_all()
        with statements() as said:
            page = client.get(base, headers=EN)
        seen[wanted] = len(said)
        assert page.status_code == 200
    assert seen[5] == seen[60]
    assert "Page 1 of 2, 60 in all" in words(page)
    assert "李*" in words(client.get(f"{base}?page=2", headers=EN))


def test_a_view_is_kept_under_a_name_replaced_and_deleted(app, deal):
    client, base = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders"
    kept = {"name": "欠钱的", "query": f"state=pending&item={deal.items[0].id}&evil=1"}
    assert client.post(f"{base}/views", data=kept).status_code == 303
    client.post(f"{base}/views", data=kept | {"query": "only=cold"})
    view = db.session.scalars(db.select(SavedView)).one()
    assert view.query == "only=cold"
    assert "欠钱的" in words(client.get(base, headers=EN))
    assert client.post(f"{base}/views/{view.id}/delete").status_code == 303
    assert client.post(f"{base}/views/{view.id}/delete").status_code == 404
    assert count(SavedView) == 0
    assert_everything_true()


def test_a_view_without_name_or_filters_is_refused(app, deal):
    client, base = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders"
    for fields in ({"name": "", "query": "only=cold"}, {"name": "x", "query": "only=nothing"}, {}):
        assert client.post(f"{base}/views", data=fields).status_code == 303
    assert count(SavedView) == 0


def test_a_view_is_its_owners_alone(app, deal):
    client, base = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders"
    client.post(f"{base}/views", data={"name": "冷", "query": "only=cold"})
    view = db.session.scalars(db.select(SavedView)).one()
    other = at_desk(app, helper_of(deal.leader, orders=True))
    assert "冷" not in words(other.get(base, headers=EN)).split()
    assert other.post(f"{base}/views/{view.id}/delete").status_code == 404


def test_only_those_with_the_right_at_this_desk_see_orders(app, deal):
    base = f"/lead/deals/{deal.slug}/orders"
    assert at_desk(app, helper_of(deal.leader, orders=True)).get(base).status_code == 200
    assert at_desk(app, helper_of(deal.leader, pickup=True)).get(base).status_code == 404
    assert at_desk(app, factories.make_leader("周叔")).get(base).status_code == 404
    assert app.test_client().get(base).status_code == 303


def test_an_empty_deal_says_what_will_be_there(app):
    deal = open_deal()
    page = at_desk(app, deal.leader).get(f"/lead/deals/{deal.slug}/orders", headers=EN)
    assert "Here will be every order" in words(page)
