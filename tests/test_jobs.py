"""Jobs: found by state, one item at a time, written to the ledger."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import jobs
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.models import JobRun
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.channels import CHANNELS, NotDelivered
from groupbuy.notices.models import Delivery, Notice
from groupbuy.orders.models import Order
from groupbuy.pickup.models import Pickup
from groupbuy.purchasing.models import PurchaseList
from tests import factories
from tests.checks import assert_everything_true, count, run_sql
from tests.conftest import NOON, SETTINGS

MINUTE = timedelta(minutes=1)


def due_deal(**values: Any) -> int:
    """The id of a committed deal with one paid and one unpaid order."""
    with transaction():
        deal = factories.make_deal(**values)
        factories.make_placed(deal)
        factories.make_order(deal)
        return deal.id


def state_of(deal_id: int) -> str:
    db.session.expire_all()
    return db.session.get_one(Deal, deal_id).state


def spoil(deal_id: int) -> None:
    """Make closing the deal fail for real: its unpaid order gives back more than is sold."""
    with transaction():
        run_sql("UPDATE deal_item SET sold = 0 WHERE deal_id = :id", id=deal_id)


def test_closing_does_all_three_steps_and_makes_the_bags(app):
    deal_id = due_deal()
    tally = jobs.close_due(NOON + 480 * MINUTE)
    assert (tally.done, tally.failed, tally.late_seconds) == (1, 0, 0)
    assert state_of(deal_id) == "closed"
    assert (count(PurchaseList), count(Pickup)) == (1, 1)
    assert_everything_true()


def test_what_is_not_due_is_left_alone(app):
    deal_id = due_deal()
    tally = jobs.close_due(NOON + 479 * MINUTE)
    assert (tally.done, tally.failed, state_of(deal_id)) == (0, 0, "open")


def test_a_failed_deal_has_no_bags(app):
    deal_id = due_deal(minimum_kind="persons", minimum=2)
    jobs.close_due(NOON + 480 * MINUTE)
    assert (state_of(deal_id), count(Pickup)) == ("failed", 0)
    assert_everything_true()


def test_one_deal_that_fails_does_not_stop_the_others(app):
    first, broken, last = (due_deal(closes_at=NOON + n * MINUTE) for n in (1, 2, 3))
    spoil(broken)
    run = jobs.run("close-due", NOON + 10 * MINUTE)
    assert (run.outcome, run.done, run.failed) == ("failed", 2, 1)
    assert [state_of(one) for one in (first, broken, last)] == ["closed", "closing", "closed"]


def test_what_failed_is_tried_again_by_the_next_run(app):
    deal_id = due_deal()
    spoil(deal_id)
    assert jobs.close_due(NOON + 480 * MINUTE).failed == 1
    with transaction():
        run_sql("UPDATE deal_item SET sold = 2 WHERE deal_id = :id", id=deal_id)
    assert jobs.close_due(NOON + 490 * MINUTE).done == 1
    assert state_of(deal_id) == "closed"


def test_a_run_says_how_late_its_oldest_deal_was(app):
    due_deal(closes_at=NOON + 5 * MINUTE)
    due_deal(closes_at=NOON + 9 * MINUTE)
    run = jobs.run("close-due", NOON + 10 * MINUTE)
    assert (run.done, run.late_seconds) == (2, 300)


def test_unpaid_orders_expire_and_others_do_not(app):
    deal_id = due_deal(hold_minutes=15)
    assert jobs.expire_unpaid(NOON + 14 * MINUTE).done == 0
    assert jobs.expire_unpaid(NOON + 15 * MINUTE).done == 1
    assert jobs.expire_unpaid(NOON + 16 * MINUTE).done == 0
    states = sa.select(Order.state).where(Order.deal_id == deal_id).order_by(Order.id)
    assert db.session.scalars(states).all() == ["placed", "expired"]


def test_one_order_that_fails_to_expire_does_not_stop_the_others(app):
    broken, fine = (due_deal(hold_minutes=15) for _ in range(2))
    spoil(broken)
    tally = jobs.expire_unpaid(NOON + 15 * MINUTE)
    assert (tally.done, tally.failed) == (1, 1)
    assert count(Order, Order.deal_id == fine, Order.state == "expired") == 1


def test_messages_are_sent_once(app, capsys):
    due_deal()
    assert jobs.send_notices(NOON).done == 3
    assert jobs.send_notices(NOON + 60 * MINUTE).done == 0
    # The one that asks for money was overtaken by the payment: it stays in the list inside only.
    assert capsys.readouterr().out.count("[notice] member") == 2
    assert count(Notice, Notice.state != "sent") == 0


class Broken:
    """A channel that is down."""

    @staticmethod
    def send(_notice: Notice, _words: str) -> None:
        raise NotDelivered("no line")


def test_messages_that_cannot_be_delivered_are_counted_as_failed(app, monkeypatch):
    monkeypatch.setitem(CHANNELS, "post", Broken)
    monkeypatch.setitem(app.config, "NOTICE_CHANNELS", ["in_app", "post"])
    due_deal()
    run = jobs.run("send-notices", NOON)
    assert (run.outcome, run.done, run.failed) == ("failed", 1, 2)  # one was overtaken
    assert count(Delivery, Delivery.attempts == 1, Delivery.last_error == "no line") == 2


def test_a_run_is_written_to_the_ledger(app):
    before = clock.now()
    run = jobs.run("close-due", NOON)
    assert (run.name, run.outcome, run.done, run.failed, run.detail) == (
        "close-due",
        "ok",
        0,
        0,
        {},
    )
    assert before <= run.started_at <= run.finished_at <= clock.now()
    assert run.process.endswith(f":{os.getpid()}")


def test_a_job_that_crashes_is_a_failed_run_and_not_an_end(app):
    run_sql("ALTER TABLE notice RENAME TO lost")
    db.session.commit()
    run = jobs.run("send-notices", NOON)
    assert (run.outcome, run.failed) == ("failed", 1)
    assert "notice" in run.detail["error"]
    assert jobs.run("close-due", NOON).outcome == "ok"


def test_idle_runs_are_forgotten_after_a_week_and_the_others_never(app):
    with transaction():
        for days, done, failed in ((8, 0, 0), (6, 0, 0), (8, 1, 0), (8, 0, 1)):
            db.session.add(
                JobRun(
                    name="close-due",
                    started_at=NOON - timedelta(days=days),
                    outcome="failed" if failed else "ok",
                    done=done,
                    failed=failed,
                    late_seconds=0,
                    process="",
                    detail={},
                )
            )
    assert jobs.forget_idle_runs(NOON).done == 1
    assert count(JobRun) == 3


@pytest.mark.parametrize("name", jobs.TIMETABLE)
def test_every_job_runs_on_an_empty_database_any_number_of_times(app, name):
    assert [jobs.run(name, NOON).outcome for _ in range(2)] == ["ok", "ok"]


def test_the_timetable_looks_for_due_work_every_few_seconds():
    seconds = {name: timing.get("seconds") for name, (_, timing) in jobs.TIMETABLE.items()}
    assert seconds["close-due"] <= 10
    assert seconds["send-notices"] <= 10
    assert seconds["expire-unpaid"] <= 60
    assert jobs.TIMETABLE["verify"][1]["trigger"] == "cron"


def flask(app: Flask, *args: str) -> Any:
    return app.test_cli_runner().invoke(args=args)


def test_a_job_is_run_by_hand_at_a_given_local_time(app):
    deal_id = due_deal()
    answer = flask(app, "jobs", "run", "close-due", "--now", "2035-05-12T20:01", "--json")
    facts = json.loads(answer.stdout)
    assert answer.exit_code == 0
    assert (facts["job"], facts["done"], facts["late_seconds"]) == ("close-due", 1, 60)
    assert state_of(deal_id) == "closed"


def test_a_run_in_which_something_failed_exits_with_1(app):
    spoil(due_deal())
    answer = flask(app, "jobs", "run", "close-due", "--now", "2035-05-12T20:01+08:00")
    assert answer.exit_code == 1
    assert "failed" in answer.stdout


@pytest.mark.parametrize(
    "args",
    [
        ("run", "close-due", "--now", "tomorrow"),
        ("run", "close-due", "--now", "0001-01-01T00:00"),
        ("run", "make-tea"),
        ("list", "--last", "0"),
    ],
)
def test_what_a_command_cannot_read_exits_with_2_and_one_clear_line(app, args):
    answer = flask(app, "jobs", *args)
    assert answer.exit_code == 2
    assert answer.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in answer.output


def test_the_timetable_and_the_last_runs_are_listed(app):
    for name in ("close-due", "verify", "send-notices"):
        jobs.run(name, NOON)
    listed = json.loads(flask(app, "jobs", "list", "--last", "2", "--json").stdout)
    assert set(listed["jobs"]) == set(jobs.TIMETABLE)
    assert [run["job"] for run in listed["runs"]] == ["send-notices", "verify"]
    table = flask(app, "jobs", "list").stdout
    assert "every 5 s" in table
    assert "daily at 03:30" in table


def test_verify_says_clean_or_names_what_is_broken(app):
    answer = flask(app, "verify")
    assert (answer.exit_code, answer.stdout[:6]) == (0, "clean:")
    run_sql("UPDATE deal_item SET sold = sold + 1 WHERE id = 0")
    factories.make_deal()
    run_sql("UPDATE deal_item SET sold = sold + 1")
    answer = flask(app, "verify", "--json")
    facts = json.loads(answer.stdout)
    assert (answer.exit_code, facts["clean"]) == (1, False)
    assert {claim.split()[0] for claim in facts["broken"]} == {"I2", "I2b"}
    assert "BROKEN I2 " in flask(app, "verify").stdout


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
        db.session.rollback()
    return True


def test_the_scheduler_closes_what_is_overdue_and_ends_when_told(shared_app):
    with transaction():
        opened = clock.now() - timedelta(hours=2)
        deal = factories.make_deal(opens_at=opened, closes_at=clock.now() + timedelta(hours=2))
        factories.make_placed(deal)
        deal_id, deal.closes_at = deal.id, clock.now() - timedelta(hours=1)
    secrets = {name: str(SETTINGS[name]) for name in ("SECRET_KEY", "DATA_KEYS", "LOOKUP_KEY")}
    instance = {"INSTANCE_DIR": shared_app.config["INSTANCE_DIR"], "FLASK_APP": "wsgi.py"}
    url = {"DATABASE_URL": shared_app.config["SQLALCHEMY_DATABASE_URI"]}
    command = [sys.executable, "-m", "flask", "scheduler"]
    process = subprocess.Popen(command, env=os.environ | secrets | instance | url)
    try:
        assert eventually(lambda: state_of(deal_id) == "closed")
        assert eventually(lambda: count(JobRun, JobRun.done == 1, JobRun.late_seconds > 3500) == 1)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
