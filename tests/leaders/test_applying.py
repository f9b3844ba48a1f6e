"""Asking to open deals: the form, how it stands, and the way there from one's own page."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts import applying
from groupbuy.accounts.people import leader_of
from groupbuy.core.settings import change_setting
from groupbuy.extensions import db
from tests.conftest import NOON
from tests.factories import make_leader, make_user
from tests.operators.desks import GROUP_FIELDS, as_user, make_operator
from tests.pages.reading import words

FIELDS = {**GROUP_FIELDS, "agree": "y"}


def test_an_application_waits_is_refused_and_sent_again(app: Flask):
    user, operator = make_user(), make_operator()
    client = as_user(app, user)
    assert "/lead/apply" in client.get("/me").text
    assert client.get("/lead/apply").status_code == 200
    assert client.post("/lead/apply", data=FIELDS).status_code == 303
    leader = leader_of(user)
    assert (leader.state, leader.contact_phone) == ("applied", "13900000088")
    assert client.post("/lead/apply", data=FIELDS).status_code == 409
    assert 'id="apply"' not in client.get("/lead/apply").text
    applying.refuse(leader, "请写明小区", by_id=operator.id, now=NOON)
    db.session.commit()
    page = client.get("/lead/apply").text
    assert ("请写明小区" in page, "住 7 号楼" in page) == (True, True)  # nothing is typed again
    assert client.post("/lead/apply", data=FIELDS).status_code == 303
    applying.approve(leader, by_id=operator.id, now=NOON)
    db.session.commit()
    assert 'href="/lead"' in client.get("/lead/apply").text
    assert 'href="/lead"' in client.get("/me").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "x" * 41),
        ("name", "林\u202e姐"),
        ("community", " "),
        ("contact_phone", "12345"),
        ("contact_phone", ""),
        ("intro", "x" * 501),
        ("wechat_id", "x" * 41),
        ("agree", None),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(app: Flask, field, typed):
    user = make_user()
    fields = {name: value for name, value in {**FIELDS, field: typed}.items() if value is not None}
    answer = as_user(app, user).post("/lead/apply", data=fields)
    assert (answer.status_code, leader_of(user)) == (422, None)
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.usefixtures("site_settings")
def test_the_door_can_be_shut_to_new_leaders(app: Flask):
    change_setting("APPLICATIONS_OPEN", False, by_id=make_operator().id, now=NOON)
    db.session.commit()
    user = make_user()
    client = as_user(app, user)
    assert 'id="apply"' not in client.get("/lead/apply").text
    assert client.post("/lead/apply", data=FIELDS).status_code == 409
    assert leader_of(user) is None


def test_guests_sign_in_first_and_leaders_read_that_they_are(app: Flask):
    assert app.test_client().get("/lead/apply").status_code == 303
    leader = make_leader()
    db.session.commit()
    client = as_user(app, leader.user)
    assert 'href="/lead"' in client.get("/lead/apply").text
    assert leader.name in words(client.get("/me"))
