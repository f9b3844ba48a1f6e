"""forbid rewriting history

Events, stock moves and the action log are only ever added to; a purchase list never changes
once its checksum is written. The database itself refuses, whoever asks.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("order_event", "stock_move", "action_log")
# table -> SQL that finds the seal of the row's revision, for the alias in {row}
SEALED = {
    "purchase_revision": "{row}.sha256",
    "purchase_line": "(SELECT sha256 FROM purchase_revision WHERE id = {row}.revision_id)",
    "purchase_split": "(SELECT r.sha256 FROM purchase_line l JOIN purchase_revision r"
    " ON r.id = l.revision_id WHERE l.id = {row}.line_id)",
}


def _guards():
    """(trigger name, table, event, condition under which it is refused)."""
    for table in APPEND_ONLY:
        for event in ("update", "delete"):
            yield f"{table}_no_{event}", table, event, "1 = 1"
    for table, seal in SEALED.items():
        for event in ("insert", "update", "delete"):
            if (table, event) != ("purchase_revision", "insert"):
                row = "NEW" if event == "insert" else "OLD"
                yield f"{table}_no_{event}", table, event, f"{seal.format(row=row)} IS NOT NULL"


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table, event, condition in _guards():
        if postgresql:
            back = "OLD" if event == "delete" else "NEW"
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF {condition} THEN RAISE EXCEPTION '{table} is append-only'"
                f" USING ERRCODE = 'integrity_constraint_violation'; END IF;"
                f" RETURN {back}; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name, table, _event, _condition in _guards():
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if postgresql else ""))
        if postgresql:
            op.execute(f"DROP FUNCTION {name}()")
