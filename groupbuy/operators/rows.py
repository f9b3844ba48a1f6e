"""Rows of any leader: an operator sees all."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort

from groupbuy.accounts.models import Leader, User
from groupbuy.core import text
from groupbuy.extensions import db


def any_or_404(kind: Any, typed_id: str) -> Any:
    """A row of `kind`, whoever's: an operator sees all."""
    row_id = text.id_or_none(typed_id)
    return (db.session.get(kind, row_id) if row_id is not None else None) or abort(404)


def leader_choices() -> list[tuple[int, str]]:
    """(id, name and community) of every leader, to choose one from."""
    named = sa.select(Leader.id, Leader.name, Leader.community).order_by(Leader.id)
    return [(row.id, f"{row.name} · {row.community}") for row in db.session.execute(named)]


def names_of(user_ids: set[int | None]) -> dict[int | None, str]:
    """User id -> name, in one statement."""
    known = sa.select(User.id, User.name).where(User.id.in_(user_ids - {None}))
    return {row.id: row.name for row in db.session.execute(known)}
