"""Money after the closing: it goes back for what did not come, and the leader settles."""

from __future__ import annotations

import io
import re

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from groupbuy import jobs
from groupbuy.accounts.models import Leader
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.money import format_yuan
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.pickup import arrival, handover, shortage
from groupbuy.pickup.models import Pickup
from groupbuy.purchasing.models import PurchaseList
from groupbuy.settlement import rates, sheet
from groupbuy.settlement.words import figure_names
from tests.browser.conftest import OpenPage
from tests.browser.console import (
    close_now,
    deal_of_one_supplier,
    desks,
    fetched,
    fresh,
    on_both,
    open_up,
    order_now,
    press,
    saved,
)
from tests.browser.site import Site
from tests.browser.test_paying import PAY_URL, end_with, go_on
from tests.browser.walking import check_out, plus, say_who, send_button
from tests.checks import assert_everything_true
from tests.paying.stage import refunds

pytestmark = pytest.mark.slow


def pay_for_three(page: Page, deal: Deal) -> Order:
    """A neighbour orders three pieces at ¥10.00 and pays them by the sandbox."""
    page.goto(f"/d/{deal.slug}")
    for pieces in ("1", "2", "3"):
        plus(page, deal.items[0]).tap()
        expect(page.locator("#dock .bag b")).to_have_text(pieces)
    check_out(page)
    say_who(page)
    page.check("[name=way][value=sandbox]")
    send_button(page).tap()
    expect(page).to_have_url(PAY_URL)
    go_on(page)
    end_with(page, "pay")
    fresh()
    return db.session.scalars(sa.select(Order).where(Order.deal_id == deal.id)).one()


def share_out(desk: Page, deal: Deal, received: int) -> None:
    """The leader counts the only line in, far too few, and shares out what is missing."""
    open_up(desk, f"/lead/deals/{deal.slug}/arrival")
    desk.locator(".c-go a").click()
    desk.locator(".in.r").fill(str(received))
    desk.locator(".in.r").blur()  # on a phone, typing brings the buttons of that line
    desk.locator(".act button[form=count]:visible").click()
    expect(desk.locator(".again[role=alert]")).to_be_visible()
    desk.locator(".act button[form=count]:visible").click()
    desk.locator("form[data-go] button").click()
    saved(desk)


def deliver(deal: Deal) -> None:
    """All of it came."""
    fresh()
    by = {"by_id": deal.leader.user_id, "now": clock.now()}
    lists = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    with transaction():
        for asked in db.session.scalars(lists).all():
            counts = {line.id: (line.pieces, 0) for line in asked.current.lines}
            counted = arrival.count_in(asked, counts, **by)
            shortage.carry_out(counted, deal.share_by, **by)


def hand_over_all(deal: Deal) -> None:
    """Every bag of `deal` is collected."""
    fresh()
    own = sa.select(Pickup).where(Pickup.deal_id == deal.id).order_by(Pickup.id)
    with transaction():
        for bag in db.session.scalars(own).all():
            by_id, nonce = deal.leader.user_id, f"money-{bag.id}"
            handover.hand_over(bag, nonce=nonce, by_id=by_id, now=clock.now())


@on_both
def test_what_did_not_come_is_seen_on_its_way_back_and_then_as_arrived(
    site: Site, page: Page, open_page: OpenPage, size: str
):
    deal = deal_of_one_supplier("冬笋")
    order = pay_for_three(page, deal)
    close_now(deal)
    share_out(desks(site, open_page, size)(deal.leader.user), deal, received=1)
    assert [(back.state, back.amount_fen) for back in refunds(order)] == [("requested", 2000)]
    page.goto(f"/o/{order.number}")
    money = page.locator(".sum").last
    expect(money).to_contain_text("正在退回 · 演示支付")
    expect(money).to_contain_text("演示支付：马上到账")
    expect(money).to_contain_text("−¥20.00")
    expect(money.locator(".sum__total")).to_contain_text("10.00")
    jobs.send_refunds(clock.now())
    assert [back.state for back in refunds(order)] == ["succeeded"]
    page.reload()
    expect(money).to_contain_text("已退 · 演示支付")
    expect(money).not_to_contain_text("正在退回")
    fresh()
    assert_everything_true()


def a_leader_with_sales() -> Deal:
    """Two orders, paid in cash; one tenth is commission."""
    deal = deal_of_one_supplier("土鸡蛋")
    leader: Leader = deal.leader
    with transaction():
        rates.set_for_leader(leader, 1000, by_id=leader.user_id, now=clock.now())
    order_now(deal, 2)
    order_now(deal, 3, name="王芳")
    close_now(deal)
    return deal


@on_both
def test_a_leader_reads_the_sheet_opens_a_number_and_takes_it_along(
    site: Site, open_page: OpenPage, size: str
):
    deal = a_leader_with_sales()
    desk = desks(site, open_page, size)(deal.leader.user)
    deliver(deal)
    hand_over_all(deal)
    fresh()
    told = sheet.figures(deal)
    assert (told["received"], told["gross"], told["commission"]) == (5000, 5000, 500)
    open_up(desk, "/lead/settlement")
    desk.get_by_role("link", name=deal.title).click()
    with site.app.test_request_context(headers={"Accept-Language": "zh-CN"}):
        names = {name: str(label) for name, label in figure_names().items()}
    for name, label in names.items():
        row = desk.locator("#sheet, table").locator("tr", has_text=label)
        amounts = [each.locator("td.num").first.inner_text() for each in row.all()]
        assert format_yuan(told[name]) in amounts, name
    desk.locator("a[href*='of=gross']").click()
    entries = sheet.entries(deal, "gross")
    amounts = desk.locator("section[aria-labelledby=entries] td.num").all_inner_texts()
    assert amounts == [format_yuan(entry.fen) for entry in entries]
    assert sum(entry.fen for entry in entries) == told["gross"]
    first = desk.locator("section[aria-labelledby=entries] a").first
    expect(first).to_have_attribute("href", re.compile(f"/lead/deals/{deal.slug}/orders/"))
    book = load_workbook(io.BytesIO(fetched(desk, lambda: press(desk, "下载表格"))))
    written = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True)}
    for name, label in names.items():
        assert round(written[label] * 100) == told[name], name
    fresh()
    assert_everything_true()
