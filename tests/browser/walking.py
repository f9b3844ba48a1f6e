"""The steps of a resident, as hands make them: by tapping what is on the screen."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.sync_api import Locator, Page, expect

from groupbuy.accounts import consent, passwords
from groupbuy.accounts.models import User
from groupbuy.core import clock
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from tests.factories import make_deal, make_leader, make_sku, make_user

HOUR = timedelta(hours=1)
PASSWORD = "correct horse"
ORDER_URL = re.compile(r"/o/[0-9A-Z-]+$")
CHECKOUT_URL = re.compile(r"/checkout$")


def open_deal(*, stock: int | None = None, points: int = 1, **values) -> Deal:
    """A deal of spinach (¥4.50) and eggs (¥37.80) that opened an hour ago, by the real clock."""
    leader = values.pop("leader", None) or make_leader()
    goods = (("菠菜", 450, "把"), ("土鸡蛋", 3780, "盒"))
    skus = [make_sku(leader, name=name, price_fen=fen, unit=unit) for name, fen, unit in goods]
    opens_at = clock.now() - HOUR
    deal = make_deal(
        leader=leader, skus=skus, stock=stock, points=points, opens_at=opens_at, **values
    )
    db.session.commit()
    return deal


def somebody(name: str = "李静") -> User:
    """Somebody with PASSWORD who has agreed to everything."""
    user = make_user(name)
    consent.agree(user, consent.DOCUMENTS, now=clock.now())
    passwords.set_password(user, PASSWORD)
    db.session.commit()
    return user


def plus(page: Page, item: DealItem) -> Locator:
    """The button that adds one."""
    return page.locator(f"#add-{item.id}")


def choose(page: Page, deal: Deal, *items: DealItem) -> None:
    """Open the deal, put one of each of `items` into the cart, and wait until it is in there."""
    page.goto(f"/d/{deal.slug}")
    for pieces, item in enumerate(items, 1):
        plus(page, item).tap()
        expect(bag(page)).to_have_text(str(pieces))


def bag(page: Page) -> Locator:
    """The number of pieces on the bag."""
    return page.locator("#dock .bag b")


def check_out(page: Page) -> None:
    """On from the deal to the form."""
    page.locator("#dock button[name=go]").tap()
    expect(page).to_have_url(CHECKOUT_URL)


def say_who(page: Page, name: str = "王芳", phone: str = "138 0013 8000") -> None:
    """What somebody who is not signed in has to fill in."""
    page.fill("[name=name]", name)
    page.fill("[name=phone]", phone)
    page.check("[name=agree]")


def send_button(page: Page) -> Locator:
    """The one that orders."""
    return page.locator("button[form=checkout]")


def place(page: Page) -> str:
    """Order; returns the order's number."""
    send_button(page).tap()
    expect(page).to_have_url(ORDER_URL)
    return page.url.rsplit("/", 1)[1]


def send(page: Page, field: str) -> None:
    """Send the form that holds `field`."""
    page.locator(f"form:has([name={field}]) button[type=submit]").tap()


def sign_in(page: Page, user: User) -> None:
    """By password, from wherever the page is."""
    page.goto("/sign-in/password")
    enter_password(page, user)
    page.wait_for_url(lambda url: "/sign-in" not in url)


def enter_password(page: Page, user: User) -> None:
    """Fill in and send the page of the password."""
    page.fill("[name=to]", user.phone or "")
    page.fill("[name=password]", PASSWORD)
    send(page, "password")
