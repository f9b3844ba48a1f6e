"""How the installation is: what a machine asks /readyz, and what a person wants to know besides."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from flask import Blueprint, current_app, render_template
from flask_babel import gettext as _

from groupbuy import health
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import on_postgresql
from groupbuy.core.models import JobRun
from groupbuy.extensions import db
from groupbuy.operators.naming import way_names
from groupbuy.words import full_time

bp = Blueprint("op_health", __name__, url_prefix="/operator/health")
TICK_OVERDUE = timedelta(minutes=2)  # the busiest jobs run every few seconds
_LEAST_FREE = 0.1
_GIGABYTE = 1024**3


class Finding(NamedTuple):
    """One thing that is well or not, in words. `is_well` is None where it is only told."""

    name: str
    says: str
    is_well: bool | None = None


@bp.get("")
@policy("operator")
def show() -> str:
    """Everything at once."""
    now = clock.now()
    return render_template("operators/health.html", findings=findings(now), now=now)


def findings(now: datetime) -> list[Finding]:
    """What there is to know, the most pressing kind first."""
    answer = health.ready()
    is_ready = answer.status_code == 200
    why = str(answer.get_data(as_text=True)).strip()
    ways, outward = way_names(), current_app.config["NOTICE_CHANNELS"]
    return [
        Finding(_("Ready for visitors"), _("It answers.") if is_ready else why, is_ready),
        _scheduler(now),
        _verified(now),
        _disk(),
        _database(),
        Finding(_("Tables of release"), _migration()),
        Finding(_("Ways to reach people"), " · ".join(ways.get(it, it) for it in outward)),
    ]


def last_tick() -> datetime | None:
    """When any job last began."""
    last = sa.select(JobRun.started_at).order_by(JobRun.id.desc()).limit(1)
    return db.session.scalars(last).one_or_none()


def ticks(now: datetime) -> bool:
    """Whether the scheduler is at work."""
    tick = last_tick()
    return tick is not None and now - tick < TICK_OVERDUE


def _scheduler(now: datetime) -> Finding:
    tick = last_tick()
    if tick is None:
        return Finding(_("Scheduler"), _("It has never run: start it beside the site."), False)
    says = _("Last look %(time)s", time=full_time(tick, now))
    return Finding(_("Scheduler"), says, ticks(now))


def _verified(now: datetime) -> Finding:
    last = sa.select(JobRun).where(JobRun.name == "verify").order_by(JobRun.started_at.desc())
    run = db.session.scalars(last.limit(1)).one_or_none()
    if run is None:
        return Finding(_("All numbers checked"), _("Not yet: it runs every night."))
    when = full_time(run.started_at, now)
    if run.failed:
        broken = "; ".join(run.detail)[:300]
        return Finding(_("All numbers checked"), f"{when}: {broken}", False)
    says = _("%(time)s: %(count)s claims hold", time=when, count=run.done)
    return Finding(_("All numbers checked"), says, now - run.started_at < timedelta(days=2))


def _disk() -> Finding:
    disk = shutil.disk_usage(current_app.config["INSTANCE_DIR"])
    says = _(
        "%(free)s GB of %(total)s GB free",
        free=f"{disk.free / _GIGABYTE:.1f}",
        total=f"{disk.total / _GIGABYTE:.1f}",
    )
    return Finding(_("Disk"), says, disk.free / disk.total > _LEAST_FREE)


def _database() -> Finding:
    if on_postgresql():
        version = db.session.scalars(sa.text("SHOW server_version")).one()
        size = db.session.scalars(sa.text("SELECT pg_database_size(current_database())")).one()
        return Finding(_("Database"), f"PostgreSQL {version} · {size / _GIGABYTE:.2f} GB")
    version = db.session.scalars(sa.text("SELECT sqlite_version()")).one()
    pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    size = db.session.scalars(sa.text(pages)).one()
    return Finding(_("Database"), f"SQLite {version} · {size / _GIGABYTE:.2f} GB")


def _migration() -> str:
    return ", ".join(db.session.scalars(sa.text("SELECT version_num FROM alembic_version")))
