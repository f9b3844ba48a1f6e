"""Messages that stay behind: found, tried afresh, given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.core.errors import WrongState
from groupbuy.extensions import db
from groupbuy.notices import sending, undelivered
from groupbuy.notices.channels import NeverDelivered, NotDelivered
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe
from tests.conftest import NOON
from tests.factories import make_user
from tests.operators.desks import logged, make_operator


def owed() -> Notice:
    owe("desk_reopened", "1", now=NOON, user_id=make_user().id, detail={"leader": "林姐"})
    return db.session.scalars(sa.select(Notice)).one()


def ids(found) -> list[int]:
    return [notice.id for notice in db.session.scalars(found)]


def test_a_message_is_late_after_a_while_but_not_during_quiet_hours(app: Flask):
    notice = owed()
    assert ids(undelivered.overdue(NOON + timedelta(minutes=9))) == []
    assert ids(undelivered.overdue(NOON + timedelta(minutes=11))) == [notice.id]
    notice.next_try_at = NOON + timedelta(hours=8)
    assert ids(undelivered.overdue(NOON + timedelta(minutes=11))) == []


def test_one_on_which_all_tries_are_used_up_is_tried_afresh(app: Flask):
    notice, operator = owed(), make_operator()
    sending.write_down(notice.id, {"email": NeverDelivered("mail: refused")}, now=NOON)
    assert (notice.state, ids(undelivered.failed())) == ("failed", [notice.id])
    undelivered.retry(notice, by_id=operator.id, now=NOON)
    assert (notice.state, notice.next_try_at) == ("owed", NOON)
    db.session.refresh(notice)
    sending.write_down(notice.id, {"email": NotDelivered("mail: busy")}, now=NOON)
    assert (notice.state, notice.deliveries[0].attempts) == ("owed", 1)
    assert [entry.detail for entry in logged("notice_retried")] == [{"kind": "desk_reopened"}]


def test_one_that_was_sent_is_not_sent_again(app: Flask):
    notice, operator = owed(), make_operator()
    sending.write_down(notice.id, {"in_app": ""}, now=NOON)
    with pytest.raises(undelivered.NotWaiting):
        undelivered.retry(notice, by_id=operator.id, now=NOON)
    with pytest.raises(WrongState):
        undelivered.give_up(notice, "号码错", by_id=operator.id, now=NOON)
    assert notice.state == "sent"


def test_one_that_is_given_up_says_why_in_the_log(app: Flask):
    notice, operator = owed(), make_operator()
    undelivered.give_up(notice, "号码错", by_id=operator.id, now=NOON)
    assert notice.state == "failed"
    assert [entry.detail["because"] for entry in logged("notice_given_up")] == ["号码错"]
