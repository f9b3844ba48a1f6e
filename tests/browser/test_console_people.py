"""A leader among people: their orders, who may order, who helps; and all her pages at a glance."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from groupbuy.accounts.membership import membership
from groupbuy.catalog.models import Sku
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.purchasing.models import PurchaseList
from tests.browser.conftest import OpenPage
from tests.browser.console import (
    close_now,
    desks,
    fits,
    fresh,
    on_both,
    open_up,
    order_now,
    press,
    saved,
)
from tests.browser.site import Site
from tests.browser.walking import check_out, choose, open_deal, send_button, somebody
from tests.factories import make_member, make_user

pytestmark = pytest.mark.slow


@on_both
def test_orders_are_filtered_vouched_for_together_told_and_placed_for_a_neighbour(
    site: Site, open_page: OpenPage, size: str
):
    deal = open_deal()
    member = make_member(deal.leader, "李静")
    member.user_id = make_user("李静").id
    order_now(deal, 1, name="张伟")
    order_now(deal, 2, name="李静", member=member, paid=False)
    order_now(deal, 3, name="王芳", paid=False)
    page, orders = desks(site, open_page, size)(deal.leader.user), f"/lead/deals/{deal.slug}/orders"
    open_up(page, orders)
    expect(page.locator(".orders tbody tr")).to_have_count(3)
    if size == "phone":  # where filters are folded away
        page.locator(".of-orders summary").click()
    page.select_option(".of-orders [name=state]", "pending")
    page.locator(".of-orders > button").click()
    expect(page.locator(".orders tbody tr")).to_have_count(2)
    page.fill("#view-name", "还没收钱")
    press(page, "存为视图")
    saved(page)
    expect(page.locator(".views a[aria-current]")).to_contain_text("还没收钱")
    open_up(page, orders)
    page.check("[name=all]")
    press(page, "确认收款…")
    expect(page.locator(".fold-away li")).to_have_count(1)  # paid long ago
    expect(page.locator(".plain-rows").last.locator("li")).to_have_count(2)
    fits(page)
    page.locator(".ask-card button.btn-primary").click()
    saved(page, "¥22.50")
    assert [one.state for one in orders_of(deal)] == ["placed"] * 3

    page.locator(".orders tbody [name=order]").first.check()
    page.locator(".orders tbody [name=order]").nth(1).check()
    page.locator(".orders tbody [name=order]").nth(2).check()
    press(page, "发消息…")
    page.fill("#text", "今晚七点到三号门")
    expect(page.locator(".fold-away li")).to_have_count(2)  # nobody to send it to
    page.locator(".ask-card button.btn-primary").click()
    saved(page)

    press(page, "替邻居下单")
    page.fill("[name=name]", "孙奶奶")
    page.fill("[name=phone]", "139 1234 5678")
    page.fill(f"[name=q-{deal.items[0].id}]", "2")
    page.check("[name=paid]")
    press(page, "提交订单")
    saved(page)
    assert [(one.state, one.due_fen) for one in orders_of(deal)][-1] == ("placed", 900)


def orders_of(deal: Deal) -> list[Order]:
    fresh()
    return db.session.query(Order).filter_by(deal_id=deal.id).order_by(Order.id).all()


@on_both
def test_a_member_gets_a_tag_and_a_note_and_once_blocked_cannot_order(
    site: Site, open_page: OpenPage, size: str
):
    deal, neighbour = open_deal(), somebody("李静")
    member = membership(deal.leader_id, neighbour, now=clock.now())
    order_now(deal, 1, name="李静", member=member)
    sit_down = desks(site, open_page, size)
    page = sit_down(deal.leader.user)
    open_up(page, "/lead/members")
    page.locator(".people .c-who a").click()
    page.fill("#tags", "老邻居，怕辣")
    press(page, "保存标签")
    saved(page)
    page.fill("#note", "周末不在家")
    press(page, "保存备注")
    saved(page)
    page.locator("details summary.btn-danger-line").click()
    page.fill("#because", "三次没来取")
    page.locator("details .btn-danger").click()
    saved(page)
    open_up(page, "/lead/members?only=blocked")
    expect(page.locator(".people .c-tags")).to_contain_text("怕辣")

    theirs = desks(site, open_page, "phone")(neighbour)
    choose(theirs, deal, deal.items[0])
    check_out(theirs)
    send_button(theirs).tap()
    expect(theirs.locator("[role=alert]:visible").first).to_be_visible()
    expect(theirs.locator("body")).not_to_contain_text("三次没来取")
    assert len(orders_of(deal)) == 1


@on_both
def test_a_helper_gets_rights_sees_only_what_they_open_and_loses_them_at_once(
    site: Site, open_page: OpenPage, size: str
):
    deal, aunt = open_deal(), somebody("王阿姨")
    order_now(deal, 2, 2)
    close_now(deal)
    sit_down = desks(site, open_page, size)
    mine, theirs = sit_down(deal.leader.user), sit_down(aunt)
    assert theirs.goto("/lead").status == 404
    open_up(mine, "/lead/helpers/new")
    mine.fill("[name=phone]", "139 9999 0000")
    press(mine, "添加")
    expect(mine.locator("[name=phone][aria-invalid=true]")).to_be_visible()  # nobody's
    mine.fill("[name=phone]", aunt.phone or "")
    mine.uncheck("[name=rights][value=pickup]")
    mine.check("[name=rights][value=count_in]")
    press(mine, "添加")
    saved(mine)
    expect(mine.locator("main")).to_contain_text("王阿姨")
    about = f"/lead/deals/{deal.slug}"
    open_up(theirs, "/lead")
    open_up(theirs, f"{about}/arrival")
    open_up(theirs, f"{about}/lists")
    closed = ("/lead/members", "/lead/goods", "/lead/points", "/lead/settings", "/lead/deals/new")
    for path in (*closed, *(about + tab for tab in ("", "/orders", "/money", "/pickup", "/print"))):
        assert theirs.goto(path).status == 404, path
    press(mine, "王阿姨")
    mine.locator("details summary").click()
    mine.locator("form[action$='/remove'] button").click()
    saved(mine)
    assert theirs.goto(f"{about}/arrival").status == 404


@on_both
def test_every_page_of_the_console_comes_and_fits_the_screen_in_large_type(
    site: Site, open_page: OpenPage, size: str
):
    deal = open_deal()
    waiting = order_now(deal, 1, 2, paid=False)
    closed = open_deal(leader=deal.leader)
    order_now(closed, 3, 4)
    close_now(closed)
    asked = db.session.query(PurchaseList).filter_by(deal_id=closed.id).first()
    sku = db.session.query(Sku).filter_by(leader_id=deal.leader_id).first()
    paths = {
        "/lead": ("", "/deals", "/messages", "/settings", "/settings/deals", "/settings/more"),
        "/lead/goods": ("/new", f"/{sku.product_id}", f"/{sku.product_id}/skus/{sku.id}"),
        "/lead/goods/suppliers": ("", "/new", f"/{sku.supplier_id}"),
        f"/lead/deals/{deal.slug}": ("/edit", "/move", "/cancel", "/orders/new", "/roll", "/money"),
        f"/lead/deals/{deal.slug}/orders/{waiting.number}": ("", "/cancel"),
        f"/lead/deals/{closed.slug}/lists/{asked.id}": ("/answer", "/paper"),
        f"/lead/deals/{closed.slug}/arrival/{asked.id}": ("",),
        f"/lead/deals/{closed.slug}/print": ("/picking", "/slips", "/labels", "/points"),
        f"/lead/deals/{closed.slug}": ("/reopen",),
    }
    deal.leader.user.large_type = True
    db.session.commit()
    page = desks(site, open_page, size)(deal.leader.user)
    for place, ends in paths.items():
        for end in ends:
            open_up(page, place + end)
