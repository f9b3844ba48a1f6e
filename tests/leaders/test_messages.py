"""Neighbours who are stuck, as their leader reads of them."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from groupbuy.extensions import db
from groupbuy.support.asking import Question, ask
from groupbuy.support.models import HelpMessage
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_order
from tests.operators.desks import as_user, logged
from tests.pages.reading import statements, words

PHONE = "13812345678"


def asked(leader, number: int = 0, **values) -> HelpMessage:
    question = Question(
        f"怎么改数量 {number}", "王小芳", PHONE, f"key-{number}", "change", **values
    )
    ask(leader, question, None, now=NOON + timedelta(minutes=number))
    latest = sa.select(HelpMessage).order_by(HelpMessage.id.desc()).limit(1)
    return db.session.scalars(latest).one()


def test_a_question_shows_where_somebody_is_stuck_but_no_number(app: Flask):
    deal = make_deal(title="周六菜篮子")
    order = make_order(deal)
    message = asked(deal.leader, last_error="已截单", deal=deal, order=order)
    db.session.commit()
    client = as_user(app, deal.leader.user)
    listed = words(client.get("/lead/messages"))
    assert "怎么改数量" in listed
    one = client.get(f"/lead/messages/{message.id}")
    for said in ("已截单", order.number, "周六菜篮子", "138****5678", "王*"):
        assert said in one.text
    assert (PHONE in listed, PHONE in one.text, "小芳" in one.text) == (False, False, False)


def test_looking_at_the_number_is_noted(app: Flask):
    leader = make_leader()
    message = asked(leader)
    db.session.commit()
    client = as_user(app, leader.user)
    answer = client.post(f"/lead/messages/{message.id}/contact")
    assert (answer.status_code, f"tel:{PHONE}" in answer.text, "王小芳" in answer.text) == (
        200,
        True,
        True,
    )
    [entry] = logged("contact_revealed")
    assert (entry.actor_id, entry.leader_id) == (leader.user_id, leader.id)


def test_questions_to_another_leader_are_missing(app: Flask):
    message, leader = asked(make_leader()), make_leader()
    db.session.commit()
    client = as_user(app, leader.user)
    assert "怎么改数量" not in words(client.get("/lead/messages"))
    assert client.get(f"/lead/messages/{message.id}").status_code == 404
    assert client.post(f"/lead/messages/{message.id}/contact").status_code == 404
    assert logged("contact_revealed") == []


def test_many_are_cut_into_pages_and_ask_no_more_than_few(app: Flask):
    leader = make_leader()
    asked(leader, 0)
    db.session.commit()
    client = as_user(app, leader.user)
    with statements() as few:
        client.get("/lead/messages")
    for number in range(1, 60):
        asked(leader, number)
    db.session.commit()
    with statements() as many:
        page = client.get("/lead/messages").text
    assert len(many) <= len(few)
    assert ("数量 59<" in page, "数量 9<" in page) == (True, False)
    oldest = db.session.scalars(sa.select(HelpMessage.id).order_by(HelpMessage.id)).all()[10]
    assert "数量 9<" in client.get(f"/lead/messages?before={oldest}").text


def test_what_was_answered_leaves_the_list_and_can_come_back(app: Flask):
    leader = make_leader()
    message = asked(leader)
    db.session.commit()
    client = as_user(app, leader.user)
    answer = client.post(f"/lead/messages/{message.id}/answered")
    assert (answer.status_code, answer.location) == (303, "/lead/messages")
    assert client.post(f"/lead/messages/{message.id}/answered").status_code == 303
    db.session.refresh(message)
    assert (message.answered_by_id, message.answered_at is None) == (leader.user_id, False)
    assert "怎么改数量" not in words(client.get("/lead/messages"))
    assert "怎么改数量" in words(client.get("/lead/messages?show=answered"))
    assert leader.user.name in words(client.get(f"/lead/messages/{message.id}"))
    for _twice in range(2):
        assert client.post(f"/lead/messages/{message.id}/unanswered").status_code == 303
    db.session.refresh(message)
    assert (message.answered_by_id, message.answered_at) == (None, None)
    assert "怎么改数量" in words(client.get("/lead/messages"))
    [said], [back] = logged("help_answered"), logged("help_taken_up_again")
    assert {said.subject, back.subject} == {f"help:{message.id}"}


def test_nobody_marks_what_another_leader_was_asked(app: Flask):
    message, leader = asked(make_leader()), make_leader()
    db.session.commit()
    client = as_user(app, leader.user)
    for act in ("answered", "unanswered"):
        assert client.post(f"/lead/messages/{message.id}/{act}").status_code == 404
    db.session.refresh(message)
    assert message.answered_at is None
