"""Two questions a machine asks: is the process up, and may it be given visitors?"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from groupbuy.access import policy
from groupbuy.extensions import db, limiter

bp = Blueprint("health", __name__)
_MIGRATIONS = Path(__file__).parents[1] / "migrations"


@bp.get("/healthz")
@policy("public")
@limiter.exempt
def alive() -> Response:
    """The process answers. Asks nobody else, so a slow database does not get it killed."""
    return _say("ok", 200)


@bp.get("/readyz")
@policy("public")
@limiter.exempt
def ready() -> Response:
    """The database answers and has the tables this code was written for."""
    reason = _unready()
    return _say(reason, 503) if reason else _say("ready", 200)


def _unready() -> str | None:
    try:
        db.session.execute(sa.select(1))
    except SQLAlchemyError:
        return "database unreachable"
    try:
        found = db.session.scalars(sa.text("SELECT version_num FROM alembic_version")).all()
    except SQLAlchemyError:
        db.session.rollback()
        return "database not migrated"
    return None if set(found) == _wanted() else "database not migrated"


@cache
def _wanted() -> set[str]:
    return set(ScriptDirectory(str(_MIGRATIONS)).get_heads())


def _say(word: str, status: int) -> Response:
    return Response(f"{word}\n", status, mimetype="text/plain")
