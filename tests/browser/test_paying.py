"""Paying online on a phone, by the sandbox: it goes well, it fails, it is done twice."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from groupbuy import jobs
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from tests.browser.site import Site
from tests.browser.walking import check_out, choose, open_deal, say_who, send_button
from tests.paying.stage import refunds

pytestmark = pytest.mark.slow
PAY_URL = re.compile(r"/o/[0-9A-Z-]+/pay$")
SANDBOX_URL = re.compile(r"/sandbox/pay/")


def order_online(page: Page) -> Order:
    """Order spinach and eggs, to be paid by the sandbox; the page is then that of paying."""
    deal = open_deal()
    choose(page, deal, *deal.items)
    check_out(page)
    say_who(page)
    page.check("[name=way][value=sandbox]")
    send_button(page).tap()
    expect(page).to_have_url(PAY_URL)
    return order_of(deal)


def order_of(deal: Deal) -> Order:
    db.session.rollback()
    return db.session.scalars(sa.select(Order).where(Order.deal_id == deal.id)).one()


def go_on(page: Page, way: str = "sandbox") -> None:
    page.check(f"[name=way][value={way}]")
    page.locator("form:has([name=way]) button[type=submit]").tap()


def end_with(page: Page, act: str) -> None:
    """Press a button of the sandbox's page; it leads back."""
    expect(page).to_have_url(SANDBOX_URL)
    page.locator(f"button[value={act}]").tap()
    expect(page).to_have_url(PAY_URL)


def test_paying_goes_well(site: Site, page: Page):
    order = order_online(page)
    expect(page.locator("[role=timer]")).to_be_visible()
    go_on(page)
    end_with(page, "pay")
    expect(page.locator("#pay .weui-btn_primary")).to_be_visible()
    expect(page.locator("[name=way]")).to_have_count(0)
    db.session.rollback()
    assert (order.state, order.paid_fen) == ("placed", 4230)
    page.locator("#pay .weui-btn_primary").tap()
    expect(page).to_have_url(re.compile(f"/o/{order.number}$"))
    expect(page.locator("main")).to_contain_text("¥42.30")
    expect(page.locator("a[href$='/pay']")).to_have_count(0)


def test_after_a_failure_cash_is_as_good(site: Site, page: Page):
    order = order_online(page)
    go_on(page)
    end_with(page, "fail")
    page.locator("form[action$='/pay/ask'] button").tap()
    expect(page.locator(".flash_error:not([data-offline])")).to_be_visible()
    go_on(page, "cash")
    expect(page).to_have_url(re.compile(f"/o/{order.number}$"))
    expect(page.locator(".flash_success")).to_be_visible()
    db.session.rollback()
    assert (order.state, order.way, order.paid_fen) == ("pending", "cash", 0)


def test_what_was_paid_twice_is_seen_to_go_back(site: Site, page: Page):
    order = order_online(page)
    go_on(page)
    end_with(page, "twice")
    expect(page.locator("#pay")).to_contain_text("−¥42.30")
    db.session.rollback()
    assert (order.state, order.paid_fen, order.refunded_fen) == ("placed", 8460, 4230)
    jobs.send_refunds(clock.now())
    db.session.rollback()
    assert [back.state for back in refunds(order)] == ["succeeded"]
    page.goto(f"/o/{order.number}")
    expect(page.locator("main")).to_contain_text("−¥42.30")
    expect(page.locator("a[href$='/pay']")).to_have_count(0)
