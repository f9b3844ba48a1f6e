"""What people do with an order afterwards, and how they get help."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from groupbuy.accounts.membership import membership
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch
from groupbuy.support.models import HelpMessage
from tests.browser.site import Site
from tests.browser.walking import (
    check_out,
    choose,
    open_deal,
    say_who,
    send,
    send_button,
    sign_in,
    somebody,
)
from tests.factories import make_order

pytestmark = pytest.mark.slow


def own_order(page: Page, *pieces: int, paid: bool = False) -> Order:
    """An order of somebody who is signed in on `page`."""
    deal, user = open_deal(), somebody()
    member = membership(deal.leader_id, user, now=clock.now())
    order = make_order(deal, *pieces, member=member, now=clock.now())
    if paid:
        vouch(order, by_id=deal.leader.user_id, now=clock.now())
    db.session.commit()
    sign_in(page, user)
    return order


def test_changing_an_order_shows_the_difference_first(site: Site, page: Page):
    order = own_order(page, 3, 1, paid=True)
    spinach = order.lines[0].item_id
    page.goto(f"/o/{order.number}")
    page.locator("a[href$='/change']").tap()
    page.fill(f"[name=q-{spinach}]", "1")
    page.locator("button[form=change]").tap()
    expect(page.locator("section[role=status]")).to_contain_text("¥9.00")
    db.session.rollback()
    assert order.due_fen == 5130  # nothing is done yet
    page.locator("button[name=confirmed]").tap()
    expect(page.locator(".flash_success")).to_be_visible()
    db.session.rollback()
    assert (order.due_fen, order.lines[0].kept_pieces) == (4230, 1)
    expect(page.locator("main")).to_contain_text("¥9.00")


def test_cancelling_says_what_it_means_and_then_does_it(site: Site, page: Page):
    order = own_order(page, 2)
    page.goto(f"/o/{order.number}")
    page.locator("a[href$='/cancel']").tap()
    page.locator("form[action$='/cancel'] button[type=submit]").tap()
    expect(page.locator(".flash_success")).to_be_visible()
    db.session.rollback()
    assert order.state == "cancelled"
    expect(page.locator("a[href$='/cancel']")).to_have_count(0)


def test_the_same_again_is_a_filled_checkout(site: Site, page: Page):
    order = own_order(page, 2, 1)
    page.goto(f"/o/{order.number}")
    page.locator("form[action$='/again'] button").tap()
    expect(page).to_have_url(f"/d/{order.deal.slug}/checkout")
    for line in order.lines:
        expect(page.locator(f"[name=q-{line.item_id}]")).to_have_value(str(line.quantity))


def test_a_call_for_help_from_the_checkout_carries_what_went_wrong(site: Site, page: Page):
    deal = open_deal(stock=1)
    choose(page, deal, deal.items[0])
    check_out(page)
    say_who(page)
    make_order(deal, 1, now=clock.now())
    db.session.commit()
    send_button(page).tap()
    refusal = page.locator(".oops [role=alert]").inner_text()
    page.locator(".bar__act[href*='/help']").tap()
    expect(page.locator("main")).to_contain_text(refusal)
    page.fill("[name=text]", "还能补一份吗？")
    page.fill("[name=name]", "王芳")
    page.fill("[name=phone]", "13800138000")
    send(page, "text")
    expect(page).to_have_url(f"/help/sent?leader={deal.leader.slug}")
    db.session.rollback()
    [message] = db.session.scalars(sa.select(HelpMessage).where(HelpMessage.deal_id == deal.id))
    assert (message.step, message.last_error) == ("checkout", refusal)
