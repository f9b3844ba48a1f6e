from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from groupbuy.extensions import db
from tests.pages.reading import statements
from tests.pages.test_around_a_page import an_app


def test_alive_asks_no_database_and_gives_no_cookie(app: Flask):
    with statements() as seen:
        answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.text, seen) == (200, "ok\n", [])
    assert "Set-Cookie" not in answer.headers


def test_ready_when_the_database_is_migrated(app: Flask):
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")


def test_not_ready_on_tables_of_another_version(app: Flask):
    db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    db.session.commit()
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database not migrated\n")


def test_not_ready_on_an_empty_database(tmp_path):
    own = an_app(tmp_path)
    answer = own.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database not migrated\n")
    with own.app_context():
        db.engine.dispose()


def test_not_ready_without_a_database_and_says_no_secret(tmp_path):
    url = f"sqlite:///{tmp_path}/no/such/folder/secret.db"
    answer = an_app(tmp_path, SQLALCHEMY_DATABASE_URI=url).test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "database unreachable\n")
