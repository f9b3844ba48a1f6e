"""What needs an operator now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from groupbuy.access import policy
from groupbuy.accounts.models import Leader, User
from groupbuy.core import clock
from groupbuy.core.db import sum_of
from groupbuy.core.models import JobRun
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices import undelivered
from groupbuy.notices.models import Notice
from groupbuy.operators import health
from groupbuy.operators.jobs import last_runs
from groupbuy.operators.naming import job_names
from groupbuy.orders.models import LIVE_STATES, Order

bp = Blueprint("op_home", __name__, url_prefix="/operator")
_RECENT = timedelta(days=7)


class Need(NamedTuple):
    """One thing to look into: what, what follows, since when, and where."""

    tone: str
    symbol: str
    title: str
    says: str
    since: datetime | None
    address: str
    act: str


@bp.get("")
@policy("operator")
def show() -> str:
    """What needs them, then the week in numbers."""
    now = clock.now()
    needs = [*_of_health(now), *_applications(), *_failed_jobs(), *_unsent(now)]
    return render_template("operators/home.html", needs=needs, numbers=_numbers(now), now=now)


@bp.get("/more")
@policy("operator")
def more() -> str:
    """On a phone: every place to go."""
    return render_template("operators/more.html")


def _of_health(now: datetime) -> list[Need]:
    return [
        Need(
            "bad",
            "i-alert-triangle",
            each.name,
            each.says,
            None,
            url_for("op_health.show"),
            _("Look"),
        )
        for each in health.findings(now)
        if each.is_well is False
    ]


def _applications() -> list[Need]:
    applied = sa.select(Leader).where(Leader.state == "applied").order_by(Leader.id).limit(10)
    return [
        Need(
            "info",
            "i-users-group",
            _("%(name)s wants to open deals", name=leader.name),
            leader.community,
            leader.created_at,
            url_for("op_leaders.show", leader_id=leader.id),
            _("Decide"),
        )
        for leader in db.session.scalars(applied)
    ]


def _failed_jobs() -> list[Need]:
    """Jobs whose last run failed; one that went well since needs nobody."""
    names = job_names()
    return [
        Need(
            "bad",
            "i-refresh-alert",
            _("“%(job)s” failed", job=names[name]),
            ngettext("%(num)d thing failed", "%(num)d things failed", run.failed),
            run.started_at,
            url_for("op_jobs.index", job=name, outcome="failed"),
            _("Look"),
        )
        for name, run in last_runs().items()
        if run.outcome == "failed"
    ]


def _unsent(now: datetime) -> list[Need]:
    late = _count(undelivered.overdue(now))
    lost = _count(undelivered.failed().where(Notice.owed_at > now - _RECENT))
    needs = []
    if late:
        title = ngettext("%(num)d message is late", "%(num)d messages are late", late)
        says = _("They should have been sent over ten minutes ago.")
        needs.append(_message_need("warn", title, says, "overdue"))
    if lost:
        title = ngettext("%(num)d message reached nobody", "%(num)d messages reached nobody", lost)
        needs.append(_message_need("bad", title, _("In the last seven days."), "failed"))
    return needs


def _message_need(tone: str, title: str, says: str, state: str) -> Need:
    address = url_for("op_messages.index", state=state)
    return Need(tone, "i-message-exclamation", title, says, None, address, _("Look"))


def _count(rows: sa.Select[Notice]) -> int:
    return db.session.scalars(sa.select(sa.func.count()).select_from(rows.subquery())).one()


def _numbers(now: datetime) -> dict[str, int]:
    """Of the last seven days, but leaders and people: of all time."""
    week = sa.select(sa.func.count(), sum_of(Order.due_fen)).where(
        Order.placed_at > now - _RECENT, Order.state.in_(LIVE_STATES)
    )
    orders, due_fen = db.session.execute(week).one()

    def count(*which: sa.ColumnElement[bool]) -> int:
        return db.session.scalars(sa.select(sa.func.count()).where(*which)).one()

    runs = JobRun.started_at > now - _RECENT
    return {
        "orders": orders,
        "due_fen": due_fen,
        "open_deals": count(Deal.state == "open"),
        "leaders": count(Leader.state == "approved"),
        "people": count(User.state == "active"),
        "failed_runs": count(runs, JobRun.outcome == "failed"),
    }
