"""Asking as somebody, seeing what the database is told to write, and undoing it."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from groupbuy.extensions import db
from tests import conftest
from tests.access.world import Person, World, build
from tests.fakes.wechat import FakeWeChat

_WRITING = re.compile(r"\b(?:INSERT INTO|(?<!FOR )(?<!KEY )UPDATE|DELETE FROM)\s+\"?(\w+)")


@contextmanager
def inhabited(migrated_app: Flask) -> Iterator[World]:
    """The world and a WeChat to talk to, in a database that is empty again afterwards."""
    rolled_back = contextmanager(inspect.unwrap(conftest.app))
    with rolled_back(migrated_app), pytest.MonkeyPatch.context() as patch, FakeWeChat() as tencent:
        for name, value in tencent.settings.items():
            patch.setitem(migrated_app.config, name, value)
        yield build(migrated_app)


class Asking:
    """`writes` holds the statements of the last request that would change a row.

    Use it as a context manager, inside a transaction that is undone. `look` is called after a
    request that wrote, before that is undone.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.writes: list[str] = []
        self.rows: dict[str, str] = {}
        self.look: Callable[[set[str]], None] = lambda changed: None

    def __enter__(self) -> Self:
        sa.event.listen(sa.Engine, "before_cursor_execute", self._note)
        db.session.remove()
        self.rows = {table: digest(table) for table in db.metadata.tables}
        return self

    def __exit__(self, *_error: object) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._note)

    def ask(self, person: Person, method: str, path: str, **more: Any) -> TestResponse:
        """The answer; what it wrote is in `writes`, and undone."""
        return self.compare(person, method, path, **more)[0]

    def compare(
        self, person: Person, method: str, path: str, **more: Any
    ) -> tuple[TestResponse, set[str]]:
        """The answer, and the names of the tables it left different; then it is undone."""
        client = self.app.test_client()
        client.set_cookie("session", person.cookie)
        self.writes.clear()
        undo = db.engine.begin_nested()  # type: ignore[attr-defined]  # tests hold one connection
        try:
            answer = client.open(path, method=method, **more)
            db.session.remove()
            changed = self._changed() if self.writes else set()
            if changed:
                self.look(changed)
        finally:
            db.session.remove()
            undo.rollback()
        return answer, changed

    def _changed(self) -> set[str]:
        """Of the tables that the statements name, those that hold something else than before."""
        named = {table for written in self.writes for table in _WRITING.findall(written)}
        return {table for table in named if digest(table) != self.rows.get(table)}

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if _WRITING.search(statement):
            self.writes.append(statement)


def digest(table: str) -> str:
    """Of all that a table holds, in whatever order."""
    connection: Any = db.engine  # tests hold one connection
    held = connection.execute(sa.text(f'SELECT * FROM "{table}"')).all()
    return hashlib.sha256(repr(sorted(map(repr, held))).encode()).hexdigest()
