"""add what leaders need

The console's notes, tags and saved views, what suppliers answer, photographs, double hand-overs,
and what operators set. Columns are only added: a table made anew would lose its triggers on SQLite.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("supplier_answer", "supplier_answer_line")


def _forbid_rewriting(table: str) -> None:
    for event in ("update", "delete"):
        name = f"{table}_no_{event}"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" RAISE EXCEPTION '{table} is append-only'"
                f" USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _allow_rewriting(table: str) -> None:
    for event in ("update", "delete"):
        name = f"{table}_no_{event}"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
        else:
            op.execute(f"DROP TRIGGER {name}")


def upgrade() -> None:
    op.create_table(
        "job_request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_request")),
    )
    op.create_table(
        "site_setting",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "changed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_setting")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("query", sa.String(length=500), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_saved_view_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_saved_view_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "leader_id",
            "user_id",
            "page",
            "name",
            name=op.f("uq_saved_view_leader_id_user_id_page_name"),
        ),
    )
    op.create_table(
        "double_handover",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "pickup_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "closed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("closed_because", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "closed_at IS NULL OR closed_because <> ''", name=op.f("ck_double_handover_closed")
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_double_handover_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"],
            ["user_account.id"],
            name=op.f("fk_double_handover_closed_by_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_double_handover_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["pickup_id"], ["pickup.id"], name=op.f("fk_double_handover_pickup_id_pickup")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_double_handover")),
        sa.UniqueConstraint("pickup_id", "nonce", name=op.f("uq_double_handover_pickup_id_nonce")),
    )
    with op.batch_alter_table("double_handover", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_double_handover_leader_id"), ["leader_id"], unique=False
        )

    op.create_table(
        "supplier_answer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "revision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ready_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_supplier_answer_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_supplier_answer_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["purchase_revision.id"],
            name=op.f("fk_supplier_answer_revision_id_purchase_revision"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_answer")),
    )
    with op.batch_alter_table("supplier_answer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_supplier_answer_revision_id"), ["revision_id"], unique=False
        )

    op.create_table(
        "photo",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "delivery_note",
                "damage",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_photo_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_photo_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["purchase_line.id"], name=op.f("fk_photo_line_id_purchase_line")
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["purchase_list.id"], name=op.f("fk_photo_list_id_purchase_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo")),
        sa.UniqueConstraint("token", name=op.f("uq_photo_token")),
    )
    with op.batch_alter_table("photo", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_photo_list_id"), ["list_id"], unique=False)

    op.create_table(
        "supplier_answer_line",
        sa.Column(
            "answer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("pieces", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.CheckConstraint("pieces >= 0", name=op.f("ck_supplier_answer_line_pieces")),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["supplier_answer.id"],
            name=op.f("fk_supplier_answer_line_answer_id_supplier_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_supplier_answer_line_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["purchase_line.id"],
            name=op.f("fk_supplier_answer_line_line_id_purchase_line"),
        ),
        sa.PrimaryKeyConstraint("answer_id", "line_id", name=op.f("pk_supplier_answer_line")),
    )
    with op.batch_alter_table("supplier_answer_line", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_supplier_answer_line_line_id"), ["line_id"], unique=False
        )

    with op.batch_alter_table("action_log", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.create_index(batch_op.f("ix_action_log_leader_id"), ["leader_id"], unique=False)

    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("staff_note", sa.String(length=500), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("note_to_member", sa.String(length=500), server_default="", nullable=False)
        )

    with op.batch_alter_table("leader", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("decided_because", sa.String(length=300), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("deal_defaults", sa.JSON(), server_default="{}", nullable=False)
        )

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tags", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(
            sa.Column("note", sa.String(length=500), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("blocked_because", sa.String(length=300), server_default="", nullable=False)
        )

    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False)
        )

    with op.batch_alter_table("purchase_list", schema=None) as batch_op:
        batch_op.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("told_revision", sa.Integer(), nullable=True))

    with op.batch_alter_table("help_message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "answered_by_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                sa.ForeignKey(
                    "user_account.id", name=op.f("fk_help_message_answered_by_id_user_account")
                ),
                nullable=True,
            )
        )

    with op.batch_alter_table("sku", schema=None) as batch_op:
        batch_op.add_column(sa.Column("warn_below_pieces", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(op.f("ck_sku_warn_below"), "warn_below_pieces >= 0")
        batch_op.add_column(
            sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False)
        )

    with op.batch_alter_table("supplier", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("note", sa.String(length=300), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("email", sa.Text(), nullable=True))
        batch_op.add_column(
            sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False)
        )

    for table in APPEND_ONLY:
        _forbid_rewriting(table)


def downgrade() -> None:
    for table in APPEND_ONLY:
        _allow_rewriting(table)
    with op.batch_alter_table("supplier", schema=None) as batch_op:
        batch_op.drop_column("is_active")
        batch_op.drop_column("email")
        batch_op.drop_column("note")

    with op.batch_alter_table("sku", schema=None) as batch_op:
        batch_op.drop_column("is_active")
        batch_op.drop_constraint(op.f("ck_sku_warn_below"), type_="check")
        batch_op.drop_column("warn_below_pieces")

    with op.batch_alter_table("help_message", schema=None) as batch_op:
        batch_op.drop_constraint(
            op.f("fk_help_message_answered_by_id_user_account"), type_="foreignkey"
        )
        batch_op.drop_column("answered_by_id")
        batch_op.drop_column("answered_at")

    with op.batch_alter_table("purchase_list", schema=None) as batch_op:
        batch_op.drop_column("told_revision")
        batch_op.drop_column("told_at")
        batch_op.drop_column("withdrawn_at")

    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_column("is_active")

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_column("blocked_because")
        batch_op.drop_column("blocked_at")
        batch_op.drop_column("note")
        batch_op.drop_column("tags")

    with op.batch_alter_table("leader", schema=None) as batch_op:
        batch_op.drop_column("deal_defaults")
        batch_op.drop_column("decided_because")
        batch_op.drop_column("decided_at")

    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.drop_column("note_to_member")
        batch_op.drop_column("staff_note")

    op.drop_index(op.f("ix_action_log_leader_id"), "action_log")
    op.drop_column("action_log", "leader_id")  # in place, or SQLite would drop the triggers

    with op.batch_alter_table("supplier_answer_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_supplier_answer_line_line_id"))

    op.drop_table("supplier_answer_line")
    with op.batch_alter_table("photo", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_photo_list_id"))

    op.drop_table("photo")
    with op.batch_alter_table("supplier_answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_supplier_answer_revision_id"))

    op.drop_table("supplier_answer")
    with op.batch_alter_table("double_handover", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_double_handover_leader_id"))

    op.drop_table("double_handover")
    op.drop_table("saved_view")
    op.drop_table("site_setting")
    op.drop_table("job_request")
