"""Adding, changing and deleting addresses by hand."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.accounts import addresses
from groupbuy.accounts.models import Address
from groupbuy.core import clock
from groupbuy.extensions import db
from tests.checks import count
from tests.factories import make_user
from tests.members.known import browser
from tests.pages.reading import words

HOME = {
    "name": "王芳",
    "phone": "139 0000-0001",
    "building": "7号楼",
    "unit": "2单元",
    "room": " 501 ",
}
KEPT = HOME | {"phone": "13900000001", "room": "501"}


def stored(user, **values) -> Address:
    return addresses.add(user, KEPT | values, now=clock.now())


def test_an_address_is_kept_as_it_is_meant(app: Flask):
    user = make_user()
    client = browser(app, user)
    answer = client.post("/me/addresses/new", data=HOME, follow_redirects=True)
    page = words(answer)
    assert "The address is kept." in page
    assert "王芳 13900000001 7号楼 2单元 501" in page
    assert addresses.default(user).contact == KEPT


def test_the_first_form_knows_who_they_are(app: Flask):
    user = make_user("王芳", "13900139000")
    client = browser(app, user)
    assert 'value="13900139000"' in client.get("/me/addresses/new").text
    client.post("/me/addresses/new", data=HOME)
    assert 'value="13900139000"' not in client.get("/me/addresses/new").text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Say who collects it."),
        ({"name": "\u202e王"}, "The name must be"),
        ({"phone": "138 0013 80"}, "This is not a mobile number"),
        ({"phone": ""}, "The leader needs a number"),
        ({"room": "5" * 41}, "At most 40 characters."),
        ({"building": "7号\u202e楼"}, "At most 40 characters."),
    ],
)
def test_what_is_wrong_is_told_at_the_field_and_the_rest_is_kept(
    app: Flask, wrong: dict[str, str], says: str
):
    client = browser(app, make_user())
    answer = client.post("/me/addresses/new", data=HOME | wrong)
    assert answer.status_code == 422
    assert says in words(answer)
    assert 'value="2单元"' in answer.text
    assert count(Address) == 0


def test_an_address_is_changed_made_the_default_and_deleted(app: Flask):
    user = make_user()
    address = stored(user)
    number = address.id
    client = browser(app, user)
    assert 'value="7号楼"' in client.get(f"/me/addresses/{number}").text
    client.post(f"/me/addresses/{number}", data=HOME | {"room": "502"})
    client.post(f"/me/addresses/{number}/default")
    db.session.expire_all()
    kept = addresses.default(user)
    assert (kept.id, kept.contact["room"], kept.is_default) == (number, "502", True)
    page = words(client.post(f"/me/addresses/{number}/delete", follow_redirects=True))
    assert "No address yet." in page
    assert count(Address) == 0


def test_the_twenty_first_is_refused_and_the_page_offers_no_more(app: Flask):
    user = make_user()
    for room in range(addresses.MOST):
        stored(user, room=str(room))
    client = browser(app, user)
    assert "/me/addresses/new" not in client.get("/me/addresses").text
    answer = client.post("/me/addresses/new", data=HOME)
    assert answer.status_code == 409
    assert "You keep 20 addresses" in words(answer)
    assert 'value="2单元"' in answer.text


@pytest.mark.parametrize(
    ("method", "ending"), [("get", ""), ("post", ""), ("post", "/default"), ("post", "/delete")]
)
def test_the_address_of_somebody_else_is_as_missing_as_none(app: Flask, method: str, ending: str):
    theirs = make_user("李雷")
    foreign = stored(theirs).id
    client = browser(app, make_user())
    answers = [
        client.open(f"/me/addresses/{number}{ending}", method=method, data=HOME | {"room": "9"})
        for number in (foreign, 10**9, "x", "1_0", "9" * 40)
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert len({words(answer) for answer in answers}) == 1
    assert addresses.default(theirs).contact["room"] == "501"


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sent=st.dictionaries(st.sampled_from(sorted(HOME)), st.text(max_size=60)))
def test_no_input_however_odd_breaks_the_form(app: Flask, sent: dict[str, str]):
    client = browser(app, make_user())
    sent = {name: text.encode("utf-8", "replace").decode() for name, text in sent.items()}
    before = count(Address)
    answer = client.post("/me/addresses/new", data=sent)
    assert answer.status_code in (303, 422)
    assert count(Address) - before == (answer.status_code == 303)
