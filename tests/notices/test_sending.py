"""What is owed is sent: claimed by one, tried again, given up, never lost."""

from __future__ import annotations

import types
from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.accounts.models import User
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices import sending
from groupbuy.notices.channels import CHANNELS, NotDelivered
from groupbuy.notices.models import Delivery, Notice
from groupbuy.notices.owing import owe
from tests import factories
from tests.checks import in_thread
from tests.conftest import NOON
from tests.notices.outgoing import notice_of, owed_notice, send

MINUTE = timedelta(minutes=1)


@pytest.fixture
def post(app, monkeypatch):
    """A channel to the outside that is down as long as `post.down` says why, and what it sent."""
    channel = types.SimpleNamespace(down="", sent=[])

    def deliver(_reader, message):
        if channel.down:
            raise NotDelivered(channel.down)
        channel.sent.append(message.words)

    channel.send = deliver
    monkeypatch.setitem(CHANNELS, "post", channel)
    monkeypatch.setitem(app.config, "NOTICE_CHANNELS", ["in_app", "post"])
    return channel


def test_a_message_goes_out_on_every_channel_and_is_sent(app, capsys):
    notice_id = owed_notice()
    assert send(notice_id) is True
    notice = notice_of(notice_id)
    assert notice.state == "sent"
    assert {(d.channel, d.attempts, d.sent_at) for d in notice.deliveries} == {
        ("in_app", 1, NOON),
        ("console", 1, NOON),
    }
    line = capsys.readouterr().out
    assert line.startswith(f"[notice] member {notice.member_id}: arrived: ")
    assert "周六菜篮子" in line
    assert sending.owed(NOON + 60 * MINUTE) == []


def test_only_what_is_due_is_found_the_longest_waiting_first(app):
    member = factories.make_member(factories.make_leader())
    for key, minute in (("late", 2), ("early", 1), ("future", 9)):
        owe("arrived", key, now=NOON + minute * MINUTE, member_id=member.id)
    found = [db.session.get_one(Notice, n).key for n in sending.owed(NOON + 2 * MINUTE)]
    assert found == ["arrived:early", "arrived:late"]
    assert len(sending.owed(NOON + 9 * MINUTE, most=1)) == 1


def test_of_several_processes_one_gets_a_message_for_a_while(app):
    notice_id = owed_notice()
    assert sending.claim(notice_id, now=NOON) is True
    assert sending.claim(notice_id, now=NOON + 4 * MINUTE) is False
    assert sending.claim(notice_id, now=NOON + 5 * MINUTE) is True  # the first one died


def test_two_processes_claiming_at_once(shared_app):
    notice_id = owed_notice()

    def claim() -> bool:
        with transaction():
            return sending.claim(notice_id, now=NOON)

    assert sorted(wait() for wait in [in_thread(shared_app, claim) for _ in range(3)]) == [
        False,
        False,
        True,
    ]


def test_a_channel_that_fails_is_tried_later_and_the_others_not_again(app, post):
    notice_id = owed_notice()
    post.down = "no line"
    assert send(notice_id) is False
    notice = notice_of(notice_id)
    assert (notice.state, notice.next_try_at) == ("owed", NOON + 2 * MINUTE)
    tries = {d.channel: (d.attempts, d.sent_at, d.last_error) for d in notice.deliveries}
    assert tries == {"in_app": (1, NOON, ""), "post": (1, None, "no line")}
    post.down = ""
    assert send(notice_id, NOON + 2 * MINUTE) is True
    notice = notice_of(notice_id)
    tries = {d.channel: (d.attempts, d.last_error) for d in notice.deliveries}
    assert (notice.state, tries) == ("sent", {"in_app": (1, ""), "post": (2, "")})
    assert len(post.sent) == 1


def test_waiting_doubles_and_after_five_tries_it_is_given_up(app, post):
    notice_id, now, waits = owed_notice(), NOON, []
    post.down = "no line"
    for _ in range(5):
        assert send(notice_id, now) is False
        notice = notice_of(notice_id)
        waits.append((notice.next_try_at - now) // MINUTE)
        now = notice.next_try_at
    assert waits[:4] == [2, 4, 8, 16]
    assert notice.state == "failed"
    assert sending.owed(now + timedelta(days=9)) == []


def test_what_was_given_up_can_be_owed_again(app):
    assert Notice.NEXT_STATES["failed"] == {"owed"}
    assert Notice.NEXT_STATES["sent"] == set()


def test_a_channel_that_is_switched_off_does_not_keep_a_message_for_ever(app, post):
    notice_id = owed_notice()
    post.down = "no line"
    send(notice_id)
    app.config["NOTICE_CHANNELS"] = ["in_app"]
    assert send(notice_id, NOON + 2 * MINUTE) is True
    assert notice_of(notice_id).state == "sent"


def test_a_long_error_fits_its_column(app, post):
    notice_id = owed_notice()
    post.down = "错" * 999
    send(notice_id)
    errors = db.session.scalars(sa.select(Delivery.last_error).where(Delivery.channel == "post"))
    assert errors.one() == "错" * 300


def test_an_error_without_words_is_still_an_error(app, post, monkeypatch):
    def fail(_reader, _message):
        raise NotDelivered

    monkeypatch.setattr(post, "send", fail)
    assert send(owed_notice()) is False


def test_no_transaction_is_open_while_a_channel_sends(app, post, monkeypatch):
    seen = []
    monkeypatch.setattr(post, "send", lambda *_: seen.append(db.session().in_transaction()))
    send(owed_notice())
    assert seen == [False]


def test_a_claim_counts_from_the_present_and_not_from_when_the_run_began(app):
    notice_id = owed_notice()
    with transaction():
        db.session.get_one(Notice, notice_id).next_try_at = NOON - timedelta(days=9999)
    began = clock.now() - timedelta(minutes=20)  # a long run
    assert sending.claim(notice_id, now=began) is True
    assert notice_of(notice_id).next_try_at > clock.now()


def test_a_log_that_knows_no_chinese_does_not_lose_the_message(app, monkeypatch):
    import io
    import sys

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert send(owed_notice()) is True
    assert b"[notice] member" in raw.getvalue()


def english_reader() -> User:
    """Somebody who reads English, beside another who does not."""
    with transaction():
        factories.make_user()
        user = factories.make_user()
        user.locale = "en"
        return user


ENGLISH, CHINESE = "Your things from", "周六菜篮子"


def words_sent(capsys, **recipient: int) -> str:
    send(owed_notice(**recipient))
    return capsys.readouterr().out


def test_a_member_who_signs_in_reads_their_own_language(app, capsys):
    user = english_reader()
    with transaction():
        member = factories.make_member(factories.make_leader())
        member.user_id = user.id
    assert ENGLISH in words_sent(capsys, member_id=member.id)


def test_staff_read_their_own_language(app, capsys):
    assert ENGLISH in words_sent(capsys, user_id=english_reader().id)


@pytest.mark.parametrize("recipient", ["supplier_id", "member_id"])
def test_suppliers_and_guests_read_the_language_of_the_house(app, capsys, recipient):
    with transaction():
        leader = factories.make_leader()
        made = {"supplier_id": factories.make_supplier, "member_id": factories.make_member}
        recipient_id = made[recipient](leader).id
        db.session.execute(sa.update(User).values(locale="en"))  # whatever others have chosen
    said = words_sent(capsys, **{recipient: recipient_id})
    assert CHINESE in said
    assert ENGLISH not in said
