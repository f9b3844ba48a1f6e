"""The ticker: a process of its own that runs the timetable. Several at once are harmless."""

from __future__ import annotations

import logging
import signal

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from groupbuy import jobs
from groupbuy.core import clock
from groupbuy.extensions import db

log = logging.getLogger(__name__)
LOOK_SECONDS = 5
ENDINGS = (signal.SIGTERM, signal.SIGINT)


def run_forever(app: Flask) -> None:
    """Tick until SIGTERM or Ctrl-C; a job that is running then is allowed to finish."""
    # Blocked before any thread starts, so that the signals wait for `sigwait`: a handler could
    # interrupt the scheduler while it holds a lock that its ending needs.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    scheduler = BackgroundScheduler(
        timezone=app.config["TIMEZONE"],
        # A run that is late is still wanted, once, and never beside itself.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    with app.app_context():
        starts_at = clock.now()
    for name, (_job, timing) in jobs.TIMETABLE.items():
        soon = {} if timing["trigger"] == "cron" else {"next_run_time": starts_at}
        scheduler.add_job(tick, args=(app, name), id=name, **timing, **soon)
    scheduler.add_job(look, "interval", args=(app,), seconds=LOOK_SECONDS, id="requested")

    scheduler.start()
    log.info("scheduler started")
    signal.sigwait(ENDINGS)
    scheduler.shutdown(wait=True)
    log.info("scheduler ended")


def tick(app: Flask, name: str) -> None:
    """One run of one job at the present time."""
    with app.app_context():
        try:
            jobs.run(name, clock.now())
        finally:
            db.session.remove()


def look(app: Flask) -> None:
    """Run what operators asked for on their page."""
    with app.app_context():
        try:
            jobs.run_requested(clock.now())
        finally:
            db.session.remove()
