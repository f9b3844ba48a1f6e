"""Several schedulers send at once: everybody gets each message once on each channel."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from groupbuy import jobs
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices import sending
from groupbuy.notices.models import Delivery, Notice
from groupbuy.notices.owing import owe
from tests.checks import count, in_thread
from tests.conftest import NOON
from tests.fakes.smtp import FakeMailServer
from tests.fakes.wechat import FakeWeChat
from tests.notices.outgoing import make_reader, owed_notice
from tests.races.children import Child

MESSAGES = 12


@pytest.fixture
def outside(shared_app, monkeypatch):
    with FakeMailServer() as mail, FakeWeChat() as wechat:
        settings = {"NOTICE_CHANNELS": ["in_app", "email", "wechat_template"]}
        for name, value in (settings | mail.settings | wechat.settings).items():
            monkeypatch.setitem(shared_app.config, name, value)
        shared_app.extensions.pop("groupbuy_wechat", None)
        yield mail, wechat


def owe_many() -> None:
    member = make_reader()
    with transaction():
        for number in range(MESSAGES):
            owe("arrived", str(number), now=NOON, member_id=member.id)


def test_three_senders_at_once_send_each_message_once(shared_app, outside):
    mail, wechat = outside
    owe_many()
    waits = [in_thread(shared_app, lambda: jobs.send_notices(NOON)) for _ in range(3)]
    for wait in waits:
        assert wait().failed == 0
    assert (len(mail.messages), len(wechat.sent)) == (MESSAGES, MESSAGES)
    assert count(Notice, Notice.state == "sent") == MESSAGES
    assert count(Delivery) == count(Delivery, Delivery.attempts == 1) == 3 * MESSAGES


def test_control_senders_that_claim_nothing_repeat_themselves(shared_app, outside, monkeypatch):
    mail, _wechat = outside
    monkeypatch.setattr(sending, "claim", lambda _notice_id, now: True)
    member = make_reader()
    notice_id = owed_notice(member_id=member.id)
    for _ in range(2):
        sending.deliver(notice_id, now=NOON)
    assert len(mail.messages) == 2


def send_in_a_process(settings: dict) -> None:
    from flask import current_app

    current_app.config.update(settings)
    jobs.send_notices(NOON)


@pytest.mark.races
def test_two_processes_send_each_message_once(shared_app, outside):
    mail, wechat = outside
    owe_many()
    names = ("NOTICE_CHANNELS", *mail.settings, *wechat.settings)
    settings = {name: shared_app.config[name] for name in names}
    children = [Child(shared_app, send_in_a_process, settings) for _ in range(2)]
    for child in children:
        child.go()
    for child in children:
        child.wait_until_done()
        assert child.end()
    assert (len(mail.messages), len(wechat.sent)) == (MESSAGES, MESSAGES)
    db.session.rollback()
    states = sa.select(Notice.state).distinct()
    assert db.session.scalars(states).all() == ["sent"]
