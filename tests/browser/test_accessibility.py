"""No page breaks a rule of WCAG 2.2 A or AA that a machine can check: light, dark or large."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import stage
from tests.browser.conftest import PATIENCE_MS, PHONE
from tests.browser.found import Stage
from tests.browser.showing import PAGES
from tests.browser.shown import Shown
from tests.browser.site import Site, running_site
from tests.browser.watching import Watch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.environ.get("TEST_DATABASE") == "postgresql",
        reason="the pages are the same on every database",
    ),
]

AXE = pathlib.Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESKTOP = {"width": 1280, "height": 2400}
RUN = "rules => axe.run({runOnly: rules, resultTypes: ['violations']})"
# What can differ on a page whose elements are the same.
COLOURS = ["color-contrast", "link-in-text-block"]
SIZES = ["target-size", "scrollable-region-focusable", "link-in-text-block"]
# No camera is there, and no service worker is let in.
EXPECTED = ("The camera stream is only accessible if", "Service Worker registration blocked")


@pytest.fixture(scope="module")
def axe() -> str:
    """The checker's source; evaluated from outside, so the page's own policy stays in force."""
    if not AXE.exists():
        pytest.skip("missing tool: axe-core (npm ci)")
    return AXE.read_text()


@pytest.fixture(scope="module")
def community(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Stage]]:
    """The demo's community on a site of its own."""
    with running_site(database_url, tmp_path_factory.mktemp("community")) as site:
        yield site, stage.set_up(site.app)


@pytest.fixture(scope="module")
def phone(chromium: Browser, community: tuple[Site, Stage]) -> Iterator[tuple[Page, Watch]]:
    """One for all pages, which keeps styles and letters; and who watches it."""
    url = community[0].url
    options = PHONE | {"base_url": url, "reduced_motion": "reduce", "service_workers": "block"}
    context = chromium.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    watch = Watch(context, url)
    yield context.new_page(), watch
    context.close()


@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.name)
def test_everybody_can_use_it(
    shown: Shown, community: tuple[Site, Stage], axe: str, phone: tuple[Page, Watch]
):
    page, watch = phone
    watch.complaints.clear()
    show(shown, page, community, axe)
    found = violations(page, "light", LEVELS)
    page.emulate_media(color_scheme="dark")
    if shown.wide:
        page.set_viewport_size(DESKTOP)
    found += violations(page, "dark", LEVELS if shown.wide else COLOURS)
    page.emulate_media(color_scheme="light")
    show(shown, page, community, axe, large_type=True)
    found += violations(page, "large", SIZES if shown.wide else SIZES + COLOURS)
    found += [said for said in watch.complaints if not any(known in said for known in EXPECTED)]
    assert not found, "\n".join(found)


def show(
    shown: Shown, page: Page, community: tuple[Site, Stage], axe: str, **session: object
) -> None:
    """On a screen as tall as the page, so that the dock covers nothing."""
    site, staged = community
    page.set_viewport_size(PHONE["viewport"])
    shown.open(page, site.app, staged, **session)
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size(PHONE["viewport"] | {"height": height})
    page.evaluate(axe)


def violations(page: Page, mode: str, rules: list[str]) -> list[str]:
    """Mode, rule, element and what is the matter with it, a line each."""
    result: dict[str, Any] = page.evaluate(RUN, rules)
    return [
        f"{mode}, {rule['id']}: {node['html'][:160]} — {' '.join(node['failureSummary'].split())}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
