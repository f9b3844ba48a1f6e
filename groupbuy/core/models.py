"""Tables that know nothing of the trade: what jobs did, and what staff did."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from groupbuy.core.db import Id, Instant, Name, PrimaryKey, one_of
from groupbuy.extensions import db


class JobRun(db.Model):
    """One run of a job: what, when, how long, with what outcome. Never deleted by the product."""

    __tablename__ = "job_run"
    __table_args__ = (sa.Index("ix_job_run_name_started_at", "name", "started_at"),)

    id: Mapped[PrimaryKey]
    name: Mapped[Name]
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    outcome: Mapped[str] = mapped_column(one_of("running", "ok", "failed", called="outcome"))
    done: Mapped[int]
    failed: Mapped[int]
    late_seconds: Mapped[int]  # how overdue the oldest item was: what this run caught up
    process: Mapped[Name]
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON)


class ActionLog(db.Model):
    """What a person with rights did. Append-only: the database refuses UPDATE and DELETE."""

    __tablename__ = "action_log"

    id: Mapped[PrimaryKey]
    at: Mapped[Instant] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    # Without foreign key: the log outlives whatever it tells of.
    leader_id: Mapped[int | None] = mapped_column(Id, index=True)
    action: Mapped[Name]
    subject: Mapped[Name]
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON)


class JobRequest(db.Model):
    """An operator wants a job to run now; the scheduler takes it at its next look."""

    __tablename__ = "job_request"

    id: Mapped[PrimaryKey]
    name: Mapped[Name]
    asked_at: Mapped[Instant]
    asked_by_id: Mapped[int | None] = mapped_column(Id)
    taken_at: Mapped[Instant | None]


class SiteSetting(db.Model):
    """Something an operator set on a page; it goes before the environment's value."""

    __tablename__ = "site_setting"

    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(sa.JSON)
    changed_at: Mapped[Instant]
    changed_by_id: Mapped[int | None] = mapped_column(Id)
