"""All contact with a member in one list: messages, calls for help, and talks that were noted."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.notices.owing import owe
from groupbuy.support import contacts
from groupbuy.support.asking import Question, ask
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_member, make_order, make_user
from tests.operators.desks import as_user, logged
from tests.pages.reading import statements, words

HOUR = timedelta(hours=1)


def known(leader):
    """A member who signs in."""
    member = make_member(leader, "张伟")
    member.user_id = make_user("张伟").id
    db.session.flush()
    return member


def test_everything_that_was_said_is_there_in_the_order_of_time(app: Flask):
    deal = make_deal()
    leader, member = deal.leader, known(deal.leader)
    order = make_order(deal, 1, member=member)
    told = {"member_id": member.id, "leader_id": leader.id, "deal_id": deal.id}
    owe("from_leader", "1", now=NOON + 2 * HOUR, detail={"text": "今天晚一点到"}, **told)
    question = Question("怎么改数量", "张伟", "13900000001", "k", "order", order=order)
    ask(leader, question, member.user, now=NOON + HOUR)
    contacts.note_talk(member, " 打过电话 ", by_id=leader.user_id, now=NOON + 3 * HOUR)
    said = [contact.words for contact in contacts.contacts_of([member])]
    assert said[0] == "打过电话"
    assert "今天晚一点到" in said[1]
    assert said[2] == "怎么改数量"
    assert order.number in said[3]
    assert len(said) == 4


def test_what_other_leaders_said_to_the_same_person_is_theirs(app: Flask):
    mine, other = make_leader(), make_leader("周叔")
    member = known(mine)
    theirs = make_member(other, "张伟")
    theirs.user_id = member.user_id
    db.session.flush()
    order = make_order(make_deal(leader=other), 1, member=theirs)
    question = Question("问周叔的", "张伟", "13900000001", "k", "order", order=order)
    ask(other, question, member.user, now=NOON)
    contacts.note_talk(theirs, "周叔打过", by_id=other.user_id, now=NOON)
    owe("deal_opened", "x", now=NOON, user_id=member.user_id, leader_id=other.id)
    assert contacts.contacts_of([member]) == []


def test_a_talk_is_noted_on_the_page_and_in_the_log(app: Flask):
    leader = make_leader()
    member = known(leader)
    client = as_user(app, leader.user)
    address = f"/lead/members/{member.id}"
    for wrong in ("", "长" * 301):
        refusal = client.post(f"{address}/talk", data={"said": wrong})
        assert (refusal.status_code, "said-bad" in refusal.text) == (422, True)
    assert logged("contact_noted") == []
    assert client.post(f"{address}/talk", data={"said": "周六来取"}).status_code == 303
    assert "周六来取" in words(client.get(address))
    [entry] = logged("contact_noted")
    assert (entry.subject, entry.actor_id) == (f"member:{member.id}", leader.user_id)
    stranger = as_user(app, make_leader("周叔").user)
    assert stranger.post(f"{address}/talk", data={"said": "x"}).status_code == 404


def test_fifty_messages_take_as_many_statements_as_five(app: Flask):
    deal = make_deal()
    member = known(deal.leader)
    taken = []
    for first, last in ((0, 5), (5, 60)):
        for number in range(first, last):
            told = {"member_id": member.id, "deal_id": deal.id, "leader_id": deal.leader_id}
            owe("arrived", f"{number}", now=clock.now(), **told)
        db.session.flush()
        db.session.expire_all()
        with statements() as asked:
            found = contacts.contacts_of([member])
        taken.append(len(asked))
    assert len(found) == contacts.MOST
    assert taken[0] == taken[1]
