"""Migrations make the database that the models describe, on both engines, and lose no row."""

from __future__ import annotations

import pathlib
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade

from groupbuy import jobs
from groupbuy.core.db import on_postgresql, transaction
from groupbuy.extensions import db
from tests import factories
from tests.checks import assert_everything_true
from tests.conftest import MIGRATIONS, NOON

VERSIONS = sorted(pathlib.Path(MIGRATIONS, "versions").glob("*.py"))


def described(inspector: sa.Inspector, schema: str | None) -> dict[str, Any]:
    """Table -> everything about it that the database enforces, comparable between two databases."""
    tables = {}
    for name in inspector.get_table_names(schema):
        if name != "alembic_version":
            ask = {"table_name": name, "schema": schema}
            tables[name] = {
                "columns": {
                    (column["name"], str(column["type"]), column["nullable"])
                    for column in inspector.get_columns(**ask)
                },
                "primary key": inspector.get_pk_constraint(**ask)["constrained_columns"],
                "checks": {
                    (c["name"], c["sqltext"]) for c in inspector.get_check_constraints(**ask)
                },
                "unique": {
                    (c["name"], *c["column_names"]) for c in inspector.get_unique_constraints(**ask)
                },
                "foreign keys": {
                    (c["name"], *c["constrained_columns"], c["referred_table"])
                    for c in inspector.get_foreign_keys(**ask)
                },
                "indexes": {
                    (c["name"], c["unique"], *c["column_names"])
                    for c in inspector.get_indexes(**ask)
                },
            }
    return tables


def described_by_the_models() -> dict[str, Any]:
    """What `create_all` would make, in a schema or database of its own."""
    if not on_postgresql():
        fresh = sa.create_engine("sqlite://")
        db.metadata.create_all(fresh)
        try:
            return described(sa.inspect(fresh), None)
        finally:
            fresh.dispose()
    connection = db.session.connection().execution_options(schema_translate_map={None: "fresh"})
    connection.execute(sa.schema.CreateSchema("fresh"))
    db.metadata.create_all(connection)
    return described(sa.inspect(connection), "fresh")


def plain(checks: dict[str, Any]) -> dict[str, Any]:
    """Without the line breaks in which SQLite keeps what it was told."""
    for table in checks.values():
        table["checks"] = {(name, " ".join(text.split())) for name, text in table["checks"]}
    return checks


def test_an_upgraded_database_is_what_the_models_say(app):
    migrated = plain(described(sa.inspect(db.session.connection()), None))
    expected = plain(described_by_the_models())
    assert set(migrated) == set(expected)
    for table, facts in expected.items():
        assert migrated[table] == facts, table


def rows() -> dict[str, int]:
    """How many rows each table has that is there and holds any."""
    there = sa.inspect(db.session.connection()).get_table_names()
    counts = {
        name: db.session.scalars(sa.select(sa.func.count()).select_from(table)).one()
        for name, table in db.metadata.tables.items()
        if name in there
    }
    db.session.remove()
    return {name: count for name, count in counts.items() if count}


def fill() -> dict[str, int]:
    """A closed deal with its lists and bags, and an open one; returns the rows of each table."""
    with transaction():
        deal = factories.make_deal(stock=9)
        factories.make_placed(deal, 2)
        factories.make_order(deal)
        factories.make_placed(factories.make_deal(closes_at=NOON + timedelta(days=9)))
    assert jobs.run("close-due", deal.closes_at).done == 1
    return rows()


def guarded() -> bool:
    try:
        with transaction():
            db.session.execute(sa.text("UPDATE order_event SET kind = kind"))
    except sa.exc.IntegrityError:
        return True
    return False


def test_a_filled_database_goes_down_and_up_again_without_losing_a_row(shared_app):
    before = fill()
    assert before["order_event"] > 0
    assert before["purchase_line"] > 0
    assert guarded()
    downgrade(MIGRATIONS, revision="0001")
    of_later_tables = {"ledger_txn", "ledger_entry"}  # made again from the rows they tell of
    assert rows() == {name: n for name, n in before.items() if name not in of_later_tables}
    assert not guarded()
    upgrade(MIGRATIONS)
    assert rows() == before
    assert guarded()
    assert_everything_true()


def test_everything_can_be_taken_down_and_put_up_again(shared_app):
    downgrade(MIGRATIONS, revision="base")
    assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]
    if on_postgresql():
        functions = sa.text("SELECT proname FROM pg_proc WHERE proname LIKE '%\\_no\\_%'")
        assert [name for (name,) in db.session.execute(functions) if "update" in name] == []
    db.session.remove()
    upgrade(MIGRATIONS)
    with transaction():
        factories.make_placed(factories.make_deal())
    assert guarded()


def test_the_migrations_are_one_line_from_nothing_to_the_head():
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    chain = [revision.revision for revision in script.walk_revisions()]
    assert chain == [path.name[:4] for path in reversed(VERSIONS)]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_is_named_by_number_verb_and_noun_and_outlives_our_code(path):
    assert re.fullmatch(r"\d{4}_[a-z]+(_[a-z0-9]+)+\.py", path.name)
    source = path.read_text()
    assert f'revision = "{path.name[:4]}"' in source
    assert "groupbuy" not in source.replace("groupbuy:", "")
    assert "def downgrade()" in source
