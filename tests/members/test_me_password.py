"""Choosing another password while signed in."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts import signing_in
from groupbuy.accounts.models import User
from groupbuy.accounts.passwords import hash_password, is_right
from groupbuy.accounts.signing_in import NotTheirPassword
from groupbuy.core import clock
from groupbuy.extensions import db
from tests.factories import make_user
from tests.fakes.texting import FakeTexting
from tests.members.browser import PHONE, RIGHT, Browser, prove, wang
from tests.pages.reading import words

NEW = "a better one"


def signed_in(app: Flask, user: User, password: str = RIGHT) -> Browser:
    """A browser of `user`, who reads English."""
    browser, user.locale = Browser(app), "en"
    db.session.commit()
    browser.post("/sign-in/password", to=user.phone, password=password)
    assert browser.is_in()
    return browser


def test_the_new_password_counts_and_all_other_devices_and_old_cookies_are_out(app: Flask):
    user = wang(RIGHT)
    here, elsewhere = signed_in(app, user), signed_in(app, user)
    before = here.cookie
    assert here.post("/me/password", current=RIGHT, password=NEW).location == "/me"
    assert "All other devices are signed out" in words(here.follow())
    assert here.is_in()
    assert not elsewhere.is_in()
    elsewhere.cookie = before
    assert not elsewhere.is_in()
    assert Browser(app).post("/sign-in/password", to=PHONE, password=RIGHT).status_code == 422
    signed_in(app, user, NEW)


@pytest.mark.parametrize(
    ("current", "password", "sentence"),
    [
        ("wrong", NEW, "This is not your password."),
        ("", NEW, "Type your password."),
        (RIGHT, "short", "8 to 200"),
        (RIGHT, "", "Choose a password."),
    ],
)
def test_what_does_not_fit_is_said_at_the_field_and_changes_nothing(
    app: Flask, current: str, password: str, sentence: str
):
    user = wang(RIGHT)
    browser = signed_in(app, user)
    answer = browser.post("/me/password", current=current, password=password)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert f'value="{current or password}"' not in answer.text
    db.session.refresh(user)
    assert is_right(RIGHT, user.password_hash)


def test_who_has_none_chooses_their_first(app: Flask, texting: FakeTexting):
    user, browser = wang(), Browser(app)
    prove(browser, texting)
    page = browser.get("/me/password")
    assert "Password until now" not in words(page)
    assert browser.post("/me/password", password=NEW).location == "/me"
    assert browser.is_in()
    signed_in(app, user, NEW)


def test_a_password_that_was_replaced_meanwhile_is_no_longer_proof(app: Flask):
    user = make_user()
    user.password_hash = hash_password(RIGHT)
    before = user.password_hash
    signing_in.change_password(user, before, hash_password(NEW), now=clock.now())
    with pytest.raises(NotTheirPassword):
        signing_in.change_password(user, before, hash_password(RIGHT), now=clock.now())


def test_strangers_are_sent_to_sign_in(app: Flask):
    assert "/sign-in" in Browser(app).get("/me/password").location


def test_the_password_is_tried_ten_times(limited: Flask):
    browser = signed_in(limited, wang(RIGHT))
    for _ in range(10):
        assert browser.post("/me/password", current="wrong", password=NEW).status_code == 422
    assert browser.post("/me/password", current=RIGHT, password=NEW).status_code == 429
