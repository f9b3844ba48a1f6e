"""Signing in by password, finding a forgotten one, and cookies that no longer let in."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts import devices
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from tests.fakes.texting import FakeTexting
from tests.members.browser import (
    PHONE,
    RIGHT,
    Browser,
    forget_codes,
    plain,
    prove,
    wang,
)
from tests.pages.reading import words


@pytest.mark.parametrize("to", [PHONE, "13900000000", "nobody@example.com"])
def test_every_wrong_password_has_the_same_answer(app: Flask, to: str):
    wang(RIGHT)
    answer = Browser(app).post("/sign-in/password", to=to, password="wrong horse")
    assert answer.status_code == 422
    same = plain(Browser(app).post("/sign-in/password", to=PHONE, password="wrong horse"))
    assert plain(answer).replace(to, PHONE) == same
    assert "wrong horse" not in answer.text


def test_somebody_disabled_is_told_no_more_than_a_stranger(app: Flask, texting: FakeTexting):
    user = wang(RIGHT)
    user.advance("disabled")
    db.session.commit()
    browser = Browser(app)
    stranger = plain(browser.post("/sign-in/password", to="13900000000", password=RIGHT))
    here = plain(browser.post("/sign-in/password", to=PHONE, password=RIGHT))
    assert here == stranger.replace("13900000000", PHONE)
    prove(browser, texting)
    assert "You cannot sign in with this" in words(browser.follow())
    assert not browser.is_in()


def test_a_forgotten_password_is_replaced_and_all_devices_are_out(app: Flask, texting: FakeTexting):
    wang(RIGHT)
    old = Browser(app)
    old.post("/sign-in/password", to=PHONE, password=RIGHT)
    assert old.is_in()
    browser = Browser(app)
    assert prove(browser, texting, "/sign-in/forgotten").location == "/sign-in/new-password"
    assert browser.follow().status_code == 200
    assert browser.post("/sign-in/new-password", password="short").status_code == 422
    assert browser.post("/sign-in/new-password", password="another horse").location == "/me"
    assert browser.is_in()
    assert not old.is_in()
    assert old.post("/sign-in/password", to=PHONE, password=RIGHT).status_code == 422
    assert old.post("/sign-in/password", to=PHONE, password="another horse").location == "/me"


@pytest.mark.parametrize("how", ["sign-out", "password", "disabled", "device"])
def test_a_cookie_saved_before_does_not_let_in(app: Flask, texting: FakeTexting, how: str):
    user, browser = wang(RIGHT), Browser(app)
    browser.post("/sign-in/password", to=PHONE, password=RIGHT)
    assert browser.is_in()
    saved = browser.cookie
    if how == "sign-out":
        answer = browser.post("/sign-out")
        assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    elif how == "password":
        prove(Browser(app), texting, "/sign-in/forgotten")
        other = Browser(app)
        forget_codes()
        prove(other, texting, "/sign-in/forgotten")
        other.post("/sign-in/new-password", password="another horse")
    else:
        with transaction():
            if how == "disabled":
                user.advance("disabled")
            else:
                [device] = devices.devices_of(user)
                devices.end_device(user, device.id, now=clock.now())
    browser.cookie = saved
    assert not browser.is_in()
