"""Every page a visitor can see, in its states: for looking at, and for measuring."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.console_pages import CONSOLE
from tests.browser.gate_pages import AROUND
from tests.browser.money_pages import MONEY
from tests.browser.shown import Shown, fill, tap
from tests.browser.stage import CALLED_OFF


def _less(page: Page) -> None:
    page.locator("input[name^=q-]").first.fill("0")
    page.locator("button[form=change]").click()
    expect(page.locator("button[name=confirmed]")).to_be_visible()


def _too_old(page: Page) -> None:
    page.locator("form[action='/sign-in'] [name=csrf_token]").evaluate("it => it.value = 'x'")
    page.locator("form[action='/sign-in'] button").click()
    expect(page.locator(".oops")).to_be_visible()


def _poster(page: Page) -> None:
    """It is drawn a moment after the page came."""
    expect(page.locator("[data-poster-done]")).to_be_visible()


_CHECKOUT = "button[form=checkout]"
_ADDRESS = "button[form=address]"
_CODE = "form:has([name=code]) button"
_PASSWORD = "form:has([name=password]) button"
_TO = "form:has([name=to]) button"
_WEEKEND = "/d/demo-weekend"
_GARDEN = "/d/demo-garden"
# An order in each state -> who looks at it; "" is the neighbour whose order it is.
_ORDERS = {
    **dict.fromkeys(("paid", "ordered", "ready", "failed", "called_off"), "resident"),
    **dict.fromkeys(("to_pay", "collected", "uncollected", "cancelled", "expired"), ""),
    "guest": "guest",
}

PAGES = [
    Shown("deal-open", "nobody", _WEEKEND),
    Shown("deal-cart", "resident", _WEEKEND),
    Shown("deal-partly_sold_out", "nobody", "/d/demo-fruit"),
    Shown("deal-empty_roll", "nobody", "/d/demo-pantry"),
    Shown("deal-upcoming", "nobody", "/d/demo-breakfast"),
    Shown("deal-closed", "nobody", _GARDEN),
    Shown("deal-arrived", "nobody", "/d/demo-seafood"),
    Shown("deal-failed", "nobody", "/d/demo-crab"),
    Shown("deal-called_off", "nobody", f"/d/{CALLED_OFF}"),
    Shown("product-open", "nobody"),
    Shown("product-closed", "nobody"),
    Shown("share-open", "nobody", f"{_WEEKEND}/share", _poster),
    Shown("share-closed", "nobody", f"{_GARDEN}/share"),
    Shown("checkout-full", "resident", f"{_WEEKEND}/checkout"),
    Shown("checkout-guest", "shopper", f"{_WEEKEND}/checkout"),
    Shown("checkout-empty", "nobody", f"{_WEEKEND}/checkout"),
    Shown("checkout-closed", "nobody", f"{_GARDEN}/checkout"),
    Shown("checkout-error", "shopper", f"{_WEEKEND}/checkout", fill(_CHECKOUT, phone="138 0013")),
    *(Shown(f"order-{state}", who) for state, who in _ORDERS.items()),
    Shown("change-full", "resident"),
    Shown("change-difference", "resident", act=_less),
    Shown("change-error", "resident", act=fill("button[form=change]", note="长" * 501)),
    Shown("change-closed", "resident"),
    Shown("cancel-full", "resident"),
    Shown("cancel-closed", "resident"),
    Shown("orders-full", "resident", "/me/orders"),
    Shown("orders-group_empty", "resident", "/me/orders?state=fulfilled"),
    Shown("orders-empty", "newcomer", "/me/orders"),
    Shown("orders-nobody", "nobody", "/me/orders"),
    Shown("pickups-full", "resident", "/me/pickups"),
    Shown("pickups-past", "order-collected", "/me/pickups"),
    Shown("pickups-empty", "newcomer", "/me/pickups"),
    Shown("pass-ready", "nobody"),
    Shown("front-full", "resident", "/"),
    Shown("front-nobody", "nobody", "/"),
    Shown("leader-full", "nobody", "/l/demo-lin"),
    Shown("leader-found", "nobody", "/l/demo-lin?q=鸡蛋"),
    Shown("leader-found_nothing", "nobody", "/l/demo-lin?q=飞船"),
    Shown("leader-error", "nobody", "/l/demo-lin?price_from=x"),
    Shown("leader-followed", "resident", "/l/demo-zhou"),
    Shown("sign_in-full", "nobody", "/sign-in"),
    Shown("sign_in-error", "nobody", "/sign-in", fill(_TO, to="12345")),
    Shown("password-full", "nobody", "/sign-in/password"),
    Shown("password-error", "nobody", "/sign-in/password", fill(_PASSWORD, password="x")),
    Shown("register-full", "nobody", "/register"),
    Shown("register-error", "nobody", "/register", fill(_TO, to="x")),
    Shown("forgotten-full", "nobody", "/sign-in/forgotten"),
    Shown("code-full", "entering", "/sign-in/code"),
    Shown(
        "code-error", "entering", "/sign-in/code", fill("form:has([name=code]) button", code="1")
    ),
    Shown("name-full", "registering", "/sign-in/name"),
    Shown("name-error", "registering", "/sign-in/name", tap("form:has([name=name]) button")),
    Shown("new_password-full", "forgetful", "/sign-in/new-password"),
    Shown("new_password-error", "forgetful", "/sign-in/new-password", tap(_PASSWORD)),
    Shown("agree-full", "undecided", "/agree"),
    Shown("agree-error", "undecided", "/agree", tap("form:has([name=rules]) button")),
    Shown("me-full", "resident", "/me"),
    Shown("me-guest", "guest", "/me"),
    Shown("me-empty", "newcomer", "/me"),
    Shown("addresses-full", "resident", "/me/addresses"),
    Shown("addresses-empty", "newcomer", "/me/addresses"),
    Shown("address-full", "resident"),
    Shown("address-error", "resident", "/me/addresses/new", fill(_ADDRESS, name="", phone="1")),
    Shown("messages-full", "resident", "/me/messages"),
    Shown("messages-empty", "newcomer", "/me/messages"),
    Shown("choices-full", "resident", "/me/choices"),
    Shown("devices-full", "resident", "/me/devices"),
    Shown("my_password-full", "resident", "/me/password"),
    Shown("my_password-error", "resident", "/me/password", fill(_PASSWORD, password="x")),
    Shown("phone-full", "resident", "/me/phone"),
    Shown("email-full", "resident", "/me/email"),
    Shown("email-error", "resident", "/me/email", fill(_TO, to="x")),
    Shown("help-full", "refused", "/help?step=checkout&deal=demo-weekend"),
    Shown("help-error", "nobody", "/help?step=deal&deal=demo-weekend", tap("#help button")),
    Shown("help-choice", "resident", "/help?step=me"),
    Shown("help-empty", "nobody", "/help"),
    Shown("help_sent-full", "resident", "/help/sent?leader=demo-lin"),
    Shown("rules-full", "nobody", "/documents/rules"),
    Shown("privacy-full", "nobody", "/documents/privacy"),
    Shown("error-missing", "nobody", "/d/nothing"),
    Shown("error-too_old", "nobody", "/sign-in", _too_old),
    *CONSOLE,
    *AROUND,
    *MONEY,
]
