"""A leader at her console: from an empty editor to a delivery that is shared out."""

from __future__ import annotations

import io
import pathlib

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from groupbuy.catalog.models import Sku
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.purchasing.models import PurchaseList
from tests.browser.conftest import OpenPage
from tests.browser.console import (
    at,
    cells,
    close_now,
    deal_of_one_supplier,
    desks,
    fetched,
    finish_closing,
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
from tests.browser.walking import open_deal
from tests.factories import make_leader, make_point, make_sku

pytestmark = pytest.mark.slow


def deals_of(leader_id: int) -> list[Deal]:
    """The newest last, as the server has written them."""
    fresh()
    return list(
        db.session.scalars(sa.select(Deal).where(Deal.leader_id == leader_id).order_by(Deal.id))
    )


@on_both
def test_a_deal_is_made_with_pictures_and_goods_typed_in_published_and_copied(
    site: Site, open_page: OpenPage, tmp_path: pathlib.Path, size: str
):
    leader = make_leader()
    make_sku(leader, name="土鸡蛋", price_fen=3780)
    db.session.commit()
    page = desks(site, open_page, size)(leader.user)
    open_up(page, "/lead/points")
    press(page, "新取货点")
    page.fill("[name=name]", "3 号门岗亭")
    page.fill("[name=address]", "3 号门进门左手")
    press(page, "保存")
    saved(page)

    open_up(page, "/lead/deals/new")
    page.fill("[name=title]", "周六菜篮子")
    page.set_input_files("#picture", [photo(tmp_path), photo(tmp_path, "b.jpg", "#c43")])
    expect(page.locator(".ed-pics img")).to_have_count(2)
    page.get_by_label("图片说明").or_(page.locator(".ed-pics input[type=text]")).first.fill("青菜")
    page.check("[name=pick]")
    press(page, "加上选中的")
    expect(page.locator("#ed-items .ed-row")).to_have_count(1)
    press(page, "现填一样新的")
    expect(page.locator("#ed-items .ed-row")).to_have_count(2)
    for field, text in {"name": "菠菜", "spec": "300 g", "unit": "把", "price": "4.50"}.items():
        page.fill(f"[name='items-1-{field}']", text)
    page.fill("[name='items-1-stock']", "40")
    page.select_option("[name='items-1-supplier']", "new")
    page.fill("[name=closes_at]", at(20))
    press(page, "马上开团")  # the supplier's name and the point are missing
    expect(page.locator(".alert-danger:visible").first).to_contain_text("标红")
    expect(page.locator("[name='items-1-name']")).to_have_value("菠菜")
    assert deals_of(leader.id) == []
    page.fill("[name='items-1-supplier_name']", "崇明农场")
    page.check("[name=points]")
    if size == "pc":
        expect(page.locator("#preview .pv-goods")).to_contain_text("¥4.50")
    press(page, "马上开团")
    saved(page)
    [deal] = deals_of(leader.id)
    assert deal.phase(clock.now()) == "open"
    assert [(item.name, item.price_fen, item.stock) for item in deal.items] == [
        ("土鸡蛋", 3780, None),
        ("菠菜", 450, 40),
    ]
    assert len(deal.pictures) == 2

    guest = open_page()
    open_up(guest, f"/d/{deal.slug}")
    expect(guest.locator("main")).to_contain_text("菠菜")
    assert guest.evaluate("[...document.images].every((one) => !one.complete || one.naturalWidth)")

    press(page, "照样再开")
    saved(page)
    expect(page.locator("[name=title]")).to_have_value("周六菜篮子")
    expect(page.locator(".ed-pics img")).to_have_count(2)
    assert [one.state for one in deals_of(leader.id)] == ["open", "draft"]


def test_without_script_a_deal_with_a_picture_and_typed_goods_is_drafted_and_published(
    site: Site, open_page: OpenPage, tmp_path: pathlib.Path
):
    leader = make_leader()
    make_point(leader)
    db.session.commit()
    page = desks(site, open_page, "phone", java_script_enabled=False)(leader.user)
    open_up(page, "/lead/deals/new")
    page.fill("[name=title]", "周日早餐")
    page.set_input_files("#picture", photo(tmp_path))
    press(page, "现填一样新的")
    expect(page.locator(".ed-pics img")).to_have_count(1)
    for field, text in {"name": "馒头", "price": "2", "supplier_name": "面包房"}.items():
        page.fill(f"[name='items-0-{field}']", text)
    page.select_option("[name='items-0-supplier']", "new")
    press(page, "存草稿")
    saved(page)
    page.fill("[name=closes_at]", at(20))
    page.check("[name=points]")
    press(page, "马上开团")
    saved(page)
    [deal] = deals_of(leader.id)
    assert (deal.phase(clock.now()), len(deal.pictures), len(deal.items)) == ("open", 1, 1)


@on_both
def test_a_deal_is_closed_early_with_a_reason_and_its_list_is_downloaded(
    site: Site, open_page: OpenPage, size: str
):
    deal = open_deal()
    order_now(deal, 6, 2)
    order_now(deal, 3, name="李静", paid=False)
    page = desks(site, open_page, size)(deal.leader.user)
    open_up(page, f"/lead/deals/{deal.slug}")
    press(page, "现在截单…")
    expect(page.locator(".da-what .t-warn")).to_be_visible()  # one is not paid
    press(page, "提前截单")
    expect(page.locator("[name=because][aria-invalid=true]")).to_be_visible()
    page.fill("[name=because]", "农场说今晚就要数")
    press(page, "提前截单")
    saved(page)
    finish_closing(deal)
    open_up(page, f"/lead/deals/{deal.slug}")
    expect(page.locator(".because")).to_have_text("农场说今晚就要数")
    open_up(page, f"/lead/deals/{deal.slug}/lists")
    spinach = db.session.query(PurchaseList).filter_by(deal_id=deal.id).order_by("id").first()
    press(page, spinach.number)
    expect(page.locator(".rev").first).to_be_visible()
    fits(page)
    book = cells(fetched(page, lambda: page.locator("a[href*='purchase-list.xlsx']").first.click()))
    assert spinach.number in " ".join(book)
    assert "菠菜" in " ".join(book)
    sheets = fetched(page, lambda: ask_for_workbook(page, deal))
    assert len(load_workbook(io.BytesIO(sheets)).worksheets) == 4
    for tab in ("orders", "roll", "arrival", "pickup", "money", "print"):
        open_up(page, f"/lead/deals/{deal.slug}/{tab}")


def ask_for_workbook(page: Page, deal: Deal) -> None:
    """The leader's own four sheets, from the page of prints."""
    open_up(page, f"/lead/deals/{deal.slug}/print")
    page.locator("form[action$='orders.xlsx'] button, button[formaction$='orders.xlsx']").click()


@on_both
def test_a_delivery_with_a_shortage_is_counted_twice_previewed_and_shared_out(
    site: Site, open_page: OpenPage, tmp_path: pathlib.Path, size: str
):
    deal = deal_of_one_supplier("菠菜", "土鸡蛋")
    first, last = order_now(deal, 4, 4, name="欧阳"), order_now(deal, 4, 4, name="李静")
    close_now(deal)
    page = desks(site, open_page, size)(deal.leader.user)
    open_up(page, f"/lead/deals/{deal.slug}/arrival")
    page.locator(".c-go a").click()
    received = page.locator(".in.r")
    received.nth(0).fill("5")  # of eight
    fits(page)
    page.locator("button[name=full][value=rest]").click()
    expect(page.locator(".again[role=alert]")).to_contain_text("菠菜")
    expect(received.nth(0)).to_have_value("5")
    expect(page.locator("#shortage")).to_have_count(0)
    page.locator(".act button[form=count]:visible").click()
    expect(page.locator("#shortage")).to_contain_text("#2")
    expect(page.locator("form[data-go] button")).to_contain_text("¥30.00")
    fits(page)
    received.nth(0).focus()  # a phone shows the buttons of the line that is being typed in
    page.locator("button.photo").first.click()
    page.set_input_files("[name=picture]", photo(tmp_path))
    page.locator("form:has([name=picture]) button").last.click()
    saved(page)
    open_up(page, f"/lead/deals/{deal.slug}/arrival")
    page.locator(".c-go a").click()
    page.locator("form[data-go] button").click()
    saved(page)
    expect(page.locator("#shortage")).to_contain_text("¥30.00")
    fresh()
    assert [(one.due_fen, one.refunded_fen) for one in (first, last)] == [(8000, 0), (5000, 3000)]
    assert page.locator(".in.r").count() == 0


@on_both
def test_a_price_is_changed_in_the_workbook_and_carried_out_after_the_preview(
    site: Site, open_page: OpenPage, tmp_path: pathlib.Path, size: str
):
    leader = make_leader()
    sku = make_sku(leader, name="土鸡蛋", price_fen=3780)
    make_sku(leader, name="菠菜", price_fen=450)
    db.session.commit()
    page = desks(site, open_page, size)(leader.user)
    open_up(page, "/lead/goods")
    book = load_workbook(io.BytesIO(fetched(page, lambda: press(page, "导出 Excel"))))
    [price] = [cell for row in book.worksheets[0] for cell in row if str(cell.value) == "37.80"]
    price.value = "39.90"
    book.save(tmp_path / "goods.xlsx")
    press(page, "从 Excel 导入")
    page.set_input_files("#file", tmp_path / "goods.xlsx")
    press(page, "看看会改什么")
    expect(page.locator(".changes tbody tr")).to_have_count(1)
    expect(page.locator(".changes")).to_contain_text("39.90")
    fits(page)
    fresh()
    assert db.session.get_one(Sku, sku.id).price_fen == 3780
    press(page, "确认写入")
    saved(page)
    expect(page.locator(".goods-list")).to_contain_text("¥39.90")
    fresh()
    assert db.session.get_one(Sku, sku.id).price_fen == 3990
