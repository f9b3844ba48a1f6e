"""One tap in WeChat: there and back, and only for whoever asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts.membership import membership
from groupbuy.accounts.models import User
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.members import by_wechat
from tests.factories import make_order
from tests.fakes.texting import FakeTexting
from tests.fakes.wechat import FakeWeChat
from tests.members.browser import PHONE, RIGHT, Browser, counted, prove, wang
from tests.members.test_deal_page import open_deal
from tests.pages.reading import words

IN_WECHAT = "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"


@pytest.fixture
def tencent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWeChat]:
    with FakeWeChat() as fake:
        for name, value in fake.settings.items():
            monkeypatch.setitem(app.config, name, value)
        yield fake


def ask(browser: Browser) -> str:
    """Tap the button; returns the state that WeChat will send back."""
    answer = browser.get("/sign-in/wechat")
    sent = parse_qs(urlsplit(answer.location).query)
    assert sent["redirect_uri"] == ["http://localhost/sign-in/wechat/back"]
    return sent["state"][0]


def come_back(browser: Browser, fake: FakeWeChat, state: str, openid: str = "o-wang"):
    code = fake.allow(openid, "王芳🌸")
    return browser.get(f"/sign-in/wechat/back?code={code}&state={state}")


def test_the_button_is_there_in_wechat_only_and_when_configured(app: Flask, tencent: FakeWeChat):
    assert "Go on with WeChat" in words(Browser(app, IN_WECHAT).get("/sign-in"))
    assert "Go on with WeChat" not in words(Browser(app).get("/sign-in"))
    app.config["WECHAT_APP_ID"] = ""
    assert "Go on with WeChat" not in words(Browser(app, IN_WECHAT).get("/sign-in"))
    for path in ("/sign-in/wechat", "/sign-in/wechat/back?code=1&state=1"):
        assert Browser(app, IN_WECHAT).get(path).status_code == 404


def test_one_tap_makes_an_account_and_the_next_finds_it(app: Flask, tencent: FakeWeChat):
    browser = Browser(app, IN_WECHAT)
    browser.get("/sign-in?next=/d/abc")
    assert come_back(browser, tencent, ask(browser)).location == "/agree"
    assert browser.post("/agree", rules="y", privacy="y").location == "/d/abc"
    user = db.session.scalars(sa.select(User)).one()
    assert (user.name, user.wechat_openid, user.phone) == ("王芳🌸", "o-wang", None)
    again = Browser(app, IN_WECHAT)
    assert come_back(again, tencent, ask(again)).location == "/me"
    assert again.is_in()
    assert counted(User) == 1


def test_somebody_without_a_nickname_is_called_something(app: Flask, tencent: FakeWeChat):
    browser = Browser(app, IN_WECHAT, language="zh-CN")
    state = ask(browser)
    browser.get(f"/sign-in/wechat/back?code={tencent.allow('o-quiet')}&state={state}")
    assert db.session.scalars(sa.select(User.name)).one() in ("微信用户", "WeChat user")


@pytest.mark.parametrize("state", ["", "wrong", "x" * 10_000, "%ff", "%00", "状态"])
def test_a_wrong_or_missing_state_lets_nobody_in(app: Flask, tencent: FakeWeChat, state: str):
    browser = Browser(app, IN_WECHAT)
    ask(browser)
    assert come_back(browser, tencent, state).location == "/sign-in"
    assert come_back(Browser(app, IN_WECHAT), tencent, state).location == "/sign-in"
    assert counted(User) == 0
    assert tencent.asked == []


def test_a_state_is_good_once_and_in_its_browser_only(app: Flask, tencent: FakeWeChat):
    browser, other = Browser(app, IN_WECHAT), Browser(app, IN_WECHAT)
    state = ask(browser)
    ask(other)
    assert come_back(other, tencent, state).location == "/sign-in"
    assert not other.is_in()
    come_back(browser, tencent, state)
    browser.post("/sign-out")
    assert come_back(browser, tencent, state).location == "/sign-in"
    assert not browser.is_in()


def test_a_state_is_good_for_ten_minutes(
    app: Flask, tencent: FakeWeChat, monkeypatch: pytest.MonkeyPatch
):
    browser = Browser(app, IN_WECHAT)
    state = ask(browser)
    with browser.client.session_transaction() as session:
        session["wechat"] = [state, clock.now().timestamp() - 601]
    assert timedelta(seconds=601) > by_wechat.STATE_GOOD_FOR
    assert come_back(browser, tencent, state).location == "/sign-in"
    assert counted(User) == 0


@pytest.mark.parametrize("trouble", ["refused", "errors", "status", "garbage", "delay", "snapshot"])
def test_when_wechat_fails_it_is_said_and_nothing_is_written(
    app: Flask, tencent: FakeWeChat, trouble: str
):
    browser = Browser(app, IN_WECHAT)
    state = ask(browser)
    knobs = {"errors": 40029, "status": 500, "garbage": b"<html>", "delay": 3}
    if trouble in knobs:
        getattr(tencent, trouble)[""] = knobs[trouble]
    tencent.snapshot = trouble == "snapshot"
    if trouble == "refused":
        browser.get(f"/sign-in/wechat/back?state={state}")
    else:
        come_back(browser, tencent, state)
    assert browser.answer.location == "/sign-in"
    said = "did not allow it" if trouble == "refused" else "did not answer as it should"
    assert said in words(browser.follow())
    assert counted(User) == 0


def test_somebody_disabled_is_not_let_in(app: Flask, tencent: FakeWeChat):
    first = Browser(app, IN_WECHAT)
    come_back(first, tencent, ask(first))
    db.session.scalars(sa.select(User)).one().advance("disabled")
    db.session.commit()
    browser = Browser(app, IN_WECHAT)
    assert come_back(browser, tencent, ask(browser)).location == "/sign-in"
    assert not browser.is_in()


def test_somebody_signed_in_comes_back_with_wechat_linked(app: Flask, tencent: FakeWeChat):
    user, browser = wang(RIGHT), Browser(app, IN_WECHAT)
    browser.post("/sign-in/password", to=PHONE, password=RIGHT)
    assert come_back(browser, tencent, ask(browser)).location == "/me"
    db.session.expire_all()
    assert user.wechat_openid == "o-wang"
    by_tap = Browser(app, IN_WECHAT)
    come_back(by_tap, tencent, ask(by_tap))
    assert "138****0001" in words(by_tap.get("/me/phone"))
    assert come_back(browser, tencent, ask(browser), "o-other").location == "/me"
    db.session.expire_all()
    assert user.wechat_openid == "o-wang"


def test_a_wechat_account_that_proves_a_known_phone_becomes_that_account(
    app: Flask, tencent: FakeWeChat, texting: FakeTexting
):
    user, browser, deal = wang(), Browser(app, IN_WECHAT), open_deal()
    order = make_order(deal, 1, member=membership(deal.leader_id, user, now=clock.now()))
    db.session.commit()
    come_back(browser, tencent, ask(browser))
    assert browser.get(f"/o/{order.number}").status_code == 404
    assert prove(browser, texting, "/me/phone").location == "/me"
    assert browser.get(f"/o/{order.number}").status_code == 200
    again = Browser(app, IN_WECHAT)
    come_back(again, tencent, ask(again))
    assert again.get(f"/o/{order.number}").status_code == 200
