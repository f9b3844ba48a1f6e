"""E-mail and WeChat, against servers that take messages, refuse them, or say nothing."""

from __future__ import annotations

import logging
import time

import pytest

from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices import mail as post_office
from groupbuy.notices.failures import NeverDelivered, NotDelivered
from groupbuy.notices.models import NoticeChoice
from tests.fakes.smtp import FakeMailServer
from tests.notices.outgoing import make_reader, notice_of, owed_notice, send, tries, user_of

SEND = "/cgi-bin/message/template/send"


@pytest.fixture(autouse=True)
def no_console(app, monkeypatch):
    monkeypatch.setitem(app.config, "NOTICE_CHANNELS", ["in_app", "email", "wechat_template"])


def test_a_mail_says_what_happened_and_where_to_go(app, mail):
    member = make_reader(email="reader@example.com")
    assert send(owed_notice(member_id=member.id)) is True
    [(recipients, message)] = mail.messages
    assert recipients == ["reader@example.com"]
    assert message["To"] == "reader@example.com"
    assert message["From"] == "tuan@example.com"
    assert message["Subject"] == "Ready to collect · 周六菜篮子"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]
    assert message["Message-ID"].endswith("@127.0.0.1>")
    text = message.get_content()
    assert text.startswith("Your things from “周六菜篮子” are here.")
    assert "http://127.0.0.1:8000/d/" in text
    assert "You choose on the page “Me”" in text


def test_a_title_with_line_breaks_makes_no_new_header(app, mail):
    post_office.send_mail("a@example.com", "团\r\nBcc: b@example.com", "x")
    [(recipients, message)] = mail.messages
    assert recipients == ["a@example.com"]
    assert message["Bcc"] is None


@pytest.mark.parametrize("address", ["a@b\r\nc", "林@例.cn", ""])
def test_an_address_that_is_none_is_a_failure_and_not_a_crash(app, mail, address):
    with pytest.raises(NotDelivered):
        post_office.send_mail(address, "x", "x")
    assert mail.messages == []


def test_a_template_message_says_what_happened_about_which_deal(app, wechat):
    member = make_reader(email=None, wechat_openid="o-7")
    assert send(owed_notice(member_id=member.id)) is True
    [message] = wechat.sent
    assert (message["touser"], message["template_id"]) == ("o-7", "template-1")
    assert message["url"].startswith("http://127.0.0.1:8000/d/")
    assert message["data"] == {
        "thing1": {"value": "Ready to collect"},
        "thing2": {"value": "周六菜篮子"},
    }


def test_a_guest_is_told_inside_only(app, mail, wechat):
    notice_id = owed_notice()
    assert send(notice_id) is True
    assert tries(notice_id) == {"in_app": (1, True)}
    assert notice_of(notice_id).state == "sent"


@pytest.mark.parametrize(
    ("missing", "channels"),
    [("email", {"in_app", "wechat_template"}), ("wechat_openid", {"in_app", "email"})],
)
def test_a_channel_without_an_address_is_passed_over(app, mail, wechat, missing, channels):
    notice_id = owed_notice(member_id=make_reader(**{missing: None}).id)
    assert send(notice_id) is True
    assert set(tries(notice_id)) == channels


def test_what_is_not_set_up_reaches_nobody(app):
    notice_id = owed_notice(member_id=make_reader().id)
    assert send(notice_id) is True
    assert set(tries(notice_id)) == {"in_app"}


@pytest.mark.parametrize(
    ("topic", "channels"),
    [
        ("pickup", {"in_app", "wechat_template"}),
        ("deals", {"in_app", "email", "wechat_template"}),
    ],
)
def test_a_choice_switches_one_topic_off_on_one_channel(app, mail, wechat, topic, channels):
    member = make_reader()
    with transaction():
        for channel in ("email", "in_app"):  # the list inside cannot be switched off
            choice = NoticeChoice(user_id=member.user_id, topic=topic, channel=channel)
            db.session.add(choice)
    notice_id = owed_notice(member_id=member.id)
    assert send(notice_id) is True
    assert set(tries(notice_id)) == channels
    assert notice_of(notice_id).state == "sent"


def test_one_channel_failing_is_tried_again_alone(app, mail, wechat):
    mail.refuse["DATA"] = "451 later"
    notice_id = owed_notice(member_id=make_reader().id)
    assert send(notice_id) is False
    mail.refuse.clear()
    assert send(notice_id, notice_of(notice_id).next_try_at) is True
    assert tries(notice_id) == {
        "in_app": (1, True),
        "email": (2, True),
        "wechat_template": (1, True),
    }
    assert (len(mail.messages), len(wechat.sent)) == (1, 1)


