"""What staff did: read here, changed nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Blueprint, render_template, request

from groupbuy import listing
from groupbuy.access import policy
from groupbuy.accounts.models import User
from groupbuy.core import clock, crypto
from groupbuy.core.models import ActionLog
from groupbuy.core.text import parse_phone
from groupbuy.operators import rows
from groupbuy.operators.log_words import details, subject
from groupbuy.operators.naming import act_names

bp = Blueprint("op_log", __name__, url_prefix="/operator/log")


@bp.get("")
@policy("operator")
def index() -> str:
    """By person, act, leader and time; `from` and `until` are days, both included."""
    acts, now = act_names(), clock.now()
    asked = {
        "who": listing.asked("who"),
        "act": listing.asked("act"),
        "leader": listing.asked_id("leader"),
        "from": _day("from"),
        "until": _day("until"),
    }
    entries = listing.newest_first(_found(asked), ActionLog.id)
    return render_template(
        "operators/log.html",
        found=entries,
        names=rows.names_of({entry.actor_id for entry in entries.rows}),
        acts=acts,
        subjects={entry.id: subject(entry) for entry in entries.rows},
        details={entry.id: details(entry, now) for entry in entries.rows},
        leaders=dict(rows.leader_choices()),
        asked=asked,
        now=now,
    )


def _found(asked: Mapping[str, object]) -> sa.Select[ActionLog]:
    found = sa.select(ActionLog)
    if who := asked["who"]:
        found = found.where(ActionLog.actor_id.in_(_called(str(who))))
    if act := asked["act"]:
        found = found.where(ActionLog.action == act)
    if (leader_id := asked["leader"]) is not None:
        found = found.where(ActionLog.leader_id == leader_id)
    if isinstance(first := asked["from"], datetime):
        found = found.where(ActionLog.at >= first)
    if isinstance(last := asked["until"], datetime):
        found = found.where(ActionLog.at < last + timedelta(days=1))
    return found


def _called(who: str) -> sa.Select[int]:
    try:
        known = User.phone_hash == crypto.lookup_hash(parse_phone(who))
    except ValueError:
        known = User.name.contains(who, autoescape=True)
    return sa.select(User.id).where(known)


def _day(name: str) -> datetime | None:
    """The first instant of a day typed as 2026-11-21; None for anything else."""
    typed = request.args.get(name, "")
    try:
        return clock.parse_instant(typed) if len(typed) == 10 else None
    except ValueError:
        return None
