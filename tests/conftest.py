"""The application on a real database: SQLite by default, PostgreSQL with TEST_DATABASE=postgresql.

Each test runs inside an outer transaction that is rolled back (`app`), or, where several
processes must see the rows, on a database of its own (`shared_app`).
"""

from __future__ import annotations

import base64
import math
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient
from flask_migrate import upgrade
from werkzeug.test import TestResponse

from groupbuy import create_app
from groupbuy.core.settings import SITE_SETTINGS
from groupbuy.extensions import db

# In the future, so that the database's own clock is never later than the tests' `now`.
NOON = datetime(2035, 5, 12, 4, 0, tzinfo=UTC)
MIGRATIONS = str(pathlib.Path(__file__).parents[1] / "migrations")
SETTINGS: dict[str, Any] = {
    "TESTING": True,
    "KEPT_SECONDS": 0,
    "SECRET_KEY": "only-for-tests",
    "DATA_KEYS": f"t:{base64.b64encode(bytes(32)).decode()}",
    "LOOKUP_KEY": "only-for-tests",
    "WTF_CSRF_ENABLED": False,
    "RATELIMIT_ENABLED": False,
}


def _postgres_bin() -> pathlib.Path:
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.exit("missing tool: PostgreSQL server (apt-get install postgresql)", returncode=2)
    return found[-1].parent


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an ephemeral PostgreSQL on a unix socket of its own."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="groupbuy-pg-"))
    account: dict[str, Any] = {}
    if os.geteuid() == 0:  # initdb refuses to run as root
        person = pwd.getpwnam("postgres")
        os.chown(folder, person.pw_uid, person.pw_gid)
        account = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    binaries = _postgres_bin()
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)}

    def run(tool: str, *args: str) -> None:
        subprocess.run(
            [binaries / tool, *args],
            check=True,
            capture_output=True,
            cwd=folder,
            env=env,
            **account,
        )

    quick = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300"
    start = f"-c listen_addresses='' -k {folder} {quick}"
    run("initdb", "-D", f"{folder}/data", "-U", "app", "-A", "trust", "-E", "UTF8", "--no-sync")
    run("pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", start, "start")
    try:
        yield f"postgresql+psycopg://app@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database_url(request: pytest.FixtureRequest) -> str:
    """Where this run's tests keep their rows."""
    if os.environ.get("TEST_DATABASE", "sqlite") == "postgresql":
        return str(request.getfixturevalue("postgres"))
    folder = request.getfixturevalue("tmp_path_factory").mktemp("db")
    return f"sqlite:///{folder}/test.db"


class Shelf(dict[Any, Any]):
    """What is kept: no test but those of the settings themselves pays a statement for them."""

    def get(self, key: Any, default: Any = None) -> Any:
        return (math.inf, {}) if key == SITE_SETTINGS else super().get(key, default)


class Client(FlaskClient):
    """A browser whose every request starts afresh.

    A test holds an application context open, and requests inside it would share `g`: whoever
    signed in with one client would be signed in with all.
    """

    def open(self, *given: Any, **more: Any) -> TestResponse:
        for name in list(g):
            g.pop(name)
        return super().open(*given, **more)


@pytest.fixture
def site_settings(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What operators set on a page is read."""
    monkeypatch.setitem(app.extensions, "groupbuy_kept", {})


def _new_app(url: str, folder: pathlib.Path, **settings: Any) -> Flask:
    app = create_app(
        SETTINGS | {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_DIR": str(folder)} | settings
    )
    app.extensions["groupbuy_kept"] = Shelf()
    app.test_client_class = Client
    with app.app_context():
        upgrade(MIGRATIONS)
    return app


@pytest.fixture(scope="session")
def migrated_app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application on a migrated, empty database."""
    app = _new_app(database_url, tmp_path_factory.mktemp("instance"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(migrated_app: Flask) -> Iterator[Flask]:
    """The application inside a transaction that is undone afterwards, whatever was committed."""
    with migrated_app.app_context():
        real = db.engine
        connection = real.connect().execution_options(groupbuy_writes=True)
        outer = connection.begin()
        db.engines[None] = connection  # type: ignore[assignment,index]
        db.session.remove()
        db.session.session_factory.configure(join_transaction_mode="create_savepoint")
        try:
            yield migrated_app
        finally:
            db.session.remove()
            outer.rollback()
            connection.close()
            db.engines[None] = real  # type: ignore[index]
            db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")


@pytest.fixture
def shared_app(
    request: pytest.FixtureRequest, database_url: str, tmp_path: pathlib.Path
) -> Iterator[Flask]:
    """The application on a database of its own that other threads and processes can open."""
    if database_url.startswith("postgresql"):
        name = f"t{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**9}"
        admin = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        url = database_url.replace("/postgres?", f"/{name}?")
    else:
        admin, name, url = None, "", f"sqlite:///{tmp_path}/shared.db"
    app = _new_app(url, tmp_path)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if admin is not None:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
