"""Help: who can be asked from where, and a question that arrives once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.accounts import following
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.support.models import HelpMessage
from tests.checks import count
from tests.factories import make_deal, make_leader, make_member, make_order, make_user
from tests.members.known import browser
from tests.pages.reading import words

HOUR = timedelta(hours=1)
TEXT = {"text": "怎么改数量？", "name": "王芳", "phone": "13900000001"}


def open_deal(**values):
    deal = make_deal(opens_at=clock.now() - HOUR, **values)
    deal.leader.contact_phone, deal.leader.wechat_id = "13800138000", "lin_jie"
    deal.leader.contact_hours = "9:00–21:00"
    db.session.flush()
    return deal


def asked() -> HelpMessage:
    return db.session.scalars(sa.select(HelpMessage)).one()


def key_of(page) -> str:
    (key,) = re.findall(r'name="key"[^>]*value="([^"]+)"', page.text)
    return key


def test_the_page_says_how_and_when_the_leader_is_reached(app: Flask):
    deal = open_deal()
    page = browser(app).get(f"/help?step=deal&deal={deal.slug}")
    assert 'href="tel:13800138000"' in page.text
    assert 'value="lin_jie"' in page.text
    assert "Can be reached: 9:00–21:00" in words(page)
    assert f"the deal “{deal.title}”" in words(page)


def test_a_guest_asks_once_however_often_they_tap(app: Flask):
    deal = open_deal()
    client = browser(app)
    with client.session_transaction() as session:
        session["last_error"] = "土鸡蛋 is sold out."
    page = client.get(f"/help?step=checkout&deal={deal.slug}")
    assert "土鸡蛋 is sold out." in words(page)
    sent = TEXT | {"step": "checkout", "deal": deal.slug, "key": key_of(page)}
    answers = [client.post("/help", data=sent) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    message = asked()
    assert (message.leader, message.deal, message.user) == (deal.leader, deal, None)
    assert (message.step, message.text) == ("checkout", "怎么改数量？")
    assert message.last_error == "土鸡蛋 is sold out."
    assert count(Notice, Notice.kind == "help", Notice.user_id == deal.leader.user_id) == 1
    told = words(client.get(answers[0].location))
    assert "has your question" in told
    assert "by phone or WeChat in these hours: 9:00–21:00" in told
    assert "sold out" not in words(client.get(f"/help?deal={deal.slug}"))  # it was told


def test_a_question_about_an_order_goes_to_its_leader_with_its_number(app: Flask):
    deal = open_deal()
    member = make_member(deal.leader, "张伟")
    member.phone = "13900000009"
    order = make_order(deal, member=member)
    client = browser(app, None, member)
    page = client.get(f"/help?step=order&order={order.number}")
    assert 'value="张伟"' in page.text
    assert 'value="13900000009"' in page.text
    client.post("/help", data=TEXT | {"step": "order", "order": order.number})
    assert (asked().order, asked().deal, asked().leader) == (order, deal, deal.leader)


def test_the_order_of_somebody_else_is_as_missing_as_none(app: Flask):
    order = make_order(open_deal())
    client = browser(app, make_user())
    for send in (client.get, client.post):
        answers = [
            send(
                "/help", query_string={"order": number}, data=TEXT if send is client.post else None
            )
            for number in (order.number, "nothing", "%00")
        ]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert len({words(answer) for answer in answers}) == 1
    assert client.get("/help?deal=nothing").status_code == 404
    assert count(HelpMessage) == 0


def test_somebody_with_several_leaders_says_whom_they_ask(app: Flask):
    user = make_user("王芳", "13900139000")
    bought, followed = make_leader("林姐"), make_leader("周叔")
    make_leader("小顾")
    make_member(bought).user_id = user.id
    following.follow(user, followed, now=clock.now())
    client = browser(app, user)
    page = words(client.get("/help?step=me"))
    assert "林姐" in page
    assert "周叔" in page
    assert "小顾" not in page
    answer = client.post("/help", data=TEXT)
    assert answer.status_code == 422
    assert "Choose one of these." in words(answer)
    client.post("/help", data=TEXT | {"leader": followed.slug})
    assert (asked().leader, asked().user, asked().step) == (followed, user, "me")


def test_nobody_asks_a_leader_they_do_not_know(app: Flask):
    stranger = make_leader()
    answer = browser(app).post("/help", data=TEXT | {"leader": stranger.slug, "step": "sign_in"})
    assert answer.status_code == 422
    assert count(HelpMessage) == 0


def test_without_a_leader_the_page_names_the_group_and_the_house(app: Flask, monkeypatch):
    client = browser(app)
    page = client.get("/help?step=sign_in")
    assert "Ask the leader in your group" in words(page)
    assert "<textarea" not in page.text
    monkeypatch.setitem(app.config, "OPERATOR_CONTACT", "400-000-0000")
    assert "400-000-0000" in words(client.get("/help?step=sign_in"))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"text": " "}, "Write a few words"),
        ({"text": "长" * 1001}, "At most 1000 characters."),
        ({"name": ""}, "Say who asks."),
        ({"phone": "12345"}, "This is not a mobile number"),
    ],
)
def test_what_is_wrong_is_told_at_the_field_and_nothing_is_sent(app: Flask, wrong, says):
    deal = open_deal()
    client = browser(app)
    page = client.get(f"/help?deal={deal.slug}")
    sent = TEXT | {"deal": deal.slug, "step": "cart", "key": key_of(page)} | wrong
    answer = client.post("/help", data=sent)
    assert answer.status_code == 422
    assert says in words(answer)
    assert key_of(answer) == key_of(page)
    assert 'name="step" value="cart"' in answer.text
    assert count(HelpMessage) == count(Notice) == 0


def test_a_leader_who_is_disabled_is_not_asked(app: Flask):
    leader = make_leader()
    member = make_member(leader)
    order = make_order(make_deal(leader=leader), 1, member=member)
    leader.advance("disabled")
    client = browser(app, None, member)
    where = {"order": order.number, "step": "order"}
    assert "Ask the leader in your group" in words(client.get("/help", query_string=where))
    asked = {"text": "help", "name": "王芳", "phone": "13812340001"}
    assert client.post("/help", data=where | asked).status_code == 422
    assert count(HelpMessage) == 0


def test_a_step_nobody_knows_and_a_key_of_no_form_do_no_harm(app: Flask):
    deal = open_deal()
    sent = TEXT | {"deal": deal.slug, "step": "<script>", "key": "1"}
    for _ in range(2):  # without a key of ours each is a question of its own
        browser(app).post("/help", data=sent)
    assert set(db.session.scalars(sa.select(HelpMessage.step))) == {"me"}
    assert count(HelpMessage) == 2


def test_five_questions_in_ten_minutes_are_enough(limited: Flask):
    client = browser(limited)
    sent = TEXT | {"deal": open_deal().slug}
    db.session.commit()
    mistakes = [client.post("/help", data=sent | {"text": ""}).status_code for _ in range(6)]
    sendings = [client.post("/help", data=sent).status_code for _ in range(6)]
    assert mistakes == [422] * 6  # whoever mistypes is not kept from asking
    assert sendings == [303] * 5 + [429]
    assert count(HelpMessage) == 5


def test_nobody_has_it_sent_to_a_leader_who_is_not_there(app: Flask):
    assert browser(app).get("/help/sent?leader=nothing").status_code == 404
    assert browser(app).get("/help/sent").status_code == 404


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sent=st.dictionaries(
        st.sampled_from(["text", "name", "phone", "key", "step", "order", "leader"]),
        st.text(max_size=60),
    )
)
def test_no_input_however_odd_breaks_the_form(app: Flask, sent: dict[str, str]):
    sent = {name: text.encode("utf-8", "replace").decode() for name, text in sent.items()}
    answer = browser(app).post("/help", data={"deal": open_deal().slug} | sent)
    assert answer.status_code in (303, 404, 422)
