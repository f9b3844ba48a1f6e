"""keep the books

The ledger begins with what the rows of payments, refunds and handovers say so far.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_txn", "ledger_entry", "bill_line")
_CASH = "'cash:leader', f.leader_id"
_ORDER = "'order', f.order_id"
_IN_FLIGHT = "'refunds_in_flight', 0"
_CAME = (
    "(CASE WHEN c.received - c.damaged < l.pieces THEN c.received - c.damaged ELSE l.pieces END)"
)
# (kind, key, rows that tell when, whose and how much, debit, credit)
OPENING = (
    (
        "payment",
        "payment",
        "SELECT p.id, p.confirmed_at AS at, p.leader_id, o.deal_id, p.order_id,"
        " p.confirmed_by_id AS actor_id, p.amount_fen AS fen"
        " FROM payment p JOIN customer_order o ON o.id = p.order_id"
        " WHERE p.state = 'confirmed' AND p.amount_fen > 0",
        _CASH,
        _ORDER,
    ),
    (
        "refund_requested",
        "refund",
        "SELECT r.id, r.requested_at AS at, r.leader_id, o.deal_id, r.order_id,"
        " CAST(NULL AS BIGINT) AS actor_id, r.amount_fen AS fen"
        " FROM refund r JOIN customer_order o ON o.id = r.order_id",
        _ORDER,
        _IN_FLIGHT,
    ),
    (
        "refund_succeeded",
        "refunded",
        "SELECT r.id, r.finished_at AS at, r.leader_id, o.deal_id, r.order_id,"
        " r.finished_by_id AS actor_id, r.amount_fen AS fen"
        " FROM refund r JOIN customer_order o ON o.id = r.order_id WHERE r.state = 'succeeded'",
        _IN_FLIGHT,
        _CASH,
    ),
    (
        "handed_over",
        "handed-over-before",
        "SELECT o.id, MAX(e.at) AS at, o.leader_id, o.deal_id, o.id AS order_id,"
        " CAST(NULL AS BIGINT) AS actor_id, l.fen FROM customer_order o"
        " JOIN order_event e ON e.order_id = o.id"
        " JOIN (SELECT order_id, CAST(SUM(earned_fen) AS BIGINT) AS fen FROM order_line"
        " GROUP BY order_id) l ON l.order_id = o.id"
        " WHERE l.fen > 0 GROUP BY o.id, o.leader_id, o.deal_id, l.fen",
        _ORDER,
        "'sales', f.deal_id",
    ),
    (
        "goods",
        "goods",
        "SELECT * FROM (SELECT a.id, a.shared_out_at AS at, a.leader_id, h.deal_id, h.supplier_id,"
        " CAST(NULL AS BIGINT) AS order_id, a.counted_by_id AS actor_id,"
        " CAST(SUM(CASE WHEN l.unit_price_fen IS NULL"
        f" THEN (2 * l.amount_fen * {_CAME} + l.pieces) / (2 * l.pieces)"
        f" ELSE l.unit_price_fen * {_CAME} END) AS BIGINT) AS fen"
        " FROM arrival a JOIN purchase_list h ON h.id = a.list_id"
        " JOIN arrival_line c ON c.arrival_id = a.id"
        " JOIN purchase_line l ON l.id = c.purchase_line_id"
        " WHERE a.state = 'shared_out' GROUP BY a.id, a.shared_out_at, a.leader_id, h.deal_id,"
        " h.supplier_id, a.counted_by_id) g WHERE fen > 0",
        "'goods', f.deal_id",
        "'supplier', f.supplier_id",
    ),
)


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
        "ledger_txn",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("idem_key", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("deal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_txn")),
        sa.UniqueConstraint("idem_key", name=op.f("uq_ledger_txn_idem_key")),
    )
    with op.batch_alter_table("ledger_txn", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_txn_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_txn_leader_id"), ["leader_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_txn_order_id"), ["order_id"], unique=False)

    op.create_table(
        "sandbox_trade",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("out_trade_no", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("return_url", sa.String(length=500), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "unpaid",
                "paid",
                "failed",
                "closed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("transaction_no", sa.String(length=64), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_trade")),
        sa.UniqueConstraint("out_trade_no", name=op.f("uq_sandbox_trade_out_trade_no")),
        sa.UniqueConstraint("transaction_no", name=op.f("uq_sandbox_trade_transaction_no")),
    )
    op.create_table(
        "bill_import",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("way", sa.String(length=20), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "imported_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["imported_by_id"],
            ["user_account.id"],
            name=op.f("fk_bill_import_imported_by_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_import")),
        sa.UniqueConstraint("way", "sha256", name=op.f("uq_bill_import_way_sha256")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("txn_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "account",
            sa.Enum(
                "cash:wechat",
                "cash:alipay",
                "cash:sandbox",
                "cash:leader",
                "cash:bank",
                "order",
                "refunds_in_flight",
                "sales",
                "goods",
                "supplier",
                "commission_expense",
                "commission_held",
                "commission",
                "fees",
                "suspense",
                name="account",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("of_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("fen <> 0", name=op.f("ck_ledger_entry_fen")),
        sa.ForeignKeyConstraint(
            ["txn_id"], ["ledger_txn.id"], name=op.f("fk_ledger_entry_txn_id_ledger_txn")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint(
            "txn_id", "account", "of_id", name=op.f("uq_ledger_entry_txn_id_account_of_id")
        ),
    )
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_entry_account_of_id", ["account", "of_id"], unique=False)

    op.create_table(
        "sandbox_refund",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trade_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("out_refund_no", sa.String(length=64), nullable=False),
        sa.Column("refund_no", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["trade_id"],
            ["sandbox_trade.id"],
            name=op.f("fk_sandbox_refund_trade_id_sandbox_trade"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_refund")),
        sa.UniqueConstraint("out_refund_no", name=op.f("uq_sandbox_refund_out_refund_no")),
        sa.UniqueConstraint("refund_no", name=op.f("uq_sandbox_refund_refund_no")),
    )
    with op.batch_alter_table("sandbox_refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sandbox_refund_trade_id"), ["trade_id"], unique=False)

    op.create_table(
        "bill_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "payment",
                "refund",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("out_trade_no", sa.String(length=64), nullable=False),
        sa.Column("transaction_no", sa.String(length=64), nullable=False),
        sa.Column("out_refund_no", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("fee_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["bill_import.id"], name=op.f("fk_bill_line_import_id_bill_import")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bill_line")),
        sa.UniqueConstraint("import_id", "position", name=op.f("uq_bill_line_import_id_position")),
    )
    with op.batch_alter_table("bill_line", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bill_line_out_refund_no"), ["out_refund_no"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_bill_line_out_trade_no"), ["out_trade_no"], unique=False
        )

    op.create_table(
        "cash_handover",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "state",
            sa.Enum(
                "reported",
                "confirmed",
                "refused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "reported_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("decided_because", sa.String(length=300), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_cash_handover_amount")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user_account.id"],
            name=op.f("fk_cash_handover_decided_by_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_cash_handover_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["reported_by_id"],
            ["user_account.id"],
            name=op.f("fk_cash_handover_reported_by_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_handover")),
        sa.UniqueConstraint(
            "leader_id", "form_key", name=op.f("uq_cash_handover_leader_id_form_key")
        ),
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "supplier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("payee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "approved",
                "paid",
                "refused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "asked_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "approved_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "finished_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("because", sa.String(length=300), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payout_amount")),
        sa.CheckConstraint("approved_by_id <> asked_by_id", name=op.f("ck_payout_second_person")),
        sa.CheckConstraint("approved_by_id <> payee_id", name=op.f("ck_payout_not_the_payee")),
        sa.ForeignKeyConstraint(
            ["approved_by_id"],
            ["user_account.id"],
            name=op.f("fk_payout_approved_by_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["user_account.id"], name=op.f("fk_payout_asked_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["finished_by_id"],
            ["user_account.id"],
            name=op.f("fk_payout_finished_by_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_payout_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["payee_id"], ["user_account.id"], name=op.f("fk_payout_payee_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["supplier.id"], name=op.f("fk_payout_supplier_id_supplier")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("leader_id", "form_key", name=op.f("uq_payout_leader_id_form_key")),
    )
    with op.batch_alter_table("payout", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payout_supplier_id"), ["supplier_id"], unique=False)

    op.create_table(
        "settlement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("deal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column(
            "last_entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "settled_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_settlement_deal_id_deal")),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_settlement_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"],
            ["user_account.id"],
            name=op.f("fk_settlement_settled_by_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
        sa.UniqueConstraint("deal_id", name=op.f("uq_settlement_deal_id")),
    )
    with op.batch_alter_table("settlement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_settlement_leader_id"), ["leader_id"], unique=False)

    op.create_table(
        "refund_proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "approved",
                "refused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "proposed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_refund_proposal_amount")),
        sa.CheckConstraint(
            "decided_by_id <> proposed_by_id", name=op.f("ck_refund_proposal_second_person")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"],
            ["user_account.id"],
            name=op.f("fk_refund_proposal_decided_by_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_refund_proposal_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["customer_order.id"],
            name=op.f("fk_refund_proposal_order_id_customer_order"),
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"],
            ["user_account.id"],
            name=op.f("fk_refund_proposal_proposed_by_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_proposal")),
    )
    with op.batch_alter_table("refund_proposal", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_refund_proposal_leader_id"), ["leader_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_refund_proposal_order_id"), ["order_id"], unique=False)

    op.create_table(
        "money_case",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("refund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "closed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("closed_because", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "closed_at IS NULL OR closed_because <> ''", name=op.f("ck_money_case_closed")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by_id"],
            ["user_account.id"],
            name=op.f("fk_money_case_closed_by_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_money_case_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_money_case_payment_id_payment")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refund.id"], name=op.f("fk_money_case_refund_id_refund")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_case")),
        sa.UniqueConstraint("key", name=op.f("uq_money_case_key")),
    )
    with op.batch_alter_table("money_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_money_case_opened_at"), ["opened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_money_case_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_money_case_refund_id"), ["refund_id"], unique=False)

    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("credited_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_customer_order_fulfilled_at", ["fulfilled_at"], unique=False)

    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.add_column(sa.Column("commission_bp", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("ways", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_deal_commission"), "commission_bp BETWEEN 0 AND 10000"
        )

    with op.batch_alter_table("deal_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("commission_bp", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_deal_item_commission"), "commission_bp BETWEEN 0 AND 10000"
        )

    with op.batch_alter_table("leader", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("commission_bp", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("cash_limit_fen", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("order_limit_fen", sa.BigInteger(), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_leader_commission"), "commission_bp BETWEEN 0 AND 10000"
        )

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("order_limit_fen", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("given_back_fen", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("earned_fen", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("commission_fen", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.create_check_constraint(
            op.f("ck_order_line_money"), "given_back_fen >= 0 AND earned_fen >= 0"
        )

    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("method", sa.String(length=20), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("begun_with", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("asked", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("next_ask_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_payment_next_ask_at", ["next_ask_at"], unique=False)

    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.add_column(sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("by_hand", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("last_error", sa.String(length=300), server_default="", nullable=False)
        )
        batch_op.create_index("ix_refund_next_try_at", ["next_try_at"], unique=False)

    _open_the_books()
    for table in APPEND_ONLY:
        _forbid_rewriting(table)


def _open_the_books() -> None:
    op.execute(
        "UPDATE order_line SET given_back_fen = no_show_pieces * price_fen"
        " WHERE no_show_pieces > 0 AND EXISTS (SELECT 1 FROM customer_order o JOIN pickup b"
        " ON b.deal_id = o.deal_id AND b.member_id = o.member_id AND b.point_id = o.point_id"
        " WHERE o.id = order_line.order_id AND b.ending = 'refunded')"
    )
    op.execute(
        "UPDATE order_line SET earned_fen ="
        " (picked_pieces + no_show_pieces) * price_fen - given_back_fen"
        " WHERE picked_pieces + no_show_pieces > 0"
    )
    op.execute(  # what was neither paid nor collected has earned nothing
        "UPDATE order_line SET earned_fen = picked_pieces * price_fen"
        " WHERE no_show_pieces > 0 AND EXISTS (SELECT 1 FROM customer_order o"
        " WHERE o.id = order_line.order_id AND o.paid_fen - o.refunded_fen < o.due_fen)"
    )
    op.execute(
        "UPDATE customer_order SET fulfilled_at = (SELECT MAX(at) FROM order_event e"
        " WHERE e.order_id = customer_order.id) WHERE state = 'fulfilled'"
    )
    for kind, key, facts, debit, credit in OPENING:
        named = f"'{key}:' || CAST(f.id AS VARCHAR(20))"
        op.execute(
            "INSERT INTO ledger_txn (idem_key, kind, at, leader_id, deal_id, order_id, actor_id)"
            f" SELECT {named}, '{kind}', f.at, f.leader_id, f.deal_id, f.order_id, f.actor_id"
            f" FROM ({facts}) f ORDER BY f.id"
        )
        for account, sign in ((debit, ""), (credit, "-")):
            op.execute(
                "INSERT INTO ledger_entry (txn_id, leader_id, account, of_id, fen)"
                f" SELECT t.id, t.leader_id, {account}, {sign}f.fen FROM ({facts}) f"
                f" JOIN ledger_txn t ON t.idem_key = {named}"
            )


def downgrade() -> None:
    for table in APPEND_ONLY:
        _allow_rewriting(table)
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.drop_index("ix_refund_next_try_at")
        batch_op.drop_column("last_error")
        batch_op.drop_column("next_try_at")
        batch_op.drop_column("tries")
        batch_op.drop_column("by_hand")
        batch_op.drop_column("submitted_at")

    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_next_ask_at")
        batch_op.drop_column("ended_at")
        batch_op.drop_column("next_ask_at")
        batch_op.drop_column("asked")
        batch_op.drop_column("paid_at")
        batch_op.drop_column("begun_with")
        batch_op.drop_column("expires_at")
        batch_op.drop_column("method")

    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_order_line_money"), type_="check")
        batch_op.drop_column("commission_fen")
        batch_op.drop_column("earned_fen")
        batch_op.drop_column("given_back_fen")

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_column("order_limit_fen")

    with op.batch_alter_table("leader", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_leader_commission"), type_="check")
        batch_op.drop_column("order_limit_fen")
        batch_op.drop_column("cash_limit_fen")
        batch_op.drop_column("commission_bp")

    with op.batch_alter_table("deal_item", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_deal_item_commission"), type_="check")
        batch_op.drop_column("commission_bp")

    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_deal_commission"), type_="check")
        batch_op.drop_column("ways")
        batch_op.drop_column("commission_bp")

    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_order_fulfilled_at")
        batch_op.drop_column("credited_at")
        batch_op.drop_column("fulfilled_at")

    with op.batch_alter_table("money_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_money_case_refund_id"))
        batch_op.drop_index(batch_op.f("ix_money_case_payment_id"))
        batch_op.drop_index(batch_op.f("ix_money_case_opened_at"))

    op.drop_table("money_case")
    with op.batch_alter_table("refund_proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_refund_proposal_order_id"))
        batch_op.drop_index(batch_op.f("ix_refund_proposal_leader_id"))

    op.drop_table("refund_proposal")
    with op.batch_alter_table("settlement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_settlement_leader_id"))

    op.drop_table("settlement")
    with op.batch_alter_table("payout", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payout_supplier_id"))

    op.drop_table("payout")
    op.drop_table("cash_handover")
    with op.batch_alter_table("bill_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bill_line_out_trade_no"))
        batch_op.drop_index(batch_op.f("ix_bill_line_out_refund_no"))

    op.drop_table("bill_line")
    with op.batch_alter_table("sandbox_refund", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sandbox_refund_trade_id"))

    op.drop_table("sandbox_refund")
    with op.batch_alter_table("ledger_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_entry_account_of_id")

    op.drop_table("ledger_entry")
    op.drop_table("bill_import")
    op.drop_table("sandbox_trade")
    with op.batch_alter_table("ledger_txn", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_txn_order_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_txn_leader_id"))
        batch_op.drop_index(batch_op.f("ix_ledger_txn_deal_id"))

    op.drop_table("ledger_txn")
