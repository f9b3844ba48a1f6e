"""“Me”: what is whose, and how somebody wants to read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.accounts import devices, following
from groupbuy.accounts.models import Device
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from tests.checks import count
from tests.factories import make_deal, make_member, make_order, make_placed, make_user
from tests.members.known import browser
from tests.pages.reading import words

HOUR = timedelta(hours=1)


def open_deal(**values):
    return make_deal(opens_at=clock.now() - HOUR, **values)


def member_of(deal, user, name="王芳"):
    member = make_member(deal.leader, name)
    member.user_id = user.id
    db.session.flush()
    return member


def test_a_guest_sees_what_this_browser_knows_and_the_way_in(app: Flask):
    deal = open_deal()
    member = make_member(deal.leader)
    make_order(deal, member=member)
    page = words(browser(app, None, member).get("/me"))
    assert "You are not signed in" in page
    assert "To pay 1" in page
    assert "Sign in or register" in page
    for hidden in ("Addresses", "Devices", "Sign out"):
        assert hidden not in page


def test_a_stranger_sees_no_orders(app: Flask):
    make_order(open_deal())
    assert "To pay 1" not in words(browser(app).get("/me"))


def test_devices_are_named_in_the_language_of_the_reader(app: Flask):
    user = make_user("王芳", "13900139000")
    known = browser(app, user)
    [device] = devices.devices_of(user)
    device.name = devices.name_of("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50")
    db.session.commit()
    assert "WeChat · Android" in words(known.get("/me/devices"))
    assert "微信 · Android" in words(known.get("/me/devices?lang=zh"))


def test_the_page_counts_orders_messages_and_leaders(app: Flask):
    deal, user = open_deal(), make_user("王芳", "13900139000")
    member = member_of(deal, user)
    make_order(deal, member=member)
    make_placed(deal, member=member)
    make_placed(deal)  # somebody else's
    following.follow(user, deal.leader, now=clock.now())
    answer = browser(app, user).get("/me")
    page = words(answer)
    assert "王芳 139****9000" in page
    assert "13900139000" not in answer.text
    assert "To pay 1 On the way 1 To collect" in page
    assert "Messages 3 unread" in page
    assert "Leaders I follow 1" in page


def test_nobody_is_told_how_to_link_wechat_outside_of_it(app: Flask):
    client = browser(app, make_user())
    assert "/sign-in/wechat" not in client.get("/me").text


def test_language_and_letters_stay_with_the_browser_and_the_person(app: Flask):
    user = make_user()
    client = browser(app, user, lang="zh")
    client.post("/me/reading", data={"language": "en"})
    client.post("/me/reading", data={"type": "large"})
    answer = client.get("/me")
    assert '<html lang="en" data-type="large">' in answer.text
    db.session.refresh(user)
    assert (user.locale, user.large_type) == ("en", True)
    client.post("/me/reading", data={"type": "ordinary"})
    assert "data-type" not in client.get("/me").text
    db.session.refresh(user)
    assert (user.locale, user.large_type) == ("en", False)


def test_a_guest_chooses_letters_on_the_deals_page_and_stays_there(app: Flask):
    deal = open_deal()
    db.session.commit()
    client = app.test_client()
    page = client.get(f"/d/{deal.slug}?page=1&lang=zh")
    assert f'name="next" value="/d/{deal.slug}?page=1"' in page.text
    assert 'name="type" value="large"' in page.text
    answer = client.post("/me/reading", data={"type": "large", "next": f"/d/{deal.slug}?page=1"})
    assert (answer.status_code, answer.location) == (303, f"/d/{deal.slug}?page=1")
    assert 'data-type="large"' in client.get(f"/d/{deal.slug}").text


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "", "/\\evil.example"])
def test_the_way_back_never_leaves_the_site(app: Flask, where: str):
    answer = app.test_client().post("/me/reading", data={"language": "en", "next": where})
    assert answer.location == "/me"


@pytest.mark.parametrize("data", [{"language": "fr"}, {"type": "huge"}, {"language": ""}])
def test_what_cannot_be_chosen_changes_nothing(app: Flask, data: dict[str, str]):
    user = make_user()
    client = browser(app, user)
    assert client.post("/me/reading", data=data).status_code == 422
    db.session.refresh(user)
    assert (user.locale, user.large_type) == ("zh_Hans_CN", False)


def test_a_page_that_only_answers_a_post_is_not_come_back_to(app: Flask):
    user = make_user()
    client = browser(app, user)
    answer = client.post("/help", data={"step": "me"})
    assert 'name="next" value="/help"' in answer.text
    answer = client.post("/me/devices/999/end")
    assert answer.status_code == 404
    assert 'name="next" value="/me"' in answer.text


def test_odd_addresses_come_back_as_they_were(app: Flask):
    client = browser(app)
    client.get("/me")
    answer = client.get("/nothing/%E5%9B%A2%3Fx?q=%26%20%E8%8D%89&lang=en")
    assert 'value="/nothing/%E5%9B%A2%3Fx?q=%26+%E8%8D%89"' in answer.text


def test_a_page_that_went_wrong_offers_the_language_without_setting_a_cookie(app: Flask):
    answer = app.test_client().get("/nothing", headers={"Accept-Language": "zh"})
    assert 'href="?lang=en"' in answer.text
    assert "Set-Cookie" not in answer.headers


# --- devices


def test_each_device_can_be_signed_out_from_another(app: Flask):
    user = make_user()
    here, there = browser(app, user), browser(app, user)
    page = words(here.get("/me/devices"))
    assert page.count("Chrome · Android") == 2
    assert page.count("This device") == 1
    last = count(Device)
    assert last == 2
    other = db.session.scalars(db.select(Device.id).order_by(Device.id.desc())).first()
    assert here.post(f"/me/devices/{other}/end").status_code == 303
    assert there.get("/me/devices").status_code == 303
    assert here.get("/me/devices").status_code == 200


def test_everywhere_else_is_one_tap(app: Flask):
    user = make_user()
    here, *others = (browser(app, user) for _ in range(3))
    assert "2 devices are signed out" in words(
        here.post("/me/devices/end-others", follow_redirects=True)
    )
    assert [other.get("/me/addresses").status_code for other in others] == [303, 303]
    assert "on this device only" in words(here.get("/me/devices"))


def test_the_device_of_somebody_else_is_as_missing_as_none(app: Flask):
    mine, theirs = browser(app, make_user()), browser(app, make_user("李雷"))
    foreign = db.session.scalars(db.select(Device.id).order_by(Device.id.desc())).first()
    answers = [mine.post(f"/me/devices/{number}/end") for number in (foreign, 10**9, "x")]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({words(answer) for answer in answers}) == 1
    assert theirs.get("/me/devices").status_code == 200


# --- who may open what


@pytest.mark.parametrize(
    "path", ["/me/messages", "/me/choices", "/me/addresses", "/me/addresses/new", "/me/devices"]
)
def test_what_belongs_to_an_account_wants_one(app: Flask, path: str):
    answer = app.test_client().get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=")


def test_looking_writes_nothing(app: Flask):
    user = make_user()
    owe("help", "x", now=clock.now(), user_id=user.id, detail={"step": "me"})
    client = browser(app, user)
    for path in ("/me", "/me/messages", "/me/choices", "/me/addresses", "/me/devices", "/help"):
        with client.session_transaction() as before:
            kept = {k: v for k, v in before.items() if k != "csrf_token"}
        assert client.get(path).status_code == 200
        with client.session_transaction() as after:
            assert {k: v for k, v in after.items() if k != "csrf_token"} == kept
    assert "1 unread" in words(client.get("/me/messages"))
