"""A supplier with nothing but a link, and the leader who reads what they said."""

from __future__ import annotations

import pathlib
import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.purchasing import answers, reopening
from groupbuy.purchasing.links import supplier_link
from groupbuy.purchasing.models import PurchaseList
from tests.browser.conftest import OpenPage
from tests.browser.console import (
    SIZES,
    cells,
    close_now,
    deal_of_one_supplier,
    desks,
    fetched,
    fits,
    fresh,
    on_both,
    open_up,
    order_now,
    photo,
    press,
    saved,
)
from tests.browser.site import Site

pytestmark = pytest.mark.slow
GOODS = ("菠菜", "土鸡蛋", "云南蓝莓")


def list_of(deal: Deal) -> PurchaseList:
    fresh()
    found: PurchaseList = db.session.query(PurchaseList).filter_by(deal_id=deal.id).one()
    return found


def choose(page: Page, item_id: int, choice: str) -> None:
    """Tap one of the three words at a line."""
    page.locator(f"label:has([name='answer-{item_id}'][value='{choice}'])").click()


def send(page: Page) -> None:
    page.locator("form[data-answer] button.weui-btn_primary").click()


@on_both
def test_a_supplier_downloads_answers_and_sends_a_photograph_and_the_leader_sees_it(
    site: Site, open_page: OpenPage, tmp_path: pathlib.Path, size: str
):
    deal = deal_of_one_supplier(*GOODS)
    order_now(deal, 8, 8, 8, name="欧阳娜娜")
    close_now(deal)
    asked = list_of(deal)
    first, second, third = (line.item_id for line in asked.current.lines)
    page = open_page(**SIZES[size])
    link = supplier_link(asked, now=clock.now())
    open_up(page, link)
    expect(page.locator(".lno")).to_contain_text(asked.number)
    expect(page.locator("main")).not_to_contain_text("欧阳")
    book = cells(fetched(page, lambda: page.locator("a[href*='purchase-list.xlsx']").click()))
    assert asked.number in " ".join(book)
    assert "欧阳娜娜" not in " ".join(book)

    choose(page, first, "full")
    choose(page, second, "short")
    page.fill(f"[name='pieces-{second}']", "9")  # more than was asked for
    choose(page, third, "none")
    page.fill("#note", "蓝莓断货，下周有")
    send(page)
    expect(page.locator(f"#bad-{second}")).to_be_visible()
    expect(page.locator("#note")).to_have_value("蓝莓断货，下周有")
    page.fill(f"[name='pieces-{second}']", "5")
    send(page)
    saved(page)
    fresh()
    assert list(answers.confirmed(asked).values()) == [8, 5, 0]

    page.locator("a[href$='/delivery-notes']").click()
    page.set_input_files("#picture", photo(tmp_path))
    page.locator("form button.weui-btn_primary").click()
    expect(page.locator(".shots img")).to_have_count(1)
    fits(page)
    page.goto(link)
    page.locator("a[href$='/history']").click()
    expect(page.locator(".past li")).to_have_count(1)

    mine = desks(site, open_page, size)(deal.leader.user)
    open_up(mine, f"/lead/deals/{deal.slug}/lists")
    press(mine, asked.number)
    expect(mine.locator("main")).to_contain_text("蓝莓断货，下周有")
    expect(mine.locator(".four td.t-bad", has_text="5")).to_be_visible()
    expect(mine.locator("#notes img")).to_have_count(1)
    fits(mine)


def test_an_answer_to_an_old_revision_is_refused_and_nothing_of_it_is_kept(
    site: Site, open_page: OpenPage
):
    deal = deal_of_one_supplier(*GOODS)
    order_now(deal, 8, 8, 8, name="欧阳娜娜")
    close_now(deal)
    page = open_page()
    open_up(page, supplier_link(list_of(deal), now=clock.now()))
    for line in list_of(deal).current.lines:
        choose(page, line.item_id, "full")
    with transaction():
        now = clock.now()
        reopening.reopen(deal, now + timedelta(hours=2), now=now)
    order_now(deal, 2, name="李静")
    close_now(deal)
    asked = list_of(deal)
    assert asked.current_revision == 2
    send(page)
    expect(page.locator(".flash_error")).to_be_visible()
    expect(page.locator(".rev")).to_contain_text("2")
    fresh()
    assert answers.confirmed(asked) == {}
    send(page)  # the same words, to the revision that is shown now
    saved(page)
    fresh()
    assert list(answers.confirmed(asked).values()) == [10, 8, 8]


def test_a_link_made_by_the_leader_opens_the_list_until_she_ends_all_links(
    site: Site, open_page: OpenPage
):
    deal = deal_of_one_supplier(*GOODS)
    order_now(deal, 8, 8, 8, name="欧阳娜娜")
    close_now(deal)
    asked = list_of(deal)
    mine = desks(site, open_page, "pc")(deal.leader.user)
    open_up(mine, f"/lead/deals/{deal.slug}/lists/{asked.id}")
    mine.locator("#link form[action$='/link'] button").click()
    expect(mine.locator("#link textarea").first).to_have_value(re.compile(site.url))
    text = mine.locator("#link textarea").first.input_value()
    link = text[text.index(site.url) :]  # the last thing said, without a mark after it
    theirs = open_page()
    open_up(theirs, link)
    mine.locator("#link summary").click()
    mine.locator("#link form[action$='/revoke'] button").click()
    saved(mine)
    assert theirs.goto(link).status == 404
