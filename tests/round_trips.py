"""Counting what an act asks of the database, as the server sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from groupbuy.extensions import db


@contextmanager
def round_trips() -> Iterator[list[str]]:
    """The statements of the block, with BEGIN and COMMIT; of a batch, each that is sent."""
    seen: list[str] = []

    def execute(_c: Any, _cursor: Any, said: str, given: Any, *_more: Any) -> None:
        if not said.startswith("BEGIN"):  # of SQLite, where it is a statement like others
            seen.extend([said] * (len(given) if isinstance(given, list) else 1))

    def begin(_connection: Any) -> None:
        seen.append("BEGIN")

    def commit(_connection: Any) -> None:
        seen.append("COMMIT")

    listeners = [("before_cursor_execute", execute), ("begin", begin), ("commit", commit)]
    for event, listener in listeners:
        sa.event.listen(db.engine, event, listener)
    try:
        yield seen
    finally:
        for event, listener in listeners:
            sa.event.remove(db.engine, event, listener)
