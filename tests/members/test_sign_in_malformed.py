"""Whatever is sent to the doors: a page that says so, nobody let in, nothing written."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.accounts.models import Consent, Device, OneTimeCode, User
from tests.fakes.texting import FakeTexting
from tests.members.browser import PHONE, Browser, counted

ODD = (
    st.text(max_size=40)
    | st.sampled_from(
        ["\x00", "1_000", "٣" * 11, "１３８", "a@b", "@", "x" * 9000, "\u202e", "’;--"]
    )
    | st.binary(max_size=30)
)
MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OPEN = ["/sign-in", "/register", "/sign-in/forgotten", "/sign-in/password", "/sign-in/code"]
STEPS = ["/sign-in/code", "/sign-in/name", "/sign-in/new-password", "/sign-in/code/again", "/agree"]


def raw(fields: dict[str, str | bytes]) -> dict[str, bytes]:
    return {
        name: value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
        for name, value in fields.items()
    }


def send(browser: Browser, path: str, fields: dict[str, str | bytes]) -> int:
    parts = [
        f"{name}=" + "".join(f"%{byte:02X}" for byte in value)
        for name, value in raw(fields).items()
    ]
    browser._ask(
        "POST", path, data="&".join(parts), content_type="application/x-www-form-urlencoded"
    )
    return browser.answer.status_code


@pytest.mark.parametrize("path", OPEN)
def test_odd_input_at_a_door_is_refused(app: Flask, texting: FakeTexting, path: str):
    @MANY
    @given(to=ODD, password=ODD, code=ODD)
    def check(to, password, code):
        browser = Browser(app)
        assert send(browser, path, {"to": to, "password": password, "code": code}) in (303, 422)

    check()
    assert counted(User) == counted(Device) == counted(OneTimeCode) == 0


@pytest.mark.parametrize("path", STEPS)
def test_odd_input_in_the_middle_is_refused(app: Flask, texting: FakeTexting, path: str):
    browser = Browser(app)
    browser.post("/sign-in", to=PHONE)
    start = browser.cookie

    @MANY
    @given(name=ODD, password=ODD, code=ODD)
    def check(name, password, code):
        browser.cookie = start
        fields = {"name": name, "password": password, "code": code, "rules": "y", "privacy": "y"}
        assert send(browser, path, fields) in (303, 422)

    check()
    assert counted(User) == counted(Device) == counted(Consent) == 0


@MANY
@given(odd=ODD)
def test_odd_cookies_and_queries_break_nothing(app: Flask, odd: str | bytes):
    query = "".join(f"%{byte:02X}" for byte in raw({"q": odd})["q"])
    browser = Browser(app)
    for path in (f"/sign-in?next={query}", f"/documents/{query or 'x'}"):
        assert browser.get(path).status_code in (200, 308, 404)
