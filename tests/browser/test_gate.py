"""Scanning at the gate with a real camera, and without a network."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from groupbuy.accounts import devices
from groupbuy.accounts.models import User
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.pickup import bags, handover
from groupbuy.pickup.models import DoubleHandover, Pickup
from tests import factories
from tests.browser.gate import phone_before, sign_in, write_photo
from tests.browser.test_offline_pickup import IS_KEPT
from tests.leaders.gate import evening, helper, one_bag
from tests.pickup.rows import bags_of, lines_of

pytestmark = pytest.mark.slow
# A camera that opens only when the test lets it: else the page would be left at once.
BLIND_AT_FIRST = """if (!localStorage.seeing) {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException());
}"""
GREEN, RED, AMBER = ".full.ok", ".full.no", ".full.wait"


def as_user(user_id: int) -> dict[str, Any]:
    """The session of somebody signed in."""
    with transaction():
        user = db.session.get_one(User, user_id)
        token = devices.sign_in_device(user, "Chrome Android", now=clock.now())
    return {"_user_id": token, "_fresh": True}


@pytest.fixture
def scanning(chromium, site, tmp_path):
    """Opens the scan page of a phone whose camera looks at `text`."""

    def open_phone(text: str, user_id: int):
        return phone_before(chromium, site, text, tmp_path, as_user(user_id))

    return open_phone


def state_of(bag: Pickup) -> str:
    db.session.rollback()
    db.session.refresh(bag)
    return bag.state


def hand(page: Page) -> None:
    """Tick what is not ticked yet, and press the button."""
    for box in page.locator(".ln input:not(:checked)").all():
        box.check()
    page.locator(".hand").click()


def test_a_code_before_the_camera_is_handed_over_and_undone_and_refused_a_second_time(
    scanning, site
):
    bag = one_bag(2, 1)
    with scanning(bags.pickup_url(bag), bag.deal.leader.user_id) as page:
        page.goto("/g")
        expect(page.locator(".id .no")).to_have_text("#1")
        expect(page.locator(".hand")).to_contain_text("2")  # cold lines are not ticked yet
        hand(page)
        expect(page.locator(GREEN)).to_be_visible()
        assert state_of(bag) == "collected"
        page.locator("summary").click()
        page.locator("[name=because]").fill("拿错了")
        page.locator(".undo button").click()
        expect(page.locator(".said_success")).to_be_visible()
        assert state_of(bag) == "ready"
        hand(page)
        expect(page.locator(GREEN)).to_be_visible()
        page.goto("/g")  # the camera still sees the same code
        expect(page.locator(RED)).to_contain_text("林姐")
        assert state_of(bag) == "collected"


def test_after_the_green_screen_the_camera_is_back_by_itself(scanning, site):
    bag = one_bag(1)
    with scanning(f"{site.url}/p/{'a' * 26}", bag.deal.leader.user_id) as page:
        page.goto(f"/g/bags/{bag.id}")
        hand(page)
        expect(page.locator(GREEN)).to_be_visible()
        expect(page).to_have_url(f"{site.url}/g/bags/{'a' * 26}")  # and saw the strange code
        expect(page.locator(RED)).to_be_visible()


def test_part_is_given_and_the_rest_another_time(scanning, site):
    bag = one_bag(2, 1)
    with scanning(bags.pickup_url(bag), bag.deal.leader.user_id) as page:
        page.goto("/g")
        expect(page.locator(".hand .part")).to_be_visible()
        page.locator(".hand").click()
        expect(page.locator(GREEN)).to_be_visible()
        assert state_of(bag) == "ready"
        page.goto("/g")
        expect(page.locator(".ln.none")).to_have_count(1)
        hand(page)
        expect(page.locator(GREEN)).to_be_visible()
        assert state_of(bag) == "collected"


def test_a_helper_of_another_point_sees_red_with_the_right_one(scanning, site):
    bag = one_bag(2)
    other = factories.make_point(bag.deal.leader)
    aunt = helper(bag.deal.leader, other.id)
    with scanning(bags.pickup_url(bag), aunt.id) as page:
        page.goto("/g")
        expect(page.locator(RED)).to_contain_text(bag.point.name)
        page.goto(f"/lead/deals/{bag.deal.slug}/pickup")
        expect(page.locator(".board-row")).to_have_count(0)


def test_a_helper_who_may_only_scan_scans_and_sees_nothing_else(scanning, site):
    bag = one_bag(2)
    aunt = helper(bag.deal.leader)
    with scanning(bags.pickup_url(bag), aunt.id) as page:
        page.goto("/g")
        hand(page)
        expect(page.locator(GREEN)).to_contain_text("王阿姨")
        for path in ("", "/orders", "/lists", "/money"):
            assert page.goto(f"/lead/deals/{bag.deal.slug}{path}").status == 404


def test_a_photograph_of_a_code_opens_the_bag(scanning, site, tmp_path):
    bag = one_bag(2)
    write_photo(bags.pickup_url(bag), tmp_path / "code.jpg")
    with scanning(bags.pickup_url(bag), bag.deal.leader.user_id) as page:
        page.add_init_script(BLIND_AT_FIRST)
        page.goto("/g")
        page.locator("[data-photo]").set_input_files(tmp_path / "code.jpg")
        expect(page.locator(".id .no")).to_have_text("#1")


def test_without_script_typed_letters_hand_over(open_page, site):
    bag = one_bag(2, 1)
    page = open_page(java_script_enabled=False)
    sign_in(site, page.context, as_user(bag.deal.leader.user_id))
    page.goto("/g")
    page.locator("input[name=q]").fill(bags.code_of(bag).lower())
    page.locator(".find button").click()
    for box in page.locator(".ln input").all():
        box.check()
    page.locator(".hand").click()
    expect(page.locator(GREEN)).to_be_visible()
    assert state_of(bag) == "collected"


def kept_scans(page: Page) -> int:
    """How many scans this phone keeps."""
    return page.evaluate(
        "Object.keys(localStorage).filter((name) => name.startsWith('gate-kept-'))"
        ".reduce((sum, name) => sum + JSON.parse(localStorage[name]).length, 0)"
    )


def test_without_a_network_scans_are_written_down_and_sent_later_with_one_conflict(scanning, site):
    deal = evening((2,), (1,))
    mine, other = bags_of(deal)
    with scanning(bags.pickup_url(mine), helper(deal.leader).id) as page:
        page.add_init_script(BLIND_AT_FIRST)
        page.goto("/g")
        expect(page.locator(".nocam")).to_be_visible()
        page.evaluate(IS_KEPT)
        page.goto(f"/g/bags/{other.id}")
        page.evaluate("localStorage.seeing = 1")
        page.context.set_offline(True)
        hand(page)
        expect(page.locator(AMBER)).to_be_visible()
        page.locator(f"{AMBER} a").click()
        expect(page.locator("[data-kept-place]")).to_have_text("2")  # the camera saw the other
        assert kept_scans(page) == 2
        with transaction():
            handover.hand_over(mine, nonce="x", by_id=deal.leader.user_id, now=clock.now())
        page.context.set_offline(False)
        expect(page.locator("[data-told] li")).to_have_count(1)
        assert kept_scans(page) == 0
        assert state_of(other) == "collected"
        assert db.session.query(DoubleHandover).filter_by(pickup_id=mine.id).count() == 1
        page.goto("/g/doubles")
        page.locator("[name=because]").fill("扫了两下")
        page.locator(".twice button").click()
        expect(page.locator(".said_success")).to_be_visible()


def test_the_queue_holds_no_name_and_no_number(scanning, site):
    bag = one_bag(2)
    with scanning(bags.pickup_url(bag), bag.deal.leader.user_id) as page:
        page.goto(f"/g/bags/{bag.id}")
        page.context.set_offline(True)
        hand(page)
        expect(page.locator(AMBER)).to_be_visible()
        kept = page.evaluate("JSON.stringify(localStorage)")
        assert kept_scans(page) == 1
        assert re.search(r"张|13\d{9}", kept) is None
        assert [line.picked_pieces for line in lines_of(bag.deal)] == [0]
        assert db.session.query(DoubleHandover).filter_by(pickup_id=bag.id).count() == 0
