"""A browser of one person, that person, and the phone that codes arrive on."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from groupbuy.accounts import consent, passwords
from groupbuy.accounts.models import OneTimeCode, User
from groupbuy.core import clock
from groupbuy.extensions import db
from tests.factories import make_user
from tests.fakes.texting import FakeTexting
from tests.pages.reading import words

PHONE, RIGHT = "13812340001", "correct horse"
TICKED = {"rules": "y", "privacy": "y"}


class Browser:
    """A client with cookies of its own; `answer` is the last page."""

    def __init__(self, app: Flask, agent: str = "Chrome Android", language: str = "en") -> None:
        self.client = app.test_client()
        self.headers = {"Accept-Language": language, "User-Agent": agent}
        self.answer: TestResponse

    def get(self, path: str) -> TestResponse:
        return self._ask("GET", path)

    def post(self, path: str, **fields: Any) -> TestResponse:
        return self._ask("POST", path, data=fields)

    def _ask(self, method: str, path: str, **more: Any) -> TestResponse:
        self.answer = self.client.open(path, method=method, headers=self.headers, **more)
        return self.answer

    def follow(self) -> TestResponse:
        """Go where the last answer leads."""
        assert self.answer.status_code == 303, words(self.answer)
        return self.get(self.answer.location)

    @property
    def cookie(self) -> str:
        cookie = self.client.get_cookie("session")
        return cookie.value if cookie else ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.client.set_cookie("session", value)

    def is_in(self) -> bool:
        """Whether the cookie lets this browser see what only people who signed in see."""
        return self.get("/me/phone").status_code == 200


def last_code(texting: FakeTexting) -> str:
    """The code of the text message that came last."""
    found = re.search(r"\b[0-9]{6}\b", texting.taken[-1]["text"])
    assert found
    return found[0]


def wang(password: str | None = None) -> User:
    """Somebody who has agreed to everything before."""
    user = make_user("王芳", PHONE)
    consent.agree(user, consent.DOCUMENTS, now=clock.now())
    if password:
        passwords.set_password(user, password)
    db.session.commit()
    return user


def prove(browser: Browser, texting: FakeTexting, path: str = "/sign-in", to: str = PHONE):
    browser.post(path, to=to)
    browser.follow()
    return browser.post("/sign-in/code", code=last_code(texting))


def counted(model: type) -> int:
    return db.session.scalars(sa.select(sa.func.count()).select_from(model)).one()


def forget_codes() -> None:
    """As if no code had ever been asked for."""
    db.session.execute(sa.delete(OneTimeCode))
    db.session.commit()


def plain(answer: TestResponse) -> str:
    """The page without what is new on each: the token of its forms."""
    return re.sub(r'(name="csrf_token"[^>]*value=")[^"]*', r"\1", answer.text)
