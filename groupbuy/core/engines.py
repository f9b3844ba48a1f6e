"""Engines: what SQLite and PostgreSQL are told when somebody connects."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa


def engine_options(url: str, pool_size: int) -> dict[str, Any]:
    """`create_engine` options for the database behind `url`."""
    if url.startswith("sqlite"):
        import pysqlite3.dbapi2  # bundles a current SQLite: Debian's has the WAL-reset bug

        return {"module": pysqlite3.dbapi2, "connect_args": {"timeout": 20}}
    return {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_pre_ping": True,
        "connect_args": {
            "options": "-c lock_timeout=3s -c statement_timeout=15s"
            " -c idle_in_transaction_session_timeout=30s -c timezone=UTC"
        },
    }


# The first release of each line in which a WAL reset can no longer corrupt the file.
_WAL_FIXED = {(3, 44): 6, (3, 50): 7, (3, 51): 3}


def wal_is_safe(version: str) -> bool:
    """
    >>> wal_is_safe("3.40.1"), wal_is_safe("3.50.7"), wal_is_safe("3.52.0")
    (False, True, True)
    """
    major, minor, patch = (int(part) for part in re.findall(r"\d+", version)[:3])
    line = (major, minor)
    return line > max(_WAL_FIXED) or patch >= _WAL_FIXED.get(line, patch + 1)


def set_up_engine(engine: sa.Engine) -> None:
    """Make SQLite behave like a production database; PostgreSQL needs nothing here."""
    if engine.dialect.name != "sqlite":
        return

    @sa.event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None  # SQLAlchemy says BEGIN, not the driver
        [(version,)] = dbapi_connection.execute("SELECT sqlite_version()").fetchall()
        journal = "WAL" if wal_is_safe(version) else "TRUNCATE"
        for pragma in (
            "busy_timeout=20000",
            f"journal_mode={journal}",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("groupbuy_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
