"""What people want to be told, by which way, when, and how they read."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from groupbuy.accounts import choices
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.notices.kinds import TOPICS
from groupbuy.notices.models import NoticeChoice
from tests.checks import count, refused, unreadable
from tests.factories import make_leader, make_user

RESIDENTS = [topic for topic in TOPICS if topic not in ("help", "waiting", "stock")]


@pytest.fixture
def user(app: Flask, monkeypatch: pytest.MonkeyPatch):
    """Somebody with e-mail, where mail can be sent."""
    for name, setting in {
        "MAIL_HOST": "mail.example.com",
        "MAIL_FROM": "tuan@example.com",
        "NOTICE_CHANNELS": ["in_app", "console", "email", "wechat_template"],
    }.items():
        monkeypatch.setitem(app.config, name, setting)
    somebody = make_user()
    somebody.email = "wang@example.com"
    db.session.flush()
    return somebody


def test_only_ways_that_are_set_up_and_reach_them_can_be_chosen(app: Flask, user, monkeypatch):
    assert choices.channels_for(user) == ["email"]
    assert choices.channels_for(make_user("李雷")) == []
    user.wechat_openid = "o-1"
    assert choices.channels_for(user) == ["email"]
    for name in ("WECHAT_APP_ID", "WECHAT_APP_SECRET", "WECHAT_TEMPLATE_ID"):
        monkeypatch.setitem(app.config, name, "x")
    assert choices.channels_for(user) == ["wechat_template", "email"]
    monkeypatch.setitem(app.config, "MAIL_HOST", "")
    assert choices.channels_for(user) == ["wechat_template"]
    monkeypatch.setitem(app.config, "NOTICE_CHANNELS", ["in_app"])
    assert choices.channels_for(user) == []


def test_calls_for_help_are_a_topic_of_leaders_only(user):
    assert choices.topics_for(user) == RESIDENTS
    assert choices.topics_for(make_leader().user) == list(TOPICS)


def test_everything_is_sent_until_somebody_says_no(user):
    assert choices.switched_off(user) == set()
    choices.choose(user, {("order", "email"), ("pickup", "email")})
    off = {("closing", "email"), ("deals", "email")}
    assert choices.switched_off(user) == off
    choices.choose(user, {("order", "email"), ("pickup", "email")})
    assert choices.switched_off(user) == off
    choices.choose(user, {(topic, "email") for topic in RESIDENTS})
    assert choices.switched_off(user) == set()


def test_a_way_that_cannot_be_chosen_now_keeps_what_was_chosen_for_it(user):
    db.session.add(NoticeChoice(user_id=user.id, topic="order", channel="wechat_template"))
    db.session.flush()
    choices.choose(user, set())
    assert ("order", "wechat_template") in choices.switched_off(user)
    choices.choose(user, {("order", "wechat_template"), ("order", "email")})
    assert ("order", "wechat_template") in choices.switched_off(user)


def test_what_nobody_asked_about_is_not_written(user):
    choices.choose(user, {("order", "in_app"), ("x", "y"), ("help", "email")})
    assert count(NoticeChoice) == len(RESIDENTS)
    assert count(NoticeChoice, NoticeChoice.topic == "help") == 0


def test_quiet_hours_may_go_past_midnight_and_be_lifted(user):
    choices.set_quiet_hours(user, 22 * 60, 7 * 60)
    assert (user.quiet_from, user.quiet_until) == (1320, 420)
    choices.set_quiet_hours(user, None, None)
    assert user.quiet_from is user.quiet_until is None


@pytest.mark.parametrize(
    ("begin", "end", "field"),
    [(None, 60, "quiet_from"), (60, None, "quiet_until"), (60, 60, "quiet_until")],
)
def test_quiet_hours_need_two_different_ends(user, begin, end, field):
    with refused(BadInput) as caught:
        choices.set_quiet_hours(user, begin, end)
    assert caught.value.field == field
    assert user.quiet_from is None


@pytest.mark.parametrize(
    ("text", "minutes"), [("00:00", 0), ("7:05", 425), (" 23:59 ", 1439), ("２２：３０", 1350)]
)
def test_a_time_of_day_is_read_as_people_write_it(text: str, minutes: int):
    assert choices.parse_clock(text) == minutes


@pytest.mark.parametrize("text", ["", "24:00", "7", "7:5", "07:60", "-1:00", "٠٧:٠٥", "7:05pm"])
def test_what_is_no_time_is_refused(text: str):
    with unreadable():
        choices.parse_clock(text)


@given(st.integers(0, 1439))
def test_a_time_that_is_shown_can_be_read(minutes: int):
    assert choices.parse_clock(choices.show_clock(minutes)) == minutes


def test_language_and_letters_are_kept_with_the_person(user):
    choices.set_language(user, "en")
    choices.set_large_type(user, True)
    db.session.refresh(user)
    assert (user.locale, user.large_type) == ("en", True)
