"""`python -m benchmarks.http [--flashes N] [--seconds S]`: orders and pages, beside a bare floor.

The site and the floor (benchmarks/floor.py) run on the same server program, the same database and
the same durable settings, and are pressed on in turn, because machines drift. Every figure is a
ratio to the floor of the same run; after each step what was sold is counted, and at the end
`flask verify` must find nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from benchmarks import goals, postgres
from benchmarks.field import Field
from benchmarks.servers import Server, serving
from benchmarks.site import make_app
from groupbuy.extensions import db

HERE = pathlib.Path(__file__).parents[1]


def main() -> None:
    """Measure on SQLite and, where it is installed, on PostgreSQL; print a table for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http", description=__doc__)
    parser.add_argument("--flashes", type=int, default=3, help="how often 900 want 300")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round")
    parser.add_argument("--only", default="", help="goals by name, such as R1,R11")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="only this one")
    asked = parser.parse_args()
    wanted = asked.only.split(",") if asked.only else list(goals.GOALS)
    with tempfile.TemporaryDirectory(prefix="groupbuy-bench-") as name:
        folder = pathlib.Path(name)
        if asked.database != "postgresql":
            urls = [f"sqlite:///{folder}/{part}.db" for part in ("site", "floor")]
            _measure("SQLite", urls, folder / "a", asked, wanted)
        if asked.database != "sqlite" and postgres.installed():
            with postgres.server(folder / "postgres") as url:
                _measure("PostgreSQL", _two_databases(url), folder / "b", asked, wanted)


def _measure(
    database: str,
    urls: Sequence[str],
    folder: pathlib.Path,
    asked: argparse.Namespace,
    wanted: Sequence[str],
) -> None:
    folder.mkdir()
    env = {"INSTANCE_DIR": str(folder), "DATABASE_URL": urls[0], "FLOOR_DATABASE": urls[1]}
    os.environ.update(env)
    print(f"\n{database}; load of the machine before: {os.getloadavg()[0]:.1f}")
    print(f"{'goal':<5} {'what':<46} {'must':<10} {'site':>22} {'floor':>22} {'is':>8}")
    with _app() as app, _running(folder, env) as servers:
        field = Field(app, servers, urls[1], asked.seconds)
        for name in wanted:
            step = goals.GOALS[name]
            for row in step(field, asked.flashes) if name == "R7" else step(field):
                print(row, flush=True)
    verify = subprocess.run(
        [sys.executable, "-m", "flask", "verify"], env=os.environ | {"FLASK_APP": "wsgi.py"}
    )
    if verify.returncode:
        sys.exit("flask verify found something")


@contextlib.contextmanager
def _app() -> Iterator[Flask]:
    app = make_app()
    with app.app_context():
        upgrade(str(HERE / "migrations"))
        yield app
        db.session.remove()
        db.engine.dispose()


@contextlib.contextmanager
def _running(folder: pathlib.Path, env: dict[str, str]) -> Iterator[tuple[Server, Server]]:
    with (
        serving("benchmarks.site:make_app()", env, folder / "site.sock") as site,
        serving("benchmarks.floor:create_app()", env, folder / "floor.sock") as floor,
    ):
        yield site, floor


def _two_databases(url: str) -> list[str]:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("site", "floor"):
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return [url.replace("/postgres?", f"/{name}?") for name in ("site", "floor")]


if __name__ == "__main__":
    main()
