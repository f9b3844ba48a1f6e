"""How people read: larger, and in English."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.browser.walking import check_out, choose, open_deal, place, say_who

pytestmark = pytest.mark.slow

FONT_SIZE = "element => parseFloat(getComputedStyle(element).fontSize)"


def test_large_letters_are_one_tap_away_and_stay(site: Site, page: Page):
    deal = open_deal()
    page.goto(f"/d/{deal.slug}")
    price = page.locator(".item .price").first
    before = price.evaluate(FONT_SIZE)
    page.locator("button[name=type][value=large]").tap()
    expect(page.locator("html")).to_have_attribute("data-type", "large")
    expect(page).to_have_url(f"/d/{deal.slug}")
    assert price.evaluate(FONT_SIZE) == pytest.approx(before * 1.3, rel=0.05)
    page.goto("/me/orders")
    expect(page.locator("html")).to_have_attribute("data-type", "large")
    page.locator("button[name=type][value=ordinary]").tap()
    expect(page.locator("html")).not_to_have_attribute("data-type", "large")


def test_english_is_one_tap_away_and_an_order_can_be_made_in_it(site: Site, page: Page):
    deal = open_deal()
    page.goto(f"/d/{deal.slug}")
    page.locator("button[name=language][value=en]").tap()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    choose(page, deal, deal.items[0])
    check_out(page)
    expect(page.locator("h1")).to_have_text("Check your order")
    say_who(page)
    place(page)
    expect(page.locator(".ticket")).to_contain_text("Not paid yet")


def test_an_english_phone_is_answered_in_english(site: Site, open_page: OpenPage):
    deal = open_deal()
    page = open_page(locale="en-GB")
    page.goto(f"/d/{deal.slug}")
    expect(page.locator("#dock")).to_contain_text("Nothing chosen yet")
