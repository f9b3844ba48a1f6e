"""Asking for a job: the scheduler's next look takes it, once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import jobs, timetable
from groupbuy.core.models import JobRequest, JobRun
from groupbuy.extensions import db
from tests.checks import count
from tests.conftest import NOON
from tests.operators.desks import logged, make_operator


def test_a_request_is_run_once_and_written_down(app: Flask):
    operator = make_operator()
    assert timetable.ask("forget-codes", by_id=operator.id, now=NOON)
    assert not timetable.ask("forget-codes", by_id=operator.id, now=NOON)
    assert timetable.ask("verify", by_id=operator.id, now=NOON)
    db.session.commit()
    assert [run.name for run in jobs.run_requested(NOON)] == ["forget-codes", "verify"]
    assert jobs.run_requested(NOON) == []
    assert (count(JobRun), count(JobRequest, JobRequest.taken_at == NOON)) == (2, 2)
    assert [entry.subject for entry in logged("job_asked")] == ["job:forget-codes", "job:verify"]


def test_of_two_who_look_one_takes_it(app: Flask):
    timetable.ask("verify", by_id=make_operator().id, now=NOON)
    request_id = db.session.scalars(sa.select(JobRequest.id)).one()
    assert [timetable.take(request_id, now=NOON) for _ in range(2)] == [True, False]


def test_there_is_no_asking_for_what_there_is_not(app: Flask):
    with pytest.raises(KeyError):
        timetable.ask("drop-everything", by_id=1, now=NOON)


def test_every_job_has_its_time():
    assert list(jobs.TIMETABLE) == list(timetable.TIMES)
