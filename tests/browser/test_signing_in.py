"""Registering, and the three ways in: a code, a password, one tap in WeChat."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from groupbuy.accounts.models import User
from groupbuy.core import crypto
from groupbuy.extensions import db
from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.browser.walking import enter_password, send, somebody
from tests.factories import make_user
from tests.fakes.texting import FakeTexting
from tests.fakes.wechat import FakeWeChat
from tests.members.browser import last_code

pytestmark = pytest.mark.slow

IN_WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 MicroMessenger/8.0.50"


def ask_for_code(page: Page, phone: str, texting: FakeTexting) -> str:
    """Ask for a code on the page of all ways in; returns the one that came."""
    page.fill("[name=to]", phone)
    send(page, "to")
    expect(page.locator("[name=code]")).to_be_visible()
    return last_code(texting)


def agree(page: Page) -> None:
    """Tick every box and send them."""
    page.check("[name=rules]")
    page.check("[name=privacy]")
    send(page, "rules")


def me_page(page: Page) -> None:
    """Signed in, on the page that says who one is; WeChat leaves a mark at its address."""
    expect(page).to_have_url(re.compile(r"/me(#wechat_redirect)?$"))


def test_somebody_new_registers_by_the_code_on_their_phone(
    site: Site, page: Page, texting: FakeTexting
):
    phone = make_user().phone or ""  # a number that is free, once its owner is gone
    db.session.rollback()
    page.goto("/sign-in?next=/me")
    code = ask_for_code(page, phone, texting)
    page.fill("[name=code]", "000000" if code != "000000" else "111111")
    send(page, "code")
    expect(page.locator(".field__bad")).to_be_visible()
    page.fill("[name=code]", code)
    send(page, "code")
    page.fill("[name=name]", "谷雨")
    agree(page)
    me_page(page)
    expect(page.locator("h1")).to_have_text("谷雨")
    whose = User.phone_hash == crypto.lookup_hash(phone)
    assert db.session.scalars(sa.select(User.name).where(whose)).all() == ["谷雨"]


def test_a_code_signs_in_whoever_is_known(site: Site, page: Page, texting: FakeTexting):
    user = somebody()
    page.goto("/sign-in?next=/me")
    page.fill("[name=code]", ask_for_code(page, user.phone or "", texting))
    send(page, "code")
    me_page(page)
    expect(page.locator("h1")).to_have_text("李静")


def test_a_password_signs_in_and_a_wrong_one_says_so(site: Site, page: Page):
    user = somebody()
    page.goto("/sign-in?next=/me")
    page.locator("a[href='/sign-in/password']").tap()
    page.fill("[name=to]", user.phone or "")
    page.fill("[name=password]", "wrong horse")
    send(page, "password")
    expect(page.locator(".field__bad")).to_be_visible()
    expect(page.locator("[name=to]")).to_have_value(user.phone or "")
    enter_password(page, user)
    me_page(page)


def test_one_tap_in_wechat_signs_in(
    site: Site, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
):
    with FakeWeChat() as tencent, consent_page(tencent) as open_url:
        for name, value in (tencent.settings | {"WECHAT_OPEN_URL": open_url}).items():
            monkeypatch.setitem(site.app.config, name, value)
        page = open_page(open_url, user_agent=IN_WECHAT)
        page.goto("/sign-in?next=/me")
        page.locator("a[href='/sign-in/wechat']").tap()
        agree(page)
        me_page(page)
        expect(page.locator("h1")).to_have_text("王芳")
        page.locator("form[action='/sign-out'] button").tap()
        expect(page).to_have_url("/sign-in")


@contextmanager
def consent_page(tencent: FakeWeChat) -> Iterator[str]:
    """The page of WeChat where people tap "allow"; here they have done so already."""

    class Allow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {
                name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()
            }
            code = tencent.allow("o-browser", "王芳")
            self.send_response(302)
            back = f"{asked['redirect_uri']}?code={code}&state={asked['state']}"
            self.send_header("Location", back)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_line: object) -> None:
            """The browser sees where it leads."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Allow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
