"""What runs by itself: when each job ran last, what it caught up, what failed; asking for a run."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import listing, timetable
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.models import JobRun
from groupbuy.extensions import db
from groupbuy.operators.naming import job_names

bp = Blueprint("op_jobs", __name__, url_prefix="/operator/jobs")
_OUTCOMES = ("ok", "failed")


@bp.get("")
@policy("operator")
def index() -> str:
    """Each job, then the ledger; runs that found nothing to do are left out unless asked for."""
    job = listing.asked_one_of("job", list(timetable.TIMES))
    outcome = listing.asked_one_of("outcome", (*_OUTCOMES, "idle"))
    found = sa.select(JobRun)
    if job:
        found = found.where(JobRun.name == job)
    if outcome in _OUTCOMES:
        found = found.where(JobRun.outcome == outcome)
    if outcome != "idle":
        found = found.where(sa.or_(JobRun.done > 0, JobRun.failed > 0))
    return render_template(
        "operators/jobs.html",
        found=listing.newest_first(found, JobRun.id),
        jobs=timetable.TIMES,
        names=job_names(),
        last=last_runs(),
        waiting={each.name: each for each in timetable.waiting()},
        job=job,
        outcome=outcome,
        now=clock.now(),
    )


@bp.post("/<name>/run")
@policy("operator")
def run(name: str) -> Response:
    """Ask the scheduler to run it at its next look."""
    if name not in timetable.TIMES:
        abort(404)
    with transaction():
        new = timetable.ask(name, by_id=current_user.id, now=clock.now())
    asked = _("It runs within a few seconds.") if new else _("It was asked for already.")
    flash(asked, "success")
    return redirect(url_for(".index"), 303)


def last_runs() -> dict[str, Any]:
    """Job -> its last run; one small look into an index each, however long the ledger is."""
    by_name = sa.select(JobRun).order_by(JobRun.started_at.desc(), JobRun.id.desc()).limit(1)
    found = {
        name: db.session.scalars(by_name.where(JobRun.name == name)).one_or_none()
        for name in timetable.TIMES
    }
    return {name: run for name, run in found.items() if run is not None}
