"""Several new rows in one statement, and a row that need not be read back."""

from __future__ import annotations

import sqlalchemy as sa

from groupbuy.core.db import on_postgresql, transaction
from groupbuy.core.inserts import insert_object, insert_together, new_row
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from tests import factories
from tests.conftest import NOON
from tests.round_trips import round_trips


def log(subject: str) -> dict:
    return {"at": NOON, "action": "person_added", "subject": subject, "detail": {"role": "leader"}}


def notice(leader_id: int, user_id: int) -> dict:
    told = {"leader_id": leader_id, "user_id": user_id, "kind": "ordered", "key": "ordered:1"}
    return told | {"state": "owed", "owed_at": NOON, "next_try_at": NOON}


def test_rows_of_two_tables_are_one_statement_on_postgresql(shared_app):
    with transaction():
        leader = factories.make_leader()
        rows = [new_row(ActionLog, log("user:1")), new_row(Notice, notice(leader.id, 1))]
        rows[1].values["notice.user_id"] = leader.user_id
        with round_trips() as seen:
            insert_together(*rows)
    assert len(seen) == (1 if on_postgresql() else 2)
    [written] = db.session.scalars(sa.select(ActionLog))
    assert (written.subject, written.detail, written.at) == ("user:1", {"role": "leader"}, NOON)
    assert written.actor_id is None
    assert db.session.scalars(sa.select(Notice.user_id)).one() == leader.user_id


def test_the_statement_is_made_once_for_many_rows():
    first, second = (new_row(ActionLog, log(subject)) for subject in ("user:1", "user:2"))
    assert first.statement is second.statement
    assert first.values != second.values


def test_an_inserted_object_is_known_to_the_session_without_being_read(shared_app):
    with transaction():
        leader = factories.make_leader()
        row = notice(leader.id, leader.user_id)
        with round_trips() as seen:
            made = insert_object(Notice, row)
            assert (made.kind, made.owed_at) == ("ordered", NOON)
            assert db.session.get(Notice, made.id) is made
        assert len(seen) == 1
        made.read_at = NOON  # and can be changed like any other
    assert db.session.scalars(sa.select(Notice.read_at)).one() == NOON
