"""Signing in and registering by a code."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts import consent, devices
from groupbuy.accounts.models import Consent, OneTimeCode, User
from groupbuy.extensions import db
from tests.fakes.smtp import FakeMailServer
from tests.fakes.texting import FakeTexting
from tests.members.browser import (
    PHONE,
    RIGHT,
    TICKED,
    Browser,
    counted,
    forget_codes,
    last_code,
    plain,
    prove,
    wang,
)
from tests.pages.reading import words


def test_somebody_new_signs_in_with_a_phone_and_a_name(app: Flask, texting: FakeTexting):
    browser = Browser(app)
    assert browser.get("/sign-in?next=/d/abc").status_code == 200
    assert prove(browser, texting, to="+86 138-1234 0001").location == "/sign-in/name"
    assert texting.taken[0]["phone"] == PHONE
    with browser.client.session_transaction() as session:
        assert PHONE not in str(dict(session))
    assert "138****0001 is yours" in words(browser.follow())
    assert browser.post("/sign-in/name", name=" 王芳 ", **TICKED).location == "/d/abc"
    user = db.session.scalars(sa.select(User)).one()
    assert (user.name, user.phone, user.password_hash) == ("王芳", PHONE, None)
    assert consent.missing(user) == []
    assert browser.is_in()


def test_somebody_known_is_in_as_soon_as_the_code_is_right(app: Flask, texting: FakeTexting):
    user, browser = wang(), Browser(app)
    assert prove(browser, texting).location == "/me"
    assert browser.is_in()
    assert [device.name for device in devices.devices_of(user)] == ["Chrome · Android"]


def test_nobody_is_registered_who_has_not_ticked_both(app: Flask, texting: FakeTexting):
    browser = Browser(app)
    prove(browser, texting)
    page = browser.follow().text
    assert "checked" not in page
    for ticked in ({}, {"rules": "y"}, {"privacy": "y"}):
        answer = browser.post("/sign-in/name", name="王芳", **ticked)
        assert answer.status_code == 422
        assert "Tick this to say that you agree." in words(answer)
        assert 'value="王芳"' in answer.text
    assert counted(User) == counted(Consent) == 0


@pytest.mark.parametrize("to", [PHONE, "wang@example.com"])
def test_registering_with_a_password_proves_the_address_first(
    app: Flask, texting: FakeTexting, monkeypatch: pytest.MonkeyPatch, to: str
):
    with FakeMailServer() as mail:
        for name, value in mail.settings.items():
            monkeypatch.setitem(app.config, name, value)
        browser = Browser(app)
        browser.post("/register", to=to)
        browser.follow()
        if mail.messages:
            texting.taken.append({"text": mail.messages[0][1].get_content()})
        browser.post("/sign-in/code", code=last_code(texting))
    assert browser.answer.location == "/sign-in/name"
    short = browser.post("/sign-in/name", name="王芳", password="short", **TICKED)
    assert (short.status_code, counted(User)) == (422, 0)
    assert "short" not in short.text.split("<main>")[1].replace("A short sentence", "")
    assert browser.post("/sign-in/name", name="王芳", password=RIGHT, **TICKED).location == "/me"
    other = Browser(app)
    assert other.post("/sign-in/password", to=to, password=RIGHT).location == "/me"
    assert other.is_in()


def test_registering_with_a_taken_number_signs_its_owner_in(app: Flask, texting: FakeTexting):
    wang()
    browser = Browser(app)
    prove(browser, texting, "/register")
    browser.get("/sign-in/code")
    assert browser.is_in()
    assert counted(User) == 1


def test_asking_for_a_code_tells_nobody_who_has_an_account(app: Flask, texting: FakeTexting):
    wang()
    for path in ("/sign-in", "/register", "/sign-in/forgotten"):
        seen = []
        for to in (PHONE, "13812350001"):
            browser = Browser(app)
            asked = browser.post(path, to=to)
            entering = browser.follow()
            wrong = browser.post("/sign-in/code", code="000000")
            seen.append((asked.status_code, asked.location, plain(entering), plain(wrong)))
            forget_codes()
        assert seen[0] == seen[1]
    assert len(texting.taken) == 6


def test_a_wrong_code_costs_a_try_and_lets_nobody_in(app: Flask, texting: FakeTexting):
    wang()
    browser = Browser(app)
    browser.post("/sign-in", to=PHONE)
    code = last_code(texting)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for left in (4, 3, 2, 1, 0):
        answer = browser.post("/sign-in/code", code=wrong)
        assert answer.status_code == 422
        assert "wrong or too old" in words(answer)
        assert db.session.scalars(sa.select(OneTimeCode.tries_left)).one() == left
    assert browser.post("/sign-in/code", code=code).status_code == 422
    assert not browser.is_in()


def test_a_code_is_of_no_use_in_another_browser(app: Flask, texting: FakeTexting):
    wang()
    Browser(app).post("/sign-in", to=PHONE)
    other = Browser(app)
    assert other.post("/sign-in/code", code=last_code(texting)).location == "/sign-in"
    for path in ("/sign-in/code", "/sign-in/name", "/sign-in/new-password"):
        assert other.get(path).location == "/sign-in"
    assert other.post("/sign-in/name", name="X", **TICKED).location == "/sign-in"
    assert other.post("/sign-in/new-password", password=RIGHT).location == "/sign-in"


def test_the_last_step_cannot_be_taken_without_the_code(app: Flask, texting: FakeTexting):
    wang()
    browser = Browser(app)
    browser.post("/sign-in", to=PHONE)
    assert browser.post("/sign-in/name", name="X", **TICKED).location == "/sign-in"
    assert browser.post("/sign-in/new-password", password=RIGHT).location == "/sign-in"
    assert not browser.is_in()


def test_a_proof_kept_in_an_old_cookie_is_good_once(app: Flask, texting: FakeTexting):
    browser = Browser(app)
    prove(browser, texting)
    old = browser.cookie
    browser.post("/sign-in/name", name="王芳", **TICKED)
    browser.post("/sign-out")
    browser.cookie = old
    assert browser.post("/sign-in/name", name="王芳", **TICKED).location == "/sign-in"
    assert "took too long" in words(browser.follow())
    assert not browser.is_in()


def test_asking_twice_within_a_minute_leads_on_without_a_second_message(
    app: Flask, texting: FakeTexting
):
    browser = Browser(app)
    browser.post("/sign-in", to=PHONE)
    browser.post("/sign-in", to=PHONE)
    assert "less than a minute ago" in words(browser.follow())
    browser.post("/sign-in/code/again")
    assert "less than a minute ago" in words(browser.follow())
    assert len(texting.taken) == 1


def test_a_message_that_cannot_be_sent_is_said_at_the_field(app: Flask, texting: FakeTexting):
    texting.status = 500
    answer = Browser(app).post("/sign-in", to=PHONE)
    assert answer.status_code == 422
    assert "could not be sent" in words(answer)
    assert f'value="{PHONE}"' in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/register", "/sign-in/forgotten"])
@pytest.mark.parametrize("to", ["", "12345", "x" * 5000, "\x00", "a@b", "٠١٢"])
def test_what_is_no_address_is_said_at_the_field(
    app: Flask, texting: FakeTexting, path: str, to: str
):
    answer = Browser(app).post(path, to=to)
    assert answer.status_code == 422
    assert 'id="to-bad1"' in answer.text
    assert (counted(OneTimeCode), texting.taken) == (0, [])
