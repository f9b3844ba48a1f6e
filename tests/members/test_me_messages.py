"""What people were told, and how they want to be told."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.accounts import choices
from groupbuy.accounts.models import User
from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.notices import inbox
from groupbuy.notices.models import Notice, NoticeChoice
from groupbuy.notices.owing import owe
from tests.checks import count
from tests.factories import make_deal, make_member, make_placed, make_user
from tests.members.known import browser
from tests.pages.reading import words

HOUR = timedelta(hours=1)


def told(user: User, number: int = 1) -> Notice:
    """The newest of `number` messages to `user`, a minute apart."""
    now = clock.now()
    for turn in range(number):
        key = f"{user.id}:{turn}"
        owe("help", key, now=now + timedelta(minutes=turn), user_id=user.id, detail={"step": "me"})
    return db.session.scalars(sa.select(Notice).order_by(Notice.owed_at.desc())).first()


def order_of(user: User):
    deal = make_deal(opens_at=clock.now() - HOUR)
    member = make_member(deal.leader)
    member.user_id = user.id
    db.session.flush()
    return make_placed(deal, member=member)


def test_messages_are_words_and_lead_to_what_they_are_about(app: Flask):
    user = make_user()
    order = order_of(user)
    client = browser(app, user)
    page = words(client.get("/me/messages"))
    assert "Money received Unread" in page
    assert f"“{order.deal.title}”" in page
    notice = inbox.messages_of(user.id)[0]
    answer = client.post(f"/me/messages/{notice.id}")
    assert (answer.status_code, answer.location) == (303, f"/o/{order.number}")
    assert words(client.get("/me/messages")).count("Unread") == page.count("Unread") - 1
    assert client.post(f"/me/messages/{notice.id}").status_code == 303  # a second time, too


def test_all_at_once(app: Flask):
    user = make_user()
    told(user, 3)
    client = browser(app, user)
    assert "3 unread" in words(client.get("/me/messages"))
    assert "marked as read" in words(client.post("/me/messages/read", follow_redirects=True))
    assert inbox.unread(user.id) == 0


def test_somebody_elses_message_is_as_missing_as_none(app: Flask):
    user, stranger = make_user(), make_user("李雷")
    foreign = told(stranger).id
    client = browser(app, user)
    answers = [client.post(f"/me/messages/{number}") for number in (foreign, 10**9, "x", "１")]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({words(answer) for answer in answers}) == 1
    assert inbox.unread(stranger.id) == 1


def test_an_empty_list_says_what_will_be_here(app: Flask):
    page = words(browser(app, make_user()).get("/me/messages"))
    assert "No messages here" in page
    assert "unread" not in page


@pytest.mark.parametrize(("number", "pages"), [(30, 1), (31, 2), (61, 3)])
def test_pages_of_thirty_end_where_the_messages_do(app: Flask, number: int, pages: int):
    user = make_user()
    told(user, number)
    client = browser(app, user)
    for page in range(1, pages + 1):
        assert (f"?page={page + 1}" in client.get(f"/me/messages?page={page}").text) is (
            page < pages
        )


@pytest.fixture
def mailed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> User:
    """Somebody who can be reached by e-mail."""
    monkeypatch.setitem(app.config, "MAIL_HOST", "mail.example.com")
    monkeypatch.setitem(app.config, "MAIL_FROM", "tuan@example.com")
    monkeypatch.setitem(app.config, "NOTICE_CHANNELS", ["in_app", "email"])
    user = make_user()
    user.email = "wang@example.com"
    db.session.flush()
    return user


def test_topics_are_chosen_by_channel(app: Flask, mailed: User):
    client = browser(app, mailed)
    page = client.get("/me/choices").text
    assert page.count(" checked") == page.count('name="wants"') == 4
    answer = client.post("/me/choices", data={"wants": ["order:email", "nonsense", "a:b:c"]})
    assert answer.status_code == 303
    off = {(topic, "email") for topic in ("closing", "pickup", "deals")}
    assert choices.switched_off(mailed) == off
    assert client.get("/me/choices").text.count(" checked") == 1


def test_without_another_way_the_page_says_how_to_get_one(app: Flask):
    page = browser(app, make_user()).get("/me/choices")
    assert "Add an e-mail address" in words(page)
    assert 'name="wants"' not in page.text


def test_quiet_hours_are_kept_and_lifted(app: Flask):
    user = make_user()
    client = browser(app, user)
    assert 'value="22:00"' in client.get("/me/choices").text  # proposed, not chosen
    assert user.quiet_from is None
    data = {"quiet": "y", "quiet_from": "23:15", "quiet_until": "６:30"}
    assert client.post("/me/choices", data=data).status_code == 303
    db.session.refresh(user)
    assert (user.quiet_from, user.quiet_until) == (1395, 390)
    assert 'value="23:15"' in client.get("/me/choices").text
    client.post("/me/choices", data=data | {"quiet": ""})
    db.session.refresh(user)
    assert user.quiet_from is None


@pytest.mark.parametrize(
    ("begin", "end", "says"),
    [
        ("25:00", "07:00", "A time looks like 22:00."),
        ("22:00", "", "a beginning and an end"),
        ("22:00", "22:00", "another time"),
        ("x" * 30, "07:00", "At most 8"),
    ],
)
def test_a_wrong_time_is_told_at_the_field_and_nothing_is_written(
    app: Flask, mailed: User, begin: str, end: str, says: str
):
    client = browser(app, mailed)
    data = {"quiet": "y", "quiet_from": begin, "quiet_until": end, "wants": "order:email"}
    answer = client.post("/me/choices", data=data)
    assert answer.status_code == 422
    assert says in words(answer)
    assert f'value="{begin}"' in answer.text
    assert answer.text.count('name="wants"') - 3 == answer.text.count(" checked") - 1 == 1
    assert count(NoticeChoice) == 0
    db.session.refresh(mailed)
    assert mailed.quiet_from is None


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(begin=st.text(max_size=12), end=st.text(max_size=12), wants=st.lists(st.text(max_size=9)))
def test_no_choice_however_odd_breaks_the_page(app: Flask, begin: str, end: str, wants: list[str]):
    client = browser(app, make_user())
    data = {"quiet": "y", "quiet_from": begin, "quiet_until": end, "wants": wants}
    data = {name: _sendable(value) for name, value in data.items()}
    assert client.post("/me/choices", data=data).status_code in (303, 422)
    assert count(NoticeChoice) == 0


def _sendable(value):
    if isinstance(value, list):
        return [_sendable(one) for one in value]
    return value.encode("utf-8", "replace").decode()
