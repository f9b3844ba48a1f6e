"""What tests ask of a refusal and of the whole database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import invariants
from groupbuy.extensions import db


@contextmanager
def refused(error: type[Exception], *said: str) -> Iterator[pytest.ExceptionInfo[Any]]:
    """The block is refused with `error`, which says all of `said`; what it wrote is undone."""
    with pytest.raises(error) as caught, db.session.begin_nested():
        yield caught
    db.session.expire_all()
    told = f"{caught.value} {getattr(caught.value, 'state', '')}"  # a state by its own name, too
    for words in said:
        assert words in told


@contextmanager
def refused_by_the_database(*said: str) -> Iterator[None]:
    """The block breaks a constraint or trigger that is called, or says, all of `said`."""
    with pytest.raises(sa.exc.IntegrityError) as caught, db.session.begin_nested():  # noqa: PT012
        yield
        db.session.flush()
    db.session.expire_all()
    for words in said:
        assert words in str(caught.value.orig)


def unreadable() -> Any:
    """The block cannot read what it was given, and says so instead of crashing."""
    return pytest.raises(ValueError)  # noqa: PT011


def count(model: Any, *conditions: Any) -> int:
    """How many rows of `model` fulfil `conditions`."""
    return db.session.scalars(
        sa.select(sa.func.count()).select_from(model).where(*conditions)
    ).one()


def run_sql(statement: str, **values: Any) -> None:
    """Behind the back of all rules."""
    db.session.flush()
    db.session.execute(sa.text(statement), values)
    db.session.expire_all()


def assert_everything_true(*but: str) -> None:
    """No invariant is broken, `but` those whose names are given."""
    db.session.flush()
    broken = invariants.broken()
    assert {claim: rows for claim, rows in broken.items() if claim.split()[0] not in but} == {}


def in_thread(app: Flask, act: Callable[[], Any]) -> Callable[[], Any]:
    """Start `act` in a thread with a session of its own; calling the result waits for it."""
    outcome: list[Any] = []

    def run() -> None:
        with app.app_context():
            try:
                outcome.append(act())
            except Exception as error:
                outcome.append(error)
            finally:
                db.session.remove()

    thread = threading.Thread(target=run)
    thread.start()

    def wait() -> Any:
        thread.join(timeout=20)
        assert not thread.is_alive()
        return outcome[0]

    return wait
