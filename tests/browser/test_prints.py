"""What comes out of the printer: whole slips, a label a page, heads on every page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from groupbuy.accounts import devices
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from tests import factories
from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.browser.stage import cookie
from tests.leaders.orders import CONTACT, open_deal, order

pytestmark = pytest.mark.slow

HOUSEHOLDS = 41
DESK: dict[str, Any] = {
    "viewport": {"width": 1280, "height": 800},
    "is_mobile": False,
    "has_touch": False,
    "locale": "en-GB",
}


@pytest.fixture
def deal(site: Site) -> Deal:
    """Households with one to six kinds of goods each, two rooms to a building."""
    leader = factories.make_leader()
    leader.user.locale = "en"
    skus = [factories.make_sku(leader, name=f"Goods {n}") for n in range(6)]
    deal = open_deal(leader=leader, skus=skus, title="Greens for the weekend")
    for n in range(1, HOUSEHOLDS + 1):
        home = CONTACT | {"building": str(n // 2), "room": str(n)}
        order(deal, *[1] * (n % 6 + 1), contact=home, note=f"end-of-{n}.", vouched=True)
    db.session.commit()
    return deal


@pytest.fixture
def desk(site: Site, open_page: OpenPage, deal: Deal) -> Page:
    """The leader's computer."""
    page = open_page(**DESK)
    with transaction():
        token = devices.sign_in_device(deal.leader.user, "Chrome", now=clock.now())
    value = cookie(site.app, {"_user_id": token, "_fresh": True})
    page.context.add_cookies([{"name": "session", "value": value, "url": site.url}])
    return page


def pages_of(page: Page, folder: Path) -> list[str]:
    """The words on each printed page."""
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("missing tool: pdftotext (apt-get install poppler-utils)")
    paper = folder / "printed.pdf"
    page.pdf(path=str(paper), prefer_css_page_size=True)
    told = subprocess.run([reader, "-layout", paper, "-"], check=True, capture_output=True)
    return told.stdout.decode().rstrip("\f").split("\f")


def open_sheet(page: Page, deal: Deal, kind: str) -> None:
    page.goto(f"/lead/deals/{deal.slug}/print")
    page.locator(f".prints a[href*='/print/{kind}']").click()
    expect(page.get_by_role("button", name="Print", exact=True)).to_be_visible()


def test_no_slip_is_torn_apart_and_every_page_says_what_it_is(deal, desk: Page, tmp_path: Path):
    open_sheet(desk, deal, "slips")
    printed = pages_of(desk, tmp_path)
    assert 3 < len(printed) < HOUSEHOLDS / 2
    for n in range(1, HOUSEHOLDS + 1):
        begins = [i for i, words in enumerate(printed) if re.search(rf"#{n}\b", words)]
        ends = [i for i, words in enumerate(printed) if f"end-of-{n}." in words]
        assert begins == ends
        assert len(begins) == 1
    assert all("Greens for the weekend" in words for words in printed)


def test_a_label_is_a_page_and_nothing_of_it_is_cut_off(deal, desk: Page, tmp_path: Path):
    open_sheet(desk, deal, "labels")
    assert len(pages_of(desk, tmp_path)) == HOUSEHOLDS
    cut = "labels => labels.filter(l => l.scrollHeight > l.clientHeight).length"
    assert desk.locator(".label").evaluate_all(cut) == 0


@pytest.mark.parametrize("kind", ["picking", "points"])
def test_lists_repeat_their_heads_and_print_without_the_bar(deal, desk, tmp_path, kind):
    open_sheet(desk, deal, kind)
    desk.emulate_media(media="print")
    expect(desk.locator(".bar")).to_be_hidden()
    assert all("Greens for the weekend" in words for words in pages_of(desk, tmp_path))


def test_another_way_to_sort_is_another_address(deal, desk: Page):
    open_sheet(desk, deal, "slips")
    desk.locator("select[name=sort]").select_option("roll")
    desk.get_by_role("button", name="Show").click()
    expect(desk).to_have_url(f"/lead/deals/{deal.slug}/print/slips?sort=roll")
    expect(desk.locator(".slip .no").first).to_have_text("#1")


def test_sheets_can_be_read_on_a_phone(deal, desk: Page):
    desk.set_viewport_size({"width": 390, "height": 844})
    for kind in ("picking", "slips", "labels", "points"):
        open_sheet(desk, deal, kind)
        wide = "document.documentElement.scrollWidth"
        assert desk.evaluate(wide) <= 390
