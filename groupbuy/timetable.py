"""Which jobs there are and when they run; and asking for one to run now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.core import action_log
from groupbuy.core.db import rowcount
from groupbuy.core.models import JobRequest
from groupbuy.extensions import db

# name -> seconds between runs, or the hour of the night
TIMES: dict[str, dict[str, Any]] = {
    "close-due": {"trigger": "interval", "seconds": 5},
    "expire-unpaid": {"trigger": "interval", "seconds": 30},
    "send-notices": {"trigger": "interval", "seconds": 5},
    "ask-payments": {"trigger": "interval", "seconds": 5},
    "send-refunds": {"trigger": "interval", "seconds": 5},
    "credit-commission": {"trigger": "interval", "seconds": 300},
    "settle-deals": {"trigger": "interval", "seconds": 3600},
    "money-alert": {"trigger": "interval", "seconds": 600},
    "pickup-reminders": {"trigger": "interval", "seconds": 60},
    "announce-opened": {"trigger": "interval", "seconds": 60},
    "closing-soon": {"trigger": "interval", "seconds": 60},
    "restock-warnings": {"trigger": "interval", "seconds": 60},
    "leaders-digest": {"trigger": "interval", "seconds": 300},
    "verify": {"trigger": "cron", "hour": 3, "minute": 30},
    "forget-codes": {"trigger": "cron", "hour": 3, "minute": 45},
    "forget-idle-runs": {"trigger": "cron", "hour": 4, "minute": 0},
}


def ask(name: str, *, by_id: int, now: datetime) -> bool:
    """Want one of TIMES to run at the scheduler's next look; False if that is wanted already."""
    if name not in TIMES:
        raise KeyError(name)
    same = sa.select(JobRequest.id).where(JobRequest.name == name, JobRequest.taken_at.is_(None))
    if db.session.scalar(same.limit(1)) is not None:
        return False
    db.session.add(JobRequest(name=name, asked_at=now, asked_by_id=by_id))
    action_log.note("job_asked", f"job:{name}", actor_id=by_id, now=now)
    return True


def waiting() -> Sequence[JobRequest]:
    """What was asked for and not taken yet, the oldest first."""
    untaken = sa.select(JobRequest).where(JobRequest.taken_at.is_(None), JobRequest.name.in_(TIMES))
    return db.session.scalars(untaken.order_by(JobRequest.id)).all()


def take(request_id: int, *, now: datetime) -> bool:
    """Take a request for this process; of several processes one gets it."""
    untaken = JobRequest.id == request_id, JobRequest.taken_at.is_(None)
    return rowcount(sa.update(JobRequest).where(*untaken).values(taken_at=now)) == 1
