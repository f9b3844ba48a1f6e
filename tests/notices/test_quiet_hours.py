"""Nobody's phone rings at night: what waits, till when, and what is not worth waking for later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices import sending
from groupbuy.notices.letters import Reader
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch
from groupbuy.pickup import bags
from groupbuy.pickup.models import Pickup
from tests import factories
from tests.conftest import NOON
from tests.notices.outgoing import make_reader, notice_of, owed_notice, send, tries, user_of


def at(text: str) -> datetime:
    """An instant of May 2035 from its day and time in Shanghai, like "12 23:30"."""
    return datetime.strptime(f"2035-05-{text} +0800", "%Y-%m-%d %H:%M %z").astimezone(UTC)


def minutes(text: str) -> int:
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        ("22:00 07:30", "12 21:59", None),
        ("22:00 07:30", "12 22:00", "13 07:30"),
        ("22:00 07:30", "12 23:59", "13 07:30"),
        ("22:00 07:30", "13 00:00", "13 07:30"),
        ("22:00 07:30", "13 07:29", "13 07:30"),
        ("22:00 07:30", "13 07:30", None),
        ("13:00 14:30", "12 12:59", None),
        ("13:00 14:30", "12 13:00", "12 14:30"),
        ("13:00 14:30", "12 14:30", None),
        ("00:00 06:00", "12 05:59", "12 06:00"),
        ("00:00 06:00", "12 23:59", None),
        ("22:00 00:00", "12 23:59", "13 00:00"),
        ("22:00 00:00", "13 00:00", None),
        ("08:00 08:00", "12 08:00", None),
    ],
)
def test_quiet_hours_end_on_the_right_day(app, hours, now, end):
    begin, until = map(minutes, hours.split())
    reader = Reader("user 1", "en", quiet_from=begin, quiet_until=until)
    assert reader.quiet_end(at(now)) == (at(end) if end else None)


def test_without_quiet_hours_nothing_waits(app):
    assert Reader("member 1", "en").quiet_end(NOON) is None


def sleeper(**values: object) -> int:
    """A member who wants quiet from 22:00 till 07:30."""
    return make_reader(quiet_from=22 * 60, quiet_until=7 * 60 + 30, **values).id


def test_at_night_it_is_in_the_list_at_once_and_mailed_in_the_morning(app, mail, capsys):
    notice_id = owed_notice(member_id=sleeper())
    assert send(notice_id, at("12 23:30")) is True
    notice = notice_of(notice_id)
    assert (notice.state, notice.next_try_at) == ("owed", at("13 07:30"))
    assert tries(notice_id) == {"in_app": (1, True)}
    assert (mail.messages, capsys.readouterr().out) == ([], "")
    assert sending.owed(at("13 07:29")) == []
    assert send(notice_id, at("13 07:30")) is True
    assert notice_of(notice_id).state == "sent"
    assert tries(notice_id) == {
        "in_app": (1, True),
        "console": (1, True),
        "email": (1, True),
    }
    assert len(mail.messages) == 1


def test_a_message_that_failed_in_the_evening_is_not_tried_again_at_night(app, mail):
    notice_id = owed_notice(member_id=sleeper())
    mail.refuse["DATA"] = "451 later"
    send(notice_id, at("12 21:59"))
    mail.refuse.clear()
    assert send(notice_id, at("12 22:01")) is True
    assert notice_of(notice_id).next_try_at == at("13 07:30")
    assert tries(notice_id)["email"] == (1, False)
    assert send(notice_id, at("13 07:30")) is True
    assert tries(notice_id)["email"] == (2, True)


def owed_about_a_deal(kind: str, member_id: int, **deal: object) -> tuple[int, int]:
    """A message of `kind`, to the user of `member_id`, about a deal; their ids."""
    with transaction():
        member = db.session.get_one(factories.Member, member_id)
        made = factories.make_deal(
            leader=db.session.get(factories.Leader, member.leader_id), **deal
        )
        owe(kind, "1", now=NOON, user_id=member.user_id, deal_id=made.id)
        notice = db.session.query(Notice).where(Notice.kind == kind).one()
        return notice.id, made.id


NIGHT, MORNING = at("12 23:30"), at("13 07:30")


@pytest.mark.parametrize(("closes_at", "mailed"), [("13 07:00", 0), ("13 09:00", 1)])
def test_a_last_call_is_not_made_for_a_deal_that_closed_overnight(app, mail, closes_at, mailed):
    notice_id, _ = owed_about_a_deal("closing_soon", sleeper(), closes_at=at(closes_at))
    send(notice_id, NIGHT)
    assert send(notice_id, MORNING) is True
    assert (notice_of(notice_id).state, len(mail.messages)) == ("sent", mailed)


def test_a_last_call_is_not_made_to_somebody_who_ordered_meanwhile(app, mail):
    member_id = sleeper()
    notice_id, deal_id = owed_about_a_deal("closing_soon", member_id, closes_at=at("13 09:00"))
    send(notice_id, NIGHT)
    with transaction():
        deal = db.session.get_one(factories.Deal, deal_id)
        member = db.session.get_one(factories.Member, member_id)
        factories.make_order(deal, member=member, now=NIGHT)
    assert send(notice_id, MORNING) is True
    assert (notice_of(notice_id).state, mail.messages) == ("sent", [])


@pytest.mark.parametrize(("ends_at", "mailed"), [("13 07:00", 0), ("13 09:00", 1)])
def test_nobody_is_called_for_a_pickup_that_is_over(app, mail, ends_at, mailed):
    notice_id, deal_id = owed_about_a_deal("pickup_ending", sleeper())
    with transaction():
        deal = db.session.get_one(factories.Deal, deal_id)
        deal.pickup_starts_at, deal.pickup_ends_at = NIGHT, at(ends_at)
    send(notice_id, NIGHT)
    assert send(notice_id, MORNING) is True
    assert len(mail.messages) == mailed


@pytest.mark.parametrize(("meanwhile", "mailed"), [("nothing", 1), ("paid", 0), ("cancelled", 0)])
def test_nobody_is_asked_in_the_morning_for_money_that_is_not_owed(app, mail, meanwhile, mailed):
    member_id = sleeper()
    with transaction():
        member = db.session.get_one(factories.Member, member_id)
        leader = db.session.get(factories.Leader, member.leader_id)
        deal = factories.make_deal(leader=leader, closes_at=MORNING)
        order_id = factories.make_order(deal, 1, member=member, now=NOON).id
        notice_id = db.session.query(Notice).where(Notice.kind == "ordered").one().id
    send(notice_id, NIGHT)
    with transaction():
        order = db.session.get_one(Order, order_id)
        if meanwhile == "paid":
            vouch(order, by_id=None, now=NIGHT)
        elif meanwhile == "cancelled":
            cancel_order(order, now=NIGHT, actor_id=None)
    assert send(notice_id, MORNING) is True
    assert len(mail.messages) == mailed


@pytest.mark.parametrize(("state", "mailed"), [("ready", 1), ("collected", 0)])
def test_whoever_has_collected_is_not_called_to_come(app, mail, state, mailed):
    member_id = sleeper()
    with transaction():
        member = db.session.get_one(factories.Member, member_id)
        deal = factories.make_deal(leader=db.session.get(factories.Leader, member.leader_id))
        factories.make_placed(deal, 1, member=member)
        factories.close(deal)
        bags.make_bags(deal, now=NOON)
        bag = db.session.query(Pickup).one()
        bag.advance("ready", ready_at=NOON)
        owe("arrived", "1", now=NOON, member_id=member_id, deal_id=deal.id, pickup_id=bag.id)
        notice_id = db.session.query(Notice).where(Notice.kind == "arrived").one().id
    send(notice_id, NIGHT)
    with transaction():
        if state == "collected":
            db.session.get_one(Pickup, bag.id).advance("collected")
    assert send(notice_id, MORNING) is True
    assert len(mail.messages) == mailed


def test_who_disabled_the_account_is_not_written_to(app, mail):
    member = make_reader()
    with transaction():
        user_of(member).advance("disabled")
    assert send(owed_notice(member_id=member.id), NOON + timedelta(minutes=1)) is True
    assert mail.messages == []
