"""`flask jobs`, `flask scheduler`, `flask verify`."""

from __future__ import annotations

import logging
import sys
from datetime import datetime

import click
import sqlalchemy as sa
from flask import current_app
from flask.cli import with_appcontext

from groupbuy import invariants, jobs
from groupbuy.cli import frame
from groupbuy.core import clock
from groupbuy.core.models import JobRun
from groupbuy.extensions import db
from groupbuy.scheduler import run_forever

group = frame.Group("jobs", help="Jobs: run one now, see what ran.")


@frame.command(group, "run")
@click.argument("name", type=click.Choice(list(jobs.TIMETABLE)))
@click.option("--now", type=frame.InstantParam(), help="Act as at this time (default: now).")
@frame.as_json
def run(name: str, now: datetime | None, as_json: bool) -> None:
    """Run the job NAME once and write it to the ledger. Exit 1 if something in it failed."""
    entry = jobs.run(name, now or clock.now())
    if as_json:
        frame.print_json(_facts(entry))
    else:
        frame.print_facts(_facts(entry))
    sys.exit(1 if entry.failed else 0)


@frame.command(group, "list")
@click.option("--last", default=20, type=click.IntRange(1, 1000), help="How many runs to show.")
@frame.as_json
def list_runs(last: int, as_json: bool) -> None:
    """The timetable and the last runs: when, how long, what was done, failed or caught up."""
    runs = db.session.scalars(sa.select(JobRun).order_by(JobRun.id.desc()).limit(last)).all()
    timetable = {name: _timing(name) for name in jobs.TIMETABLE}
    if as_json:
        frame.print_json({"jobs": timetable, "runs": [_facts(run) for run in runs]})
        return
    frame.print_table(("job", "runs"), timetable.items())
    click.echo()
    headings = ("started", "job", "outcome", "done", "failed", "late s", "took s")
    frame.print_table(headings, (_row(run) for run in runs))


@click.command("scheduler", cls=frame.Command)
@with_appcontext
def scheduler() -> None:
    """Run the timetable in this process until it is told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    run_forever(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command("verify", cls=frame.Command)
@frame.as_json
@with_appcontext
def verify(as_json: bool) -> None:
    """Check every invariant of the database; exit 1 with the offending rows if one is broken."""
    found = invariants.broken()
    if as_json:
        checked = [invariant.name for invariant in invariants.INVARIANTS]
        frame.print_json({"clean": not found, "checked": checked, "broken": found})
    elif not found:
        click.echo(f"clean: {len(invariants.INVARIANTS)} invariants hold")
    for claim, rows in () if as_json else found.items():
        click.echo(f"BROKEN {claim}")
        frame.print_table(list(rows[0]), [list(row.values()) for row in rows])
    sys.exit(1 if found else 0)


def _timing(name: str) -> str:
    timing = jobs.TIMETABLE[name][1]
    if timing["trigger"] == "interval":
        return f"every {timing['seconds']} s"
    return f"daily at {timing['hour']:02}:{timing['minute']:02}"


def _facts(run: JobRun) -> dict[str, object]:
    return {
        "job": run.name,
        "outcome": run.outcome,
        "started_at": run.started_at.isoformat(),
        "seconds": _seconds(run),
        "done": run.done,
        "failed": run.failed,
        "late_seconds": run.late_seconds,
        "detail": run.detail,
    }


def _row(run: JobRun) -> tuple[object, ...]:
    started = f"{clock.local(run.started_at):%Y-%m-%d %H:%M:%S}"
    return started, run.name, run.outcome, run.done, run.failed, run.late_seconds, _seconds(run)


def _seconds(run: JobRun) -> float:
    return round(((run.finished_at or run.started_at) - run.started_at).total_seconds(), 3)
