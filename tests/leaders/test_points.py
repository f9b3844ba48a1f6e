"""Points and helpers on their pages."""

from __future__ import annotations

from flask import Flask

from groupbuy.accounts.models import PickupPoint
from groupbuy.accounts.staff import posts_of
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from tests import factories
from tests.checks import count
from tests.factories import make_deal, make_leader, make_point, make_user
from tests.operators.desks import as_user
from tests.pages.reading import statements, words

POINT = {"name": "南门岗亭", "address": "右手边", "hours": "16:00–21:00"}


def test_a_point_is_added_changed_put_away_and_brought_back(app: Flask):
    leader = make_leader()
    db.session.commit()
    client = as_user(app, leader.user)
    assert client.post("/lead/points/new", data=POINT).status_code == 303
    again = client.post("/lead/points/new", data=POINT)
    assert (again.status_code, "南门岗亭" in again.text) == (422, True)
    [point] = db.session.query(PickupPoint).filter_by(leader_id=leader.id)
    address = f"/lead/points/{point.id}"
    assert client.post(address, data={**POINT, "name": "北门"}).status_code == 303
    assert client.post(address, data={**POINT, "name": ""}).status_code == 422
    assert client.post(f"{address}/put-away").status_code == 303
    assert client.post(f"{address}/bring-back").status_code == 303
    assert "北门" in words(client.get("/lead/points"))
    assert client.get(address).status_code == 200


def test_a_point_that_a_deal_uses_says_which_and_stays(app: Flask):
    deal = make_deal(title="周六菜篮子")
    db.session.commit()
    client, point = as_user(app, deal.leader.user), deal.points[0]
    assert "周六菜篮子" in words(client.get(f"/lead/points/{point.id}"))
    refused = client.post(f"/lead/points/{point.id}/put-away")
    assert (refused.status_code, "周六菜篮子" in refused.text) == (409, True)
    db.session.refresh(point)
    assert point.is_active


def test_a_helper_gets_rights_loses_them_and_is_removed(app: Flask):
    leader, user = make_leader(), make_user("沈立夏")
    point = make_point(leader)
    db.session.commit()
    client, helping = as_user(app, leader.user), as_user(app, user)
    fields = {"phone": user.phone, "rights": ["pickup", "orders"], "points": [str(point.id)]}
    assert helping.get("/lead/messages").status_code == 404
    assert client.post("/lead/helpers/new", data=fields).status_code == 303
    assert helping.get("/lead/messages").status_code == 200
    assert helping.get("/lead/points").status_code == 404  # the leader's alone
    assert "沈立夏" in words(client.get("/lead/points"))
    address = f"/lead/helpers/{user.id}"
    assert client.get(address).status_code == 200
    changed = {"rights": ["count_in"], "all_points": "y"}
    assert client.post(address, data=changed).status_code == 303
    assert helping.get("/lead/messages").status_code == 404
    assert posts_of(user)[0].point_ids is None
    assert client.post(address, data={"rights": ["count_in"]}).status_code == 422
    assert client.post(f"{address}/remove").status_code == 303
    assert list(posts_of(user)) == []
    for gone in (client.get(address), client.post(address, data=changed)):
        assert gone.status_code == 404


def test_a_number_nobody_registered_with_is_said_plainly(app: Flask):
    leader = make_leader()
    db.session.commit()
    client = as_user(app, leader.user)
    for phone in ("13911111111", "abc", ""):
        fields = {"phone": phone, "rights": "pickup", "all_points": "y"}
        answer = client.post("/lead/helpers/new", data=fields)
        assert (answer.status_code, 'class="f__bad"' in answer.text) == (422, True)


def test_what_belongs_to_another_leader_is_missing(app: Flask):
    other, mine = make_leader(), make_leader()
    point, helper = make_point(other), make_user()
    db.session.commit()
    as_user(app, other.user).post(
        "/lead/helpers/new", data={"phone": helper.phone, "rights": "pickup", "all_points": "y"}
    )
    client = as_user(app, mine.user)
    for address in (f"points/{point.id}", f"helpers/{helper.id}", "points/x", "helpers/x"):
        assert client.get(f"/lead/{address}").status_code == 404
        assert client.post(f"/lead/{address}", data=POINT).status_code == 404
    assert client.post(f"/lead/points/{point.id}/put-away").status_code == 404
    assert client.post(f"/lead/helpers/{helper.id}/remove").status_code == 404
    assert len(posts_of(helper)) == 1


def test_many_points_and_helpers_ask_no_more_than_few(app: Flask):
    leader = make_leader()
    make_point(leader)
    db.session.commit()
    client = as_user(app, leader.user)
    with statements() as few:
        client.get("/lead/points")
    for _ in range(30):
        make_point(leader)
    db.session.commit()
    with statements() as many:
        client.get("/lead/points")
    assert len(many) == len(few)


def test_neighbours_hear_where_a_point_is_now(app: Flask):
    deal = make_deal()
    factories.make_order(deal, 1)
    point = deal.points[0]
    client = as_user(app, deal.leader.user)
    typed = {"name": point.name, "address": "南门外", "hours": ""}
    for _twice in range(2):
        assert client.post(f"/lead/points/{point.id}", data=typed).status_code == 303
    assert count(Notice, Notice.kind == "place_moved") == 1
