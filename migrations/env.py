"""How Alembic meets the application's database."""

from alembic import context
from flask import current_app

from groupbuy.core.crypto import EncryptedText
from groupbuy.core.db import UtcDateTime

migrate = current_app.extensions["migrate"]
config = context.config
config.set_main_option("sqlalchemy.url", "unused")


def render_item(kind, item, _autogen_context):
    """Write our column types as what they are in the database: migrations outlive our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, EncryptedText):
        return "sa.Text()"
    return False


def run() -> None:
    """Migrate with foreign keys off on SQLite.

    SQLite alters a table by building a new one and dropping the old, and with foreign keys on
    that drop deletes (or refuses because of) every child row. The pragma does nothing inside a
    transaction, so it must come first.
    """
    with migrate.db.engine.connect().execution_options(groupbuy_writes=True) as connection:
        sqlite = connection.dialect.name == "sqlite"
        raw = connection.connection.driver_connection
        if sqlite:
            raw.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            transaction_per_migration=True,
            render_item=render_item,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        if sqlite:
            broken = raw.execute("PRAGMA foreign_key_check").fetchall()
            raw.execute("PRAGMA foreign_keys=ON")
            if broken:
                raise RuntimeError(f"foreign keys broken by migration: {broken[:5]}")


run()
