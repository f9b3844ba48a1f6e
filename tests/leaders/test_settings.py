"""A leader's group, the defaults of new deals, and choosing a desk."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts import helping
from groupbuy.extensions import db
from tests.conftest import NOON
from tests.factories import make_leader, make_point
from tests.operators.desks import GROUP_FIELDS, as_user
from tests.pages.reading import words

FIELDS = {**GROUP_FIELDS, "slug": "lin-jie"}


def test_name_contacts_and_address_change(app: Flask):
    leader = make_leader()
    db.session.commit()
    client = as_user(app, leader.user)
    assert leader.name in client.get("/lead/settings").text
    assert client.post("/lead/settings", data=FIELDS).status_code == 303
    db.session.refresh(leader)
    assert (leader.slug, leader.wechat_id) == ("lin-jie", "linjie")
    assert client.get("/l/lin-jie").status_code == 200


@pytest.mark.parametrize(
    ("field", "typed"),
    [("slug", "林姐"), ("slug", ""), ("name", ""), ("contact_phone", "1"), ("slug", "taken-one")],
)
def test_what_is_wrong_stays_as_it_was(app: Flask, field, typed):
    leader, other = make_leader(), make_leader()
    other.slug = "taken-one"
    db.session.commit()
    before = leader.slug
    answer = as_user(app, leader.user).post("/lead/settings", data={**FIELDS, field: typed})
    assert (answer.status_code, 'class="f__bad"' in answer.text) == (422, True)
    db.session.refresh(leader)
    assert (leader.slug, leader.community) == (before, "梧桐里")


def test_a_new_deal_begins_as_it_was_set(app: Flask):
    leader, foreign = make_leader(), make_point(make_leader())
    point = make_point(leader)
    db.session.commit()
    client = as_user(app, leader.user)
    fields = {
        "point_ids": [str(point.id), str(foreign.id), "x"],
        "pay_at_pickup": "y",
        "hold_minutes": "30",
        "limit_per_person": "",
        "share_by": "prorata",
        "ways": "cash",
    }
    address = "/lead/settings/deals"
    assert client.post(address, data=fields).status_code == 303
    db.session.refresh(leader)
    assert leader.deal_defaults == {
        "point_ids": [point.id],
        "pay_at_pickup": True,
        "share_by": "prorata",
        "hold_minutes": 30,
        "ways": ["cash"],
    }
    assert 'value="30"' in client.get(address).text
    assert client.post(address, data={**fields, "hold_minutes": "many"}).status_code == 422
    assert client.post(address, data={**fields, "share_by": "luck"}).status_code == 422
    assert client.get("/lead/deals/new").status_code == 200


def test_a_helper_of_two_sits_at_one_desk_at_a_time(app: Flask):
    mine, other, foreign = make_leader("林姐"), make_leader("周叔"), make_leader("顾姨")
    helping.add_helper(other, mine.user.phone, {"pickup"}, None, now=NOON)
    db.session.commit()
    client = as_user(app, mine.user)
    page = words(client.get("/lead/settings/desks"))
    assert ("林姐" in page, "周叔" in page, "顾姨" in page) == (True, True, False)
    assert client.get("/lead/points").status_code == 200
    address = "/lead/settings/desks"
    assert client.post(address, data={"desk": other.id}).status_code == 303
    assert client.get("/lead/points").status_code == 404  # a helper there
    assert "周叔" in words(client.get("/lead/settings/more"))
    for wrong in (foreign.id, "x", ""):
        assert client.post(address, data={"desk": wrong}).status_code == 404
    assert client.post(address, data={"desk": mine.id}).status_code == 303
    assert client.get("/lead/points").status_code == 200
