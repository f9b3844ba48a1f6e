"""Reading pages as a person does: the words, without the markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from werkzeug.test import TestResponse


def words(answer: TestResponse) -> str:
    """What is readable on the page, with single spaces."""
    text = re.sub(r"<(svg|style|script)\b.*?</\1>", " ", answer.text, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def same_for_all(answer: TestResponse) -> str:
    """The page without what differs from one request to the next: its token, and its own path."""
    page = re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", answer.text)
    return re.sub(r'(name="next" value=")[^"]*', r"\1", page)


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that runs meanwhile, without the tests' own savepoints."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
