"""Becoming a leader: asked, approved or refused, shut and opened again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts import applying, people
from groupbuy.accounts.models import Leader
from groupbuy.accounts.staff import posts_of
from groupbuy.core.errors import WrongState
from groupbuy.core.settings import change_setting
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from tests.checks import count
from tests.conftest import NOON
from tests.factories import make_user
from tests.operators.desks import GROUP, logged, make_operator


def applied() -> Leader:
    return applying.apply(make_user(), GROUP, now=NOON)


def told(kind: str) -> str:
    return words(db.session.scalars(sa.select(Notice).where(Notice.kind == kind)).one())


def test_who_applies_waits_and_works_nowhere_yet(app: Flask):
    leader = applied()
    assert (leader.state, leader.name, leader.contact_phone) == ("applied", "林姐", "13900000088")
    assert list(posts_of(leader.user)) == []
    assert people.roles_of(leader.user) == []
    assert [entry.leader_id for entry in logged("leader_applied")] == [leader.id]


def test_applying_twice_is_refused_and_keeps_the_first(app: Flask):
    leader = applied()
    with pytest.raises(applying.AlreadyApplied):
        applying.apply(leader.user, GROUP, now=NOON)
    assert count(Leader) == 1


def test_approval_brings_role_desk_word_and_a_line_in_the_log(app: Flask):
    leader, operator = applied(), make_operator()
    applying.approve(leader, by_id=operator.id, now=NOON)
    assert (leader.state, leader.decided_at) == ("approved", NOON)
    assert people.roles_of(leader.user) == ["leader"]
    assert [post.leader.id for post in posts_of(leader.user)] == [leader.id]
    assert "林姐" in told("application_approved")
    assert [entry.actor_id for entry in logged("leader_approved")] == [operator.id]


def test_a_decision_is_made_once(app: Flask):
    leader, operator = applied(), make_operator()
    applying.approve(leader, by_id=operator.id, now=NOON)
    for decide in (applying.approve, applying.enable):
        with pytest.raises(WrongState):
            decide(leader, by_id=operator.id, now=NOON)
    with pytest.raises(WrongState):
        applying.refuse(leader, "太远", by_id=operator.id, now=NOON)
    assert leader.state == "approved"


def test_who_was_refused_reads_why_and_may_try_again(app: Flask):
    leader, operator = applied(), make_operator()
    applying.refuse(leader, "请写明小区", by_id=operator.id, now=NOON)
    assert applying.was_refused(leader)
    assert "请写明小区。" in told("application_refused")
    with pytest.raises(WrongState):  # a refused one never was a leader: nothing opens again
        applying.enable(leader, by_id=operator.id, now=NOON)
    applying.apply(leader.user, GROUP, now=NOON)
    assert (leader.state, count(Leader)) == ("applied", 1)


def test_a_desk_that_is_shut_is_no_desk_until_it_is_opened_again(app: Flask):
    leader, operator = applied(), make_operator()
    applying.approve(leader, by_id=operator.id, now=NOON)
    applying.disable(leader, "投诉太多", by_id=operator.id, now=NOON)
    assert list(posts_of(leader.user)) == []
    assert not applying.was_refused(leader)
    assert "投诉太多。" in told("desk_closed")
    with pytest.raises(applying.LeaderDisabled):  # applying is no way around
        applying.apply(leader.user, GROUP, now=NOON)
    applying.enable(leader, by_id=operator.id, now=NOON)
    assert len(posts_of(leader.user)) == 1
    assert "林姐" in told("desk_reopened")


@pytest.mark.usefixtures("site_settings")
def test_nobody_applies_while_the_operator_takes_nobody_on(app: Flask):
    change_setting("APPLICATIONS_OPEN", False, by_id=make_operator().id, now=NOON)
    with pytest.raises(applying.ApplicationsClosed):
        applied()
    assert count(Leader) == 0


def test_a_disabled_person_neither_applies_nor_is_approved(app: Flask):
    leader, operator = applied(), make_operator()
    leader.user.advance("disabled")
    with pytest.raises(people.PersonDisabled):
        applying.approve(leader, by_id=operator.id, now=NOON)
    applying.refuse(leader, "号码停用", by_id=operator.id, now=NOON)
    with pytest.raises(people.PersonDisabled):
        applying.apply(leader.user, GROUP, now=NOON)
