"""What may pass is tried again; engines are set up to wait, and not for long."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from groupbuy.accounts.models import User
from groupbuy.core.db import on_postgresql, retrying, transaction
from groupbuy.core.engines import engine_options, wal_is_safe
from groupbuy.core.errors import WrongState
from groupbuy.extensions import db
from tests import factories
from tests.checks import in_thread


def failing(times: int, error: Exception) -> Callable[[], int]:
    calls = iter(range(1, 100))

    def act() -> int:
        call = next(calls)
        if call <= times:
            raise error
        return call

    return act


class Original(Exception):
    """What a driver raises."""

    def __init__(self, text: str = "", sqlstate: str | None = None) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


def driver_error(*, said: str = "", sqlstate: str | None = None, lost: bool = False) -> DBAPIError:
    original = Original(said, sqlstate)
    return OperationalError("SELECT 1", {}, original, connection_invalidated=lost)


@pytest.mark.parametrize(
    "passing",
    [
        driver_error(sqlstate="40001"),
        driver_error(sqlstate="40P01"),
        driver_error(sqlstate="55P03"),
        driver_error(said="database is locked"),
        driver_error(lost=True),
    ],
)
def test_a_passing_failure_is_tried_three_times(passing):
    assert retrying(failing(2, passing)) == 3
    with pytest.raises(OperationalError):
        retrying(failing(3, passing))


@pytest.mark.parametrize(
    "lasting",
    [driver_error(sqlstate="42P01"), IntegrityError("x", {}, Original()), WrongState("a", "b")],
)
def test_any_other_failure_is_not_tried_again(lasting):
    with pytest.raises(type(lasting)):
        retrying(failing(1, lasting))


@pytest.mark.postgres
def test_two_transactions_in_each_others_way_both_succeed_by_retrying(shared_app):
    if not on_postgresql():
        pytest.skip("SQLite has a single writer")
    with transaction():
        ids = [factories.make_user().id for _ in range(2)]
    met = threading.Barrier(2)

    def rename(first: int, second: int) -> str:
        waited = []

        def act() -> None:
            with transaction():
                db.session.execute(sa.update(User).where(User.id == first).values(name="x"))
                if not waited:
                    waited.append(met.wait(timeout=10))
                db.session.execute(sa.update(User).where(User.id == second).values(name="y"))

        retrying(act)
        return "done"

    one = in_thread(shared_app, lambda: rename(*ids))
    two = in_thread(shared_app, lambda: rename(*reversed(ids)))
    assert (one(), two()) == ("done", "done")


def test_the_sqlite_file_survives_a_power_cut_and_lets_readers_in(shared_app):
    if on_postgresql():
        pytest.skip("SQLite only")
    asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    pragmas = [db.session.scalar(sa.text(f"PRAGMA {name}")) for name in asked]
    version = db.session.scalar(sa.text("SELECT sqlite_version()"))
    assert pragmas == ["wal" if wal_is_safe(version) else "truncate", 2, 1, 20000]


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ("3.40.1", False),
        ("3.44.5", False),
        ("3.44.6", True),
        ("3.45.3", False),
        ("3.50.6", False),
        ("3.50.7", True),
        ("3.51.2", False),
        ("3.51.3", True),
        ("3.52.0", True),
        ("4.0.0", True),
    ],
)
def test_wal_is_only_used_where_it_cannot_corrupt(version, safe):
    assert wal_is_safe(version) is safe


def test_postgresql_gives_up_waiting_before_a_person_does():
    options = engine_options("postgresql+psycopg://app@db/groupbuy", 7)
    assert options["pool_size"] == 7
    for limit in ("lock_timeout=3s", "statement_timeout=15s", "timezone=UTC"):
        assert limit in options["connect_args"]["options"]
