"""From a shared link to an order, as people do it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from tests.browser.conftest import OpenPage
from tests.browser.site import Site
from tests.browser.walking import (
    bag,
    check_out,
    choose,
    enter_password,
    open_deal,
    place,
    plus,
    say_who,
    send_button,
    sign_in,
    somebody,
)
from tests.factories import make_order

pytestmark = pytest.mark.slow


def orders_of(deal: Deal) -> list[Order]:
    """What was ordered from `deal`, as the server has written it meanwhile."""
    db.session.rollback()
    return list(db.session.scalars(sa.select(Order).where(Order.deal_id == deal.id)))


def test_a_guest_orders_from_a_shared_link(site: Site, page: Page):
    deal = open_deal()
    choose(page, deal, *deal.items)
    expect(page.locator("#dock .price")).to_have_text("¥42.30")
    check_out(page)
    say_who(page)
    number = place(page)
    expect(page.locator(".ticket")).to_contain_text("42.30")
    [order] = orders_of(deal)
    assert (order.number, order.due_fen, order.state) == (number, 4230, "pending")
    assert order.member.user_id is None


def test_a_member_who_is_signed_in_types_nothing(site: Site, page: Page):
    deal, user = open_deal(), somebody()
    sign_in(page, user)
    choose(page, deal, deal.items[0])
    check_out(page)
    expect(page.locator("[name=name]")).to_have_value("李静")
    place(page)
    [order] = orders_of(deal)
    assert order.member.user_id == user.id


def test_the_whole_order_works_without_script(site: Site, open_page: OpenPage):
    deal = open_deal()
    page = open_page(java_script_enabled=False)
    choose(page, deal, *deal.items)
    page.fill(f"#q-{deal.items[0].id}", "3")
    check_out(page)
    expect(page.locator(f"[name=q-{deal.items[0].id}]")).to_have_value("3")
    say_who(page)
    place(page)
    assert [order.due_fen for order in orders_of(deal)] == [5130]


def test_the_cart_fills_in_place(site: Site, page: Page):
    deal = open_deal()
    page.goto(f"/d/{deal.slug}")
    loads = []
    page.on("load", lambda: loads.append(page.url))
    first = deal.items[0]
    plus(page, first).tap()
    expect(bag(page)).to_have_text("1")
    plus(page, first).tap()
    expect(page.locator(f"#q-{first.id}")).to_have_value("2")
    page.locator(f"#less-{first.id}").tap()
    expect(bag(page)).to_have_text("1")
    page.fill(f"#q-{first.id}", "12")
    page.press(f"#q-{first.id}", "Enter")
    expect(bag(page)).to_have_text("12")
    expect(page.locator("#dock .price")).to_have_text("¥54.00")
    assert loads == []


def test_a_double_tap_is_one_order(site: Site, page: Page):
    deal = open_deal()
    choose(page, deal, deal.items[0])
    check_out(page)
    say_who(page)
    send_button(page).dblclick()
    page.wait_for_url("**/o/*")
    assert len(orders_of(deal)) == 1


def test_a_form_sent_twice_without_script_is_one_order(site: Site, open_page: OpenPage):
    deal = open_deal()
    page = open_page(java_script_enabled=False)
    choose(page, deal, deal.items[0])
    check_out(page)
    say_who(page)
    send_button(page).dblclick()
    page.wait_for_url("**/o/*")
    assert len(orders_of(deal)) == 1


def test_sold_out_while_it_was_in_the_cart(site: Site, page: Page):
    deal = open_deal(stock=2)
    spinach, eggs = deal.items
    choose(page, deal, spinach, eggs)
    check_out(page)
    say_who(page)
    make_order(deal, 2, now=clock.now())
    db.session.commit()
    send_button(page).tap()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(f"#bad-{spinach.id}")).to_be_visible()
    expect(page.locator("[name=name]")).to_have_value("王芳")
    page.fill(f"[name=q-{spinach.id}]", "0")
    send_button(page).tap()
    page.wait_for_url("**/o/*")
    assert sorted(order.due_fen for order in orders_of(deal)) == [900, 3780]


def test_the_price_changed_while_it_was_in_the_cart(site: Site, page: Page):
    deal = open_deal()
    choose(page, deal, deal.items[0])
    check_out(page)
    say_who(page)
    deal.items[0].price_fen = 550
    db.session.commit()
    send_button(page).tap()
    expect(page.get_by_role("alert")).to_contain_text("¥5.50")
    assert orders_of(deal) == []
    place(page)
    assert [order.due_fen for order in orders_of(deal)] == [550]


def test_the_window_closes_while_the_checkout_is_open(site: Site, page: Page):
    deal = open_deal()
    choose(page, deal, deal.items[0])
    check_out(page)
    say_who(page)
    deal.closes_at = clock.now()
    db.session.commit()
    send_button(page).tap()
    expect(page.locator(".oops")).to_be_visible()
    expect(send_button(page)).to_have_count(0)
    assert orders_of(deal) == []


def test_the_countdown_says_by_itself_that_it_is_over(site: Site, page: Page):
    deal = open_deal()
    page.clock.install()
    page.goto(f"/d/{deal.slug}")
    over = page.locator("[data-when-closed]").first
    expect(over).to_be_hidden()
    page.clock.fast_forward("07:00:05")
    expect(over).to_be_visible()


def test_a_guests_cart_survives_signing_in(site: Site, page: Page):
    deal, user = open_deal(), somebody()
    choose(page, deal, *deal.items)
    check_out(page)
    page.locator("a[href*='/sign-in']").first.tap()
    page.locator("a[href='/sign-in/password']").tap()
    enter_password(page, user)
    page.wait_for_url("**/checkout")
    expect(page.locator("[name=name]")).to_have_value("李静")
    for item in deal.items:
        expect(page.locator(f"[name=q-{item.id}]")).to_have_value("1")
    place(page)
    [order] = orders_of(deal)
    assert order.member.user_id == user.id


def test_going_back_after_ordering_orders_nothing_again(site: Site, page: Page):
    deal = open_deal()
    choose(page, deal, deal.items[0])
    check_out(page)
    say_who(page)
    number = place(page)
    page.go_back()
    assert len(orders_of(deal)) == 1
    if send_button(page).count():  # the form as it was, from the browser's memory
        send_button(page).tap()
        page.wait_for_url(f"**/o/{number}")
    assert len(orders_of(deal)) == 1


def test_goods_can_be_chosen_by_keyboard_alone(site: Site, page: Page):
    deal = open_deal()
    page.goto(f"/d/{deal.slug}")
    spinach = deal.items[0]
    press_tab_until(page, f"add-{spinach.id}")
    page.keyboard.press("Enter")
    expect(bag(page)).to_have_text("1")
    press_tab_until(page, f"add-{spinach.id}")
    page.keyboard.press("Space")
    expect(bag(page)).to_have_text("2")


def press_tab_until(page: Page, wanted: str, most: int = 40) -> None:
    """Move the focus on until it is at the element called `wanted`."""
    for _ in range(most):
        if page.evaluate("document.activeElement.id") == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} cannot be reached by the Tab key")
