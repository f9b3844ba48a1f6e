"""The application as people meet it: behind a real server, with tokens in its forms."""

from __future__ import annotations

import os
import pathlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade
from werkzeug.serving import WSGIRequestHandler, make_server

from groupbuy import create_app
from groupbuy.extensions import db
from tests.conftest import MIGRATIONS, SETTINGS

# As in production, but for one thing: nobody types fast enough for the limits of doors.
AS_DEPLOYED = {"TESTING": False, "WTF_CSRF_ENABLED": True}


@dataclass(frozen=True)
class Site:
    """A running site: `app` to write rows with, `url` without a slash at its end."""

    app: Flask
    url: str


@contextmanager
def running_site(database_url: str, folder: pathlib.Path) -> Iterator[Site]:
    """A site on an empty database of its own, served until the end of the block."""
    with _own_database(database_url, folder) as url:
        own = {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_DIR": str(folder)}
        app = create_app(SETTINGS | AS_DEPLOYED | own)
        with app.app_context():
            upgrade(MIGRATIONS)
        with served(app) as site:
            yield site
        with app.app_context():
            db.engine.dispose()


@contextmanager
def served(app: Flask) -> Iterator[Site]:
    """`app` behind a server of this process, at a port that is free."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    url = f"http://127.0.0.1:{server.server_port}"
    app.config["SITE_URL"] = url
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Site(app, url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    """Keeps connections open as real servers do, and does not narrate."""

    protocol_version = "HTTP/1.1"

    def log(self, *_line: Any) -> None:
        """What went wrong is seen in the browser."""


@contextmanager
def _own_database(url: str, folder: pathlib.Path) -> Iterator[str]:
    if not url.startswith("postgresql"):
        yield f"sqlite:///{folder}/site.db"
        return
    name = f"site_{os.getpid()}_{folder.name}"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield url.replace("/postgres?", f"/{name}?")
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
