"""Rows read as plain values and made into objects, where every millisecond is somebody's wait.

The session takes three times as long to load an object as a connection does to read its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from groupbuy.core.db import Id, connection, key_of
from groupbuy.core.inserts import attached
from groupbuy.extensions import db

Model = TypeVar("Model")


def get(model: type[Model], row_id: int) -> Model | None:
    """The row with this id, or None: `session.get` for the paths that are in a hurry."""
    kind: Any = model
    found = connection().execute(_by_id(kind), {"row_id": row_id}).one_or_none()
    return None if found is None else as_object(model, found._asdict())


def as_object(model: type[Model], row: Mapping[str, Any]) -> Model:
    """The object of a row just read, its id among the columns; the session's own if it has one.

    What is left out is read when it is asked for.
    """
    known: Model | None = db.session().identity_map.get(key_of(model, row["id"]))
    made: Model = known if known is not None else attached(model, **row)
    return made


@cache
def _by_id(model: Any) -> sa.Select[Any]:
    table = model.__table__
    return sa.select(*table.c).where(table.c.id == sa.bindparam("row_id", type_=Id))
