"""A phone with a real Chromium before a real server; every page it opens is watched."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from groupbuy.extensions import db
from tests.browser.site import Site, running_site
from tests.browser.watching import Watch
from tests.fakes.texting import FakeTexting

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
    "user_agent": "Mozilla/5.0 (Linux; Android 14; 23013RK75C) AppleWebKit/537.36"
    " (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
}
PATIENCE_MS = 5000

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, one for all tests."""
    program = shutil.which("chromium")
    if not program:
        pytest.skip("missing tool: Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def running(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests: each has leaders and deals of its own, which nobody else sees."""
    with running_site(database_url, pathlib.Path(tmp_path_factory.mktemp("site"))) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """The site, with its database open for this test to write in; commit what pages must see."""
    with running.app.app_context():
        yield running
        db.session.remove()


@pytest.fixture
def open_page(chromium: Browser, site: Site) -> Iterator[OpenPage]:
    """Opens another phone, with cookies of its own: `open_page(locale="en-GB")`.

    Options are those of a Playwright context; `allowed` are addresses of other hosts that its
    pages may ask. Afterwards the test fails if any page did what `Watch` calls wrong.
    """
    opened = []

    def open_page(*allowed: str, **options: Any) -> Page:
        context = chromium.new_context(**PHONE | {"base_url": site.url} | options)
        context.set_default_timeout(PATIENCE_MS)
        opened.append((context, Watch(context, site.url, *allowed)))
        return context.new_page()

    yield open_page
    complaints = []
    for context, watch in opened:
        context.close()
        complaints += watch.complaints
    assert complaints == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A phone in Shanghai that has never been here."""
    return open_page()


@pytest.fixture
def texting(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTexting]:
    """A provider that takes the site's text messages."""
    with FakeTexting() as fake:
        for name, value in fake.settings.items():
            monkeypatch.setitem(site.app.config, name, value)
        yield fake
