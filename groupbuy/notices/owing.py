"""Owing a message: a row in the same transaction as the fact it tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, insert_once
from groupbuy.extensions import db
from groupbuy.notices.models import Notice


def owe(kind: str, key: str, *, now: datetime, **references: Any) -> None:
    """Owe one message of `kind`; `key` names the event, so owing it again changes nothing.

    `references` name exactly one recipient (member_id, supplier_id or user_id) and the rows the
    words are made from.
    """
    row = owed(kind, key, now=now, **references)
    db.session.execute(insert_once(Notice).values(row))


def owed(kind: str, key: str, *, now: datetime, **references: Any) -> dict[str, Any]:
    """The row of `owe`, for a caller that writes several at once and knows that it is new."""
    return {"kind": kind, "key": f"{kind}:{key}", **references, **_fresh(now)}


def owe_each(kind: str, rows: AnySelect, *, now: datetime) -> None:
    """Owe one message per row of `rows`, whose columns are labelled as those of Notice.

    The column `key` holds what tells one event from another; `kind` is put before it here.
    """
    source = rows.subquery()
    fresh = _fresh(now)
    columns = [column.name for column in source.columns]
    values: list[Any] = [
        sa.literal(f"{kind}:") + column if column.name == "key" else column
        for column in source.columns
    ]
    constants = [sa.literal(value, Notice.__table__.c[name].type) for name, value in fresh.items()]
    statement = sa.select(*values, sa.literal(kind), *constants).where(sa.true())
    db.session.execute(
        insert_once(Notice).from_select(
            [*columns, "kind", *fresh], statement, include_defaults=False
        )
    )


def _fresh(now: datetime) -> dict[str, Any]:
    return {"state": "owed", "owed_at": now, "next_try_at": now}
