"""Locks that two acts agree on, whatever rows they touch; PostgreSQL's advisory ones."""

from __future__ import annotations

import sqlalchemy as sa

from groupbuy.core.db import on_postgresql
from groupbuy.extensions import db

_LOCK_SHARED = sa.select(
    sa.func.pg_advisory_xact_lock_shared(
        sa.bindparam("namespace", type_=sa.Integer), sa.bindparam("row_id", type_=sa.Integer)
    )
)


def lock_shared(namespace: int, row_id: int) -> None:
    """Wait for, then hold until commit, a shared lock; SQLite's writer is alone anyway."""
    if on_postgresql():
        names = {"namespace": namespace, "row_id": row_id}
        db.session.connection().execute(_LOCK_SHARED, names)


def lock_exclusive(namespace: int, row_id: int) -> None:
    """Wait for, then hold until commit, a lock that no shared holder can share."""
    if on_postgresql():
        db.session.execute(sa.select(sa.func.pg_advisory_xact_lock(namespace, row_id)))
