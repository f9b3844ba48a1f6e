"""The pickup code at a gate without network, and nobody else's on a shared phone."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error, expect

from groupbuy.accounts import devices
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.pickup import bags
from tests.factories import make_user
from tests.pickup.rows import ready_bag

pytestmark = pytest.mark.slow

# Resolves when the worker has what this page needs to open again; rejects after ten seconds.
IS_KEPT = """async () => {
  const files = performance.getEntriesByType("resource").map((entry) => entry.name);
  const needed = [location.href, ...files.filter((name) => name.includes("/assets/"))];
  for (let tries = 0; tries < 200; tries += 1) {
    const cache = await caches.open("pickups-1");
    const kept = await Promise.all(needed.map((name) => cache.match(name, { ignoreVary: true })));
    if (navigator.serviceWorker.controller && kept.every(Boolean)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the page is not kept");
}"""


def resident_with_a_bag(site: Any, name: str) -> tuple[dict[str, str], str]:
    """The session of somebody signed in, and the spoken code of their bag."""
    with site.app.app_context(), transaction():
        bag = ready_bag(2, 1)
        user = make_user(name)
        bag.member.user_id = user.id
        token = devices.sign_in_device(user, "Chrome Android", now=clock.now())
        return {"_user_id": token, "_fresh": True}, bags.code_of(bag)


def sign_in(site: Any, page: Any, session: dict[str, str]) -> None:
    """What signing in leaves in the browser."""
    signer = site.app.session_interface.get_signing_serializer(site.app)
    page.context.add_cookies([{"name": "session", "value": signer.dumps(session), "url": site.url}])


def open_pickups(site: Any, page: Any, code: str) -> None:
    page.goto(f"{site.url}/me/pickups")
    expect(page.locator(".code__say")).to_have_text(code)
    page.evaluate(IS_KEPT)


def test_the_code_opens_without_network_and_says_so(site, page):
    session, code = resident_with_a_bag(site, "李静")
    sign_in(site, page, session)
    open_pickups(site, page, code)
    expect(page.locator(".kept")).to_be_hidden()
    page.context.set_offline(True)
    page.reload()
    expect(page.locator(".code__say")).to_have_text(code)
    expect(page.locator(".code__qr svg")).to_be_visible()
    expect(page.locator(".kept")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.code')).textAlign") == "center"
    page.context.set_offline(False)
    page.reload()
    expect(page.locator(".kept")).to_be_hidden()


def test_a_page_that_the_phone_lost_is_kept_again_when_it_is_opened(site, page):
    session, code = resident_with_a_bag(site, "李静")
    sign_in(site, page, session)
    open_pickups(site, page, code)
    page.evaluate("caches.delete('pickups-1')")
    page.evaluate("dispatchEvent(new Event('load'))")
    page.evaluate(IS_KEPT)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator(".code__say")).to_have_text(code)


def test_a_page_that_loses_its_network_says_so_too(site, page):
    session, code = resident_with_a_bag(site, "李静")
    sign_in(site, page, session)
    open_pickups(site, page, code)
    page.context.set_offline(True)
    expect(page.locator(".kept")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator(".kept")).to_be_hidden()


@pytest.mark.parametrize("seen", ["/me/pickups", "/me/orders", "/sign-in"])
def test_the_next_person_on_the_phone_sees_nothing_of_the_one_before(site, page, seen):
    first, code = resident_with_a_bag(site, "李静")
    second, other_code = resident_with_a_bag(site, "王芳")
    sign_in(site, page, first)
    open_pickups(site, page, code)
    page.context.clear_cookies()
    if seen != "/sign-in":
        sign_in(site, page, second)
    page.goto(site.url + seen)
    page.context.set_offline(True)
    if seen == "/me/pickups":
        page.reload()
        expect(page.locator(".code__say")).to_have_text(other_code)
    else:
        with suppress(Error):  # nothing is kept, so there is nothing to show
            page.goto(f"{site.url}/me/pickups")
        expect(page.locator("body")).not_to_contain_text(code)


def test_a_pass_opens_without_network_for_whoever_got_it(site, page):
    session, code = resident_with_a_bag(site, "李静")
    sign_in(site, page, session)
    open_pickups(site, page, code)
    page.locator("summary").first.click()
    page.locator("form[action$='/proxy'] button").click()
    address = page.locator("textarea").input_value().split("/p/")[1].split()[0]
    page.context.clear_cookies()  # the neighbour's phone
    page.goto(f"{site.url}/p/{address}")
    page.evaluate(IS_KEPT)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator(".code__qr svg")).to_be_visible()
    expect(page.locator(".kept")).to_be_visible()
