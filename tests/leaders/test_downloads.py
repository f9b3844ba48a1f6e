"""Taking the orders away as a workbook: what is in it, and that it is written down."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.core.models import ActionLog
from groupbuy.core.xlsx import MIME_TYPE
from groupbuy.extensions import db
from tests import factories
from tests.leaders.orders import CONTACT, EN, at_desk, helper_of, member, open_deal, order
from tests.office import opened, rows


@pytest.fixture
def deal(app: Flask):
    """张伟 is vouched for, 李静 at the other point is not."""
    deal = open_deal(title="周六/菜篮子: “鲜”", points=2)
    order(deal, 2, member=member(deal.leader, "张伟", "13900001234"), vouched=True)
    there = deal.points[1].id
    order(deal, 1, member=member(deal.leader), point_id=there, contact=CONTACT)
    return deal


def taken(app: Flask, deal, query: str = "", who=None, **form):
    client = at_desk(app, who or deal.leader)
    answer = client.post(f"/lead/deals/{deal.slug}/orders.xlsx{query}", data=form, headers=EN)
    assert answer.status_code == 200
    return answer


def people(answer) -> list[str]:
    return [row[1] for row in rows(opened(answer.data)["Customers"])[2:-1]]


def logged() -> ActionLog:
    return db.session.scalars(sa.select(ActionLog).order_by(ActionLog.id.desc())).first()


def test_all_orders_are_in_the_file_and_the_log_says_who_took_how_many(app, deal):
    answer = taken(app, deal)
    assert answer.mimetype == MIME_TYPE
    assert answer.headers["Cache-Control"] in ("no-store", "no-cache")
    assert "周六" in unquote(answer.headers["Content-Disposition"])
    assert people(answer) == ["张伟", "李静"]
    entry = logged()
    assert (entry.action, entry.subject) == ("orders_exported", f"deal:{deal.id}")
    assert (entry.actor_id, entry.leader_id) == (deal.leader.user_id, deal.leader_id)
    assert entry.detail == {"rows": 2, "orders": 2, "filters": [], "whole_phones": False}


def test_the_filters_of_the_list_hold_and_are_explained(app, deal):
    query = f"?state=pending&point={deal.points[1].id}&who=李静&since=2020-01-01&until=2090-01-01"
    answer = taken(app, deal, query)
    assert people(answer) == ["李静"]
    about = dict(row[:2] for row in rows(opened(answer.data).worksheets[3]))
    assert deal.points[1].name in about["Filters"]
    assert "李静" in about["Filters"]
    assert "2020-01-01" in about["Filters"]
    assert logged().detail["filters"] == ["point", "since", "state", "until", "who"]
    assert "李静" not in str(logged().detail)


def test_only_chosen_orders_can_be_taken(app, deal):
    chosen = deal.last_roll_no and factories.make_placed(deal, 1, now=deal.opens_at)
    answer = taken(app, deal, f"?order={chosen.id}&order=x")
    assert len(people(answer)) == 1


def test_phones_are_masked_unless_asked_for(app, deal):
    def phones(answer) -> list[str]:
        return [row[16] for row in rows(opened(answer.data)["Customers"])[2:-1]]

    assert phones(taken(app, deal)) == ["139****1234", "138****8000"]
    assert phones(taken(app, deal, whole="1")) == ["13900001234", "13800138000"]
    assert logged().detail["whole_phones"] is True


def test_a_helper_for_orders_sees_no_costs_and_others_no_file(app, deal):
    helper = helper_of(deal.leader, orders=True)
    heads = rows(opened(taken(app, deal, who=helper).data)["Products"])[1]
    assert "Margin (yuan)" not in heads
    assert "Margin (yuan)" in rows(opened(taken(app, deal).data)["Products"])[1]
    url = f"/lead/deals/{deal.slug}/orders.xlsx"
    for nobody in (helper_of(deal.leader, pickup=True), factories.make_leader("别人")):
        assert at_desk(app, nobody).post(url).status_code == 404


def test_odd_filters_ask_for_nothing_and_break_nothing(app, deal):
    query = "?state=%00&point=x&item=-1&since=2035-13-01&order=99999999999999999999&only=all"
    assert people(taken(app, deal, query)) == ["张伟", "李静"]
    assert people(taken(app, deal, "?point=999999999999999999")) == []


def test_a_look_does_not_take_it(app, deal):
    client = at_desk(app, deal.leader)
    assert client.get(f"/lead/deals/{deal.slug}/orders.xlsx").status_code in (404, 405)
    assert logged() is None
