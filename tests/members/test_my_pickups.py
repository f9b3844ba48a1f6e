"""The code a resident shows at the gate, and the pass for whoever goes instead."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from groupbuy.accounts.models import User
from groupbuy.core import clock, qr
from groupbuy.extensions import db
from groupbuy.members import my_pickups
from groupbuy.pickup import bags, handover, uncollected
from groupbuy.pickup.models import Pickup, PickupProxy
from tests.factories import make_user
from tests.members.browser import Browser
from tests.members.test_cart import sign_in
from tests.pages.reading import statements, words
from tests.pickup.rows import ARRIVED, bags_of, closed_deal, ready_bag

HOUR = timedelta(hours=1)


def browser_of(app: Flask, user: User | None = None) -> Browser:
    browser = Browser(app)
    if user:
        user.locale = "en"
        db.session.commit()
        sign_in(browser.client, user)
    db.session.commit()
    return browser


def guest_of(app: Flask, *bags_: Pickup) -> Browser:
    """A browser that ordered these without signing in."""
    browser = browser_of(app)
    with browser.client.session_transaction() as session:
        session["guest"] = [bag.member_id for bag in bags_]
    return browser


def of(user: User, bag: Pickup) -> Pickup:
    """The bag, as one that `user` ordered."""
    bag.member.user_id = user.id
    db.session.flush()
    return bag


def handed_out_now(bag: Pickup) -> Pickup:
    deal = bag.deal
    deal.pickup_starts_at, deal.pickup_ends_at = clock.now() - HOUR, clock.now() + 2 * HOUR
    db.session.flush()
    return bag


def proxy_of(bag: Pickup) -> PickupProxy:
    live = sa.select(PickupProxy).where(
        PickupProxy.pickup_id == bag.id, PickupProxy.ended_at.is_(None)
    )
    return db.session.scalars(live).one()


def give(bag: Pickup) -> None:
    handover.hand_over(bag, nonce="one", by_id=bag.deal.leader.user_id, now=clock.now())
    db.session.commit()


def test_the_page_shows_the_code_the_place_the_time_and_what_is_in_the_bag(app: Flask):
    user = make_user("李静")
    bag = handed_out_now(of(user, ready_bag(2, 1)))
    bag.point.address, bag.point.hours = "梧桐里 3 号门内侧", "16:00–21:00"
    code = bags.code_of(bag)
    answer = browser_of(app, user).get("/me/pickups")
    page = words(answer)
    assert qr.svg(bags.pickup_url(bag)) in answer.text
    assert f"{code[:4]} {code[4:]}" in page
    assert f'aria-label="{" ".join(code[:4])}, {" ".join(code[4:])}"' in answer.text
    assert f"{bag.point.name} 梧桐里 3 号门内侧 · 16:00–21:00 · 林姐" in page
    assert "Being handed out now Ends in 1 h" in page
    assert "土鸡蛋 2 盒" in page
    assert "草莓 1 盒" in page
    assert "1 张*" in page  # the roll number, and no more of the name than the gate needs
    assert "张伟" not in page


def test_a_guest_sees_the_bags_of_this_browser_and_nobody_elses(app: Flask):
    mine, other = ready_bag(1), ready_bag(1)
    page = guest_of(app, mine).get("/me/pickups").text
    assert qr.svg(bags.pickup_url(mine)) in page
    assert qr.svg(bags.pickup_url(other)) not in page
    nobody = words(browser_of(app).get("/me/pickups"))
    assert "Once a deal has closed, your code is here" in nobody
    assert "Sign in" in nobody


def test_what_has_not_come_says_when_it_is_expected(app: Flask):
    [bag] = bags_of(closed_deal((1,)))
    browser = guest_of(app, bag)
    page = words(browser.get("/me/pickups"))
    assert "Not here yet You are told when it is" in page
    assert "Not fixed yet" in page
    bag.deal.pickup_starts_at = clock.now() + 5 * HOUR + timedelta(minutes=1)
    db.session.commit()
    assert "Not here yet Starts in 5 h" in words(browser.get("/me/pickups"))


def test_money_to_be_paid_at_the_gate_is_said_first(app: Flask):
    bag = ready_bag(2, pay_at_pickup=True)
    page = words(guest_of(app, bag).get("/me/pickups"))
    assert "Pay 林姐 ¥20.00 first, then you get your bags" in page
    assert "¥20.00 to pay" in page


def test_what_became_of_bags_is_told_in_words(app: Flask):
    user = make_user()
    collected, missed = of(user, ready_bag(1)), of(user, ready_bag(1))
    give(collected)
    uncollected.end(missed, "neighbour", "401 王阿姨", by_id=None, now=ARRIVED)
    page = words(browser_of(app, user).get("/me/pickups"))
    assert "Collected on" in page
    assert "You did not come: a neighbour has it. 401 王阿姨" in page
    assert "Nothing to collect at the moment" in page


def test_history_has_pages(app: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(my_pickups, "_PER_PAGE", 1)
    user = make_user()
    first, second = of(user, ready_bag(1)), of(user, ready_bag(1))
    give(first)
    give(second)
    browser = browser_of(app, user)
    assert words(browser.get("/me/pickups")).count("Collected on") == 1
    later = browser.get("/me/pickups?page=2")
    assert second.point.name not in words(later)
    assert first.point.name in words(later)
    assert first.point.name in words(browser.get("/me/pickups?page=99"))


def test_somebody_else_can_be_sent_and_called_back(app: Flask):
    user = make_user("李静", "13812340009")
    bag = of(user, ready_bag(2))
    browser = browser_of(app, user)
    assert browser.post(f"/me/pickups/{bag.id}/proxy").status_code == 303
    proxy = proxy_of(bag)
    page = browser.follow().text
    [text] = re.findall(r"<textarea[^>]*readonly[^>]*>(.*?)</textarea>", page, re.S)
    assert bags.pickup_url(proxy) in text
    assert "no. 1 张*" in text
    assert "张伟" not in text
    assert "13812340009" not in page
    assert 'class="weui-btn weui-btn_primary"' in page
    browser.post(f"/me/pickups/{bag.id}/proxy/end")
    assert "Only you can collect now" in words(browser.follow())
    browser.post(f"/me/pickups/{bag.id}/proxy/end")
    assert "There was no pass any more" in words(browser.follow())
    assert browser.get(f"/p/{bags.token_of(proxy)}").status_code == 410


def test_nobody_can_be_sent_for_a_bag_that_is_gone(app: Flask):
    bag = ready_bag(1)
    browser = guest_of(app, bag)
    give(bag)
    browser.post(f"/me/pickups/{bag.id}/proxy")
    assert "nobody can be sent for it" in words(browser.follow())
    assert db.session.scalars(sa.select(PickupProxy)).all() == []


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "proxy"), ("POST", "proxy/end"), ("GET", "code.png")]
)
def test_somebody_elses_bag_is_as_missing_as_one_that_never_was(app: Flask, method: str, path: str):
    theirs, mine = ready_bag(1), ready_bag(1)
    browser = guest_of(app, mine)

    def ask(ref: object) -> TestResponse:
        url = f"/me/pickups/{ref}/{path}"
        return browser.post(url) if method == "POST" else browser.get(url)

    foreign = ask(theirs.id)
    assert foreign.status_code == 404
    for ref in (10**17, "9" * 30, "x", "１", "-1"):
        missing = ask(ref)
        assert (missing.status_code, words(missing)) == (404, words(foreign))
    assert db.session.scalars(sa.select(PickupProxy)).all() == []


def test_the_code_can_be_saved_as_a_picture(app: Flask):
    bag = ready_bag(1)
    browser = guest_of(app, bag)
    answer = browser.get(f"/me/pickups/{bag.id}/code.png")
    assert answer.headers["Cache-Control"] == "no-store"
    picture = Image.open(BytesIO(answer.data))
    plain_code = Image.open(BytesIO(qr.png(bags.pickup_url(bag), scale=12))).convert("L")
    assert picture.crop((0, 0, *plain_code.size)).tobytes() == plain_code.tobytes()
    under = picture.crop((0, plain_code.height, *picture.size))
    assert under.getextrema() == (0, 255)  # the eight letters
    give(bag)
    assert browser.get(f"/me/pickups/{bag.id}/code.png").status_code == 404


def test_pages_say_whose_they_are_without_saying_who(app: Flask):
    li, bag = make_user(), ready_bag(1)
    of_li, of_guest = browser_of(app, li), guest_of(app, bag)
    mark = of_li.get("/me/pickups").headers["Person-Mark"]
    assert of_li.get("/me/orders").headers["Person-Mark"] == mark
    assert browser_of(app, li).get("/nowhere").headers["Person-Mark"] == mark
    guest = of_guest.get("/me/pickups").headers["Person-Mark"]
    nobody = browser_of(app).get("/me/pickups").headers["Person-Mark"]
    assert nobody == "-"
    assert len({mark, guest, nobody}) == 3
    assert str(li.id) != mark
    assert "Person-Mark" not in of_li.get("/sw.js").headers


def test_a_phone_keeps_only_codes_of_its_own_and_passes(app: Flask):
    bag = ready_bag(1)
    owner = guest_of(app, bag)
    owner.post(f"/me/pickups/{bag.id}/proxy")
    own, passed = (f"/p/{bags.token_of(key)}" for key in (bag, proxy_of(bag)))
    stranger = browser_of(app)
    assert owner.get("/me/pickups").headers["Keep-Offline"] == "yes"
    assert owner.get(own).headers["Keep-Offline"] == "yes"
    assert stranger.get(passed).headers["Keep-Offline"] == "yes"
    assert "Keep-Offline" not in stranger.get(own).headers
    assert "pickups-" not in stranger.get(own).text  # nor is its phone asked to keep anything


def test_the_service_worker_is_read_anew_and_sees_every_page(app: Flask):
    answer = browser_of(app).get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert "Keep-Offline" in answer.text


def test_the_page_is_read_with_few_statements(app: Flask):
    user = make_user()
    for _ in range(3):
        of(user, ready_bag(1, 1))
    browser = browser_of(app, user)
    db.session.expunge_all()
    with statements() as sent:
        browser.get("/me/pickups")
    assert len(sent) <= 8
