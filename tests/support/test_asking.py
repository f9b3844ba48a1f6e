"""A question to the leader: once, with where it came from, and word of it owed."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.support.asking import Question, ask
from groupbuy.support.models import HelpMessage
from tests.checks import count
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_order, make_user


def question(key: str = "k" * 24, **values) -> Question:
    defaults = {"text": "怎么改数量？", "name": "王芳", "phone": "13900000001", "step": "order"}
    return Question(key=key, **defaults | values)


def test_a_question_carries_where_it_came_from(app: Flask):
    deal = make_deal()
    order, user = make_order(deal), make_user()
    about = question(last_error="卖完了", deal=deal, order=order)
    assert ask(deal.leader, about, user, now=NOON)
    asked = db.session.scalars(sa.select(HelpMessage)).one()
    assert (asked.leader, asked.user, asked.deal, asked.order) == (deal.leader, user, deal, order)
    assert (asked.text, asked.step, asked.last_error) == ("怎么改数量？", "order", "卖完了")
    assert (asked.contact, asked.at) == ("王芳 13900000001", NOON)


def test_the_leader_is_owed_word_of_it(app: Flask):
    deal = make_deal()
    ask(deal.leader, question(deal=deal), None, now=NOON)
    notice = db.session.scalars(sa.select(Notice).where(Notice.kind == "help")).one()
    assert (notice.user_id, notice.leader_id) == (deal.leader.user_id, deal.leader.id)
    assert (notice.deal_id, notice.order_id) == (deal.id, None)
    assert (notice.state, notice.detail) == ("owed", {"step": "order"})


def test_the_same_form_again_asks_nothing_new(app: Flask):
    leader = make_leader()
    assert ask(leader, question(), None, now=NOON)
    assert not ask(leader, question(text="还在吗"), None, now=NOON)
    assert count(HelpMessage) == count(Notice) == 1
    assert ask(leader, question("j" * 24), None, now=NOON)
    assert count(HelpMessage) == count(Notice) == 2


def test_an_error_however_long_is_cut_to_what_is_kept(app: Flask):
    ask(make_leader(), question(last_error="错" * 400), None, now=NOON)
    assert db.session.scalars(sa.select(HelpMessage.last_error)).one() == "错" * 300


def test_how_to_answer_cannot_be_read_in_the_database(app: Flask):
    ask(make_leader(), question(), None, now=NOON)
    stored = db.session.connection().exec_driver_sql("SELECT contact FROM help_message")
    assert "13900000001" not in str(stored.scalar_one())
