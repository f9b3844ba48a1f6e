"""Suppliers with an address get their lists by e-mail; of others the leader keeps track."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from flask import Flask

from groupbuy import jobs
from groupbuy.core.db import transaction
from groupbuy.core.models import ActionLog
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Delivery
from groupbuy.purchasing import answers, telling
from groupbuy.purchasing.answers import Reply, Said
from groupbuy.purchasing.links import list_behind, revoke_links
from groupbuy.purchasing.models import PurchaseList
from groupbuy.purchasing.reopening import reopen
from tests import factories
from tests.checks import assert_everything_true, count, refused
from tests.conftest import NOON
from tests.fakes.smtp import FakeMailServer
from tests.purchasing.test_reopening import lists_of, shut

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CLOSES = NOON + 8 * HOUR


@pytest.fixture(autouse=True)
def mail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMailServer]:
    with FakeMailServer() as fake:
        settings = fake.settings | {"NOTICE_CHANNELS": ["in_app", "email"]}
        for name, value in (settings | {"BABEL_DEFAULT_LOCALE": "en"}).items():
            monkeypatch.setitem(app.config, name, value)
        yield fake


def closed_deal() -> Deal:
    """Of two suppliers with addresses; nobody ordered of the second."""
    with transaction():
        leader = factories.make_leader()
        farm, bakery = (factories.make_supplier(leader, name) for name in ("农场", "面包房"))
        farm.email, bakery.email = "farm@example.com", "bakery@example.com"
        skus = [factories.make_sku(leader, one, cost_fen=2500) for one in (farm, bakery)]
        starts = CLOSES + 20 * HOUR
        deal = factories.make_deal(leader=leader, skus=skus, pickup_starts_at=starts)
        person = factories.make_member(leader, "欧阳娜娜")
        factories.make_placed(deal, 16, member=person)
        shut(deal)
    return deal


def sent(fake: FakeMailServer, now: datetime = CLOSES) -> dict[str, EmailMessage]:
    """Send what is owed: address -> message, of what came new."""
    before = len(fake.messages)
    jobs.send_notices(now)
    db.session.expire_all()
    return {to: message for [to], message in fake.messages[before:]}


def token_in(message: EmailMessage) -> str:
    found = re.search(r"/s/(\S+)", message.get_content())
    assert found
    return found[1]


def the_deal() -> Deal:
    """As it is in the database: whatever sends messages lets go of every row."""
    return db.session.scalars(db.select(Deal)).one()


def the_farm() -> PurchaseList:
    return lists_of(the_deal())[0]


def known() -> telling.Told:
    purchase_list = the_farm()
    db.session.refresh(purchase_list)
    return telling.told({purchase_list: answers.state(purchase_list)})[purchase_list.id]


def again(now: datetime = CLOSES + 2 * MINUTE) -> None:
    with transaction():
        purchase_list = the_farm()
        by_id = purchase_list.deal.leader.user_id
        telling.send_again(purchase_list, by_id=by_id, now=now)


def test_at_closing_each_supplier_is_mailed_a_link_and_what_it_comes_to(app, mail):
    closed_deal()
    letters = sent(mail)
    letter, farm = letters["farm@example.com"], the_farm()
    assert letter["Subject"] == f"Purchase list · {farm.number}, revision 1 · 周六菜篮子"
    text = letter.get_content()
    for fact in (
        f"List {farm.number}, revision 1",
        "Orders closed: 2035-05-12 20:00",
        "Deliver before: 2035-05-13 16:00",
        "Kinds: 1 · pieces: 16 · amount: ¥400.00",
        "It works for 30 days.",
    ):
        assert fact in text
    assert list_behind(token_in(letter), CLOSES + timedelta(days=29)) == the_farm()
    assert not list(letter.iter_attachments())
    nothing = letters["bakery@example.com"]
    assert "nothing was ordered from you this time" in nothing.get_content()
    assert "Kinds" not in nothing.get_content()
    assert list_behind(token_in(nothing), CLOSES) == lists_of(the_deal())[1]
    assert sent(mail, CLOSES + HOUR) == {}
    assert_everything_true()


def test_no_mail_to_a_supplier_names_a_resident(app, mail):
    closed_deal()
    for letter in sent(mail).values():
        for hidden in ("欧阳", "欧*", "139", "“Me”"):
            assert hidden not in letter.get_content()


def test_a_withdrawn_list_and_its_next_revision_are_mailed_too(app, mail):
    closed_deal()
    sent(mail)
    with transaction():
        reopen(the_deal(), CLOSES + 5 * HOUR, now=CLOSES + HOUR)
    gone = sent(mail, CLOSES + HOUR)["farm@example.com"].get_content()
    assert "please do not prepare anything" in gone
    assert "Orders are taken again until: 2035-05-13 01:00" in gone
    assert known().word == "mailed"
    with transaction():
        shut(the_deal())
    letter = sent(mail, CLOSES + 5 * HOUR)["farm@example.com"]
    assert "revision 2" in letter["Subject"]
    assert "It takes the place of revision 1." in letter.get_content()


def test_what_was_overtaken_before_it_was_sent_is_not_mailed(app, mail):
    closed_deal()
    with transaction():
        reopen(the_deal(), CLOSES + 5 * HOUR, now=CLOSES + HOUR)
        shut(the_deal())
    sent(mail, CLOSES + 5 * HOUR)
    assert len(mail.messages) == 2
    for _to, message in mail.messages:
        assert "revision 2" in message["Subject"]


def test_without_an_address_the_message_is_kept_and_the_leader_says_when_it_was_sent(app, mail):
    closed_deal()
    with transaction():
        the_farm().supplier.email = None
    assert "farm@example.com" not in sent(mail)
    assert known() == ("untold", None, "")
    by_id = the_deal().leader.user_id
    with transaction():
        telling.note_told(the_farm(), 1, by_id=by_id, now=CLOSES + HOUR)
    assert known() == ("by_hand", CLOSES + HOUR, "")
    with refused(telling.NoMail, "农场"):
        telling.send_again(the_farm(), by_id=by_id, now=CLOSES + HOUR)
    with refused(telling.NotThatRevision):
        telling.note_told(the_farm(), 2, by_id=by_id, now=CLOSES + HOUR)
    with transaction():
        reopen(the_deal(), CLOSES + 5 * HOUR, now=CLOSES + 2 * HOUR)
    assert known().word == "untold"  # they know the list, but not that it is withdrawn
    with transaction():
        telling.note_told(the_farm(), 1, by_id=by_id, now=CLOSES + 3 * HOUR)
    assert known().word == "by_hand"
    with transaction():
        shut(the_deal())
    assert known().word == "untold"
    assert count(ActionLog, ActionLog.action == "list_told") == 2


def test_the_link_is_sent_again_at_most_once_a_minute_and_signed_afresh(app, mail):
    closed_deal()
    first = sent(mail)["farm@example.com"]
    assert known() == ("mailed", CLOSES, "")
    with pytest.raises(telling.SentJustNow):
        again(CLOSES + MINUTE / 2)
    with transaction():
        revoke_links(the_farm(), by_id=the_deal().leader.user_id, now=CLOSES + MINUTE)
    again()
    assert known().word == "going"
    with pytest.raises(telling.SentJustNow):
        again(CLOSES + 2.5 * MINUTE)
    second = sent(mail, CLOSES + 3 * MINUTE)
    assert list(second) == ["farm@example.com"]
    assert known().at == CLOSES + 3 * MINUTE
    assert list_behind(token_in(second["farm@example.com"]), CLOSES) == the_farm()
    assert token_in(first) != token_in(second["farm@example.com"])
    assert count(ActionLog, ActionLog.action == "list_sent_again") == 1


def test_a_dead_address_and_a_silent_server_are_told_apart(app, mail):
    closed_deal()
    mail.refuse["RCPT"] = "550 nobody here"
    sent(mail)
    assert known()[::2] == (
        "failed",
        "The address was refused. Correct it at the supplier, then send again.",
    )
    mail.refuse = {"DATA": "451 later"}
    again()
    sent(mail, CLOSES + 3 * MINUTE)
    assert known()[::2] == (
        "trying",
        "The mail server did not take it. Send the link in a chat meanwhile.",
    )
    for turn in range(1, 6):
        sent(mail, CLOSES + turn * HOUR)
    assert known().word == "failed"
    assert "farm@example.com" not in "".join(db.session.scalars(db.select(Delivery.last_error)))


def test_an_answer_says_that_the_list_arrived(app, mail):
    closed_deal()
    farm = the_farm()
    [line] = farm.current.lines
    with transaction():
        said = Said(1, {line.id: Reply(16)})
        answers.record(farm, said, by_id=None, now=CLOSES + HOUR)
    assert known() == ("answered", CLOSES + HOUR, "")


def test_where_no_mail_leaves_the_site_lists_are_not_sent(app, mail, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_HOST", "")
    closed_deal()
    assert known().word == "untold"
    assert not telling.can_mail(the_farm().supplier)


def test_the_signed_link_is_in_no_log(app, mail, monkeypatch, capsys):
    monkeypatch.setitem(app.config, "NOTICE_CHANNELS", ["in_app", "console", "email"])
    closed_deal()
    sent(mail)
    printed = capsys.readouterr().out
    assert "list_issued" in printed
    assert "/s/" not in printed
    assert "@" not in printed