@pytest.mark.parametrize("errcode", [43004, 40003])
def test_who_does_not_follow_is_not_asked_again(app, mail, wechat, errcode):
    member = make_reader()
    wechat.errors[SEND] = errcode
    notice_id = owed_notice(member_id=member.id)
    assert send(notice_id) is True
    notice = notice_of(notice_id)
    assert notice.state == "failed"
    assert tries(notice_id) == {
        "in_app": (1, True),
        "email": (1, True),
        "wechat_template": (5, False),
    }
    assert wechat.count(SEND) == 1
    errors = {each.channel: each.last_error for each in notice.deliveries}
    assert errors["wechat_template"] == f"template message: error {errcode}"


def test_a_dead_end_on_one_channel_does_not_end_the_other(app, mail, wechat):
    wechat.errors[SEND] = 43004
    mail.refuse["DATA"] = "451 later"
    notice_id = owed_notice(member_id=make_reader().id)
    assert send(notice_id) is False
    assert notice_of(notice_id).state == "owed"
    mail.refuse.clear()
    assert send(notice_id, notice_of(notice_id).next_try_at) is True
    assert tries(notice_id)["email"] == (2, True)
    assert wechat.count(SEND) == 1


def test_wechat_being_busy_is_tried_again(app, wechat):
    wechat.errors[SEND] = -1
    notice_id = owed_notice(member_id=make_reader().id)
    assert send(notice_id) is False
    wechat.errors.clear()
    assert send(notice_id, notice_of(notice_id).next_try_at) is True
    assert len(wechat.sent) == 1


@pytest.mark.parametrize(
    ("command", "reply", "failure"),
    [
        ("RCPT", "550 nobody@example.com is unknown", NeverDelivered),
        ("RCPT", "450 nobody@example.com is busy", NotDelivered),
        ("RCPT", "530 who are you", NotDelivered),
        ("MAIL", "451 later", NotDelivered),
        ("DATA", "554 no", NotDelivered),
        ("AUTH", "535 no", NotDelivered),
        ("EHLO", "421 busy", NotDelivered),
    ],
)
def test_a_mail_that_is_refused_says_why_without_the_address(app, mail, command, reply, failure):
    mail.refuse[command] = reply
    with pytest.raises(NotDelivered) as caught:
        post_office.send_mail("nobody@example.com", "x", "x")
    assert type(caught.value) is failure
    assert "nobody@" not in str(caught.value)
    assert caught.value.__context__ is None
    assert mail.messages == []


@pytest.mark.parametrize("command", ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
def test_a_mail_server_that_falls_silent_is_left_in_time(app, mail, command):
    mail.silent_at = command
    began = time.monotonic()
    with pytest.raises(NotDelivered):
        post_office.send_mail("a@example.com", "x", "x")
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("how", ["silent_at", "hang_up_at"])
def test_what_the_server_has_taken_is_sent_however_it_parts(app, mail, how):
    setattr(mail, how, "QUIT")
    post_office.send_mail("a@example.com", "x", "x")
    assert len(mail.messages) == 1


def test_a_server_without_encryption_gets_no_password_when_it_is_demanded(app, mail, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_TLS", "starttls")
    with pytest.raises(NotDelivered, match="NotSupported"):
        post_office.send_mail("a@example.com", "x", "x")
    assert mail.messages == []


def test_a_mail_server_that_is_not_there_is_a_failure(app, mail, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_PORT", 1)
    with pytest.raises(NotDelivered, match="ConnectionRefused"):
        post_office.send_mail("a@example.com", "x", "x")


def test_no_secret_or_address_is_logged(app, mail, wechat, caplog):
    caplog.set_level(logging.DEBUG)
    member = make_reader(email="reader@example.com")
    openid = user_of(member).wechat_openid
    wechat.status[""] = 500
    mail.refuse["RCPT"] = "450 reader@example.com is busy"
    notice_id = owed_notice(member_id=member.id)
    send(notice_id)
    wechat.status.clear()
    wechat.errors[SEND] = -1
    send(notice_id, notice_of(notice_id).next_try_at)
    kept = caplog.text + "".join(each.last_error for each in notice_of(notice_id).deliveries)
    assert "error -1" in kept
    for secret in (wechat.secret, "access-token", FakeMailServer.password, "reader@", openid):
        assert secret not in kept
