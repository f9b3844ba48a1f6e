"""The address in a pickup code, as any camera opens it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from groupbuy.core import qr
from groupbuy.extensions import db
from groupbuy.pickup import bags
from groupbuy.pickup.models import Pickup
from tests.factories import make_user
from tests.members.test_my_pickups import browser_of, give, guest_of, handed_out_now, of
from tests.pages.reading import words
from tests.pickup.rows import bags_of, closed_deal, ready_bag


def test_a_camera_opens_the_code_and_learns_nothing_about_people_or_goods(app: Flask):
    bag = handed_out_now(ready_bag(2, 1))
    answer = browser_of(app).get(f"/p/{bags.token_of(bag)}")
    page = words(answer)
    assert answer.status_code == 200
    assert "1 bag Show this code to 林姐" in page
    assert bag.point.name in page
    assert qr.svg(bags.pickup_url(bag)) in answer.text
    code = bags.code_of(bag)
    for secret in ("张", "土鸡蛋", "草莓", bag.deal.title, code, code[:4], code[4:]):
        assert secret not in page
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_code_of_one_bag_counts_all_that_go_together(app: Flask):
    user = make_user()
    first = of(user, ready_bag(1))
    second = of(user, ready_bag(1, leader=first.deal.leader))
    db.session.execute(sa.update(Pickup).values(point_id=first.point_id))
    for bag in (first, second):
        handed_out_now(bag)
    page = words(browser_of(app).get(f"/p/{bags.token_of(second)}"))
    assert "2 bags" in page


def test_a_code_says_when_its_bag_was_collected_or_has_not_come(app: Flask):
    bag = ready_bag(1)
    browser, address = guest_of(app, bag), f"/p/{bags.token_of(bag)}"
    give(bag)
    answer = browser.get(address)
    assert "These bags have been handed over" in words(answer)
    assert 'class="code__qr"' not in answer.text
    [coming] = bags_of(closed_deal((1,)))
    db.session.commit()
    assert "still on their way" in words(browser.get(f"/p/{bags.token_of(coming)}"))


def test_what_is_no_code_opens_nothing(app: Flask):
    bag = ready_bag(1)
    browser = browser_of(app)
    unknown = browser.get(f"/p/{'a' * 26}")
    assert unknown.status_code == 404
    assert unknown.headers["Referrer-Policy"] == "same-origin"
    # Eight letters could be tried one after the other; they are told to people only.
    for shown in (bags.code_of(bag), bags.code_of(bag).lower(), "x", "%00", "A" * 5000):
        answer = browser.get(f"/p/{shown}")
        assert (answer.status_code, words(answer)) == (404, words(unknown))


def test_codes_cannot_be_tried_at_will(limited: Flask):
    browser = browser_of(limited)
    answers = [browser.get(f"/p/{'a' * 26}").status_code for _ in range(61)]
    assert answers == [404] * 60 + [429]
