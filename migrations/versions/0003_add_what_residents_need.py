"""add what residents need

Signing in, carts, questions, pictures, passes to collect, and asking for help.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

QUIET_HOURS = (
    "(quiet_from IS NULL) = (quiet_until IS NULL)"
    " AND (quiet_from IS NULL OR (quiet_from BETWEEN 0 AND 1439"
    " AND quiet_until BETWEEN 0 AND 1439))"
)


def upgrade() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("target_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index(
            "ix_one_time_code_target_hash", ["target_hash", "made_at"], unique=False
        )

    op.create_table(
        "address",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("contact_hash", sa.String(length=64), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_address_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_address_user_id"), ["user_id"], unique=False)

    op.create_table(
        "device",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_device_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_device_token_hash")),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_device_user_id"), ["user_id"], unique=False)

    op.create_table(
        "notice_choice",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_notice_choice_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("user_id", "topic", "channel", name=op.f("pk_notice_choice")),
    )
    op.create_table(
        "follow",
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_follow_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_follow_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("leader_id", "user_id", name=op.f("pk_follow")),
    )
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_follow_user_id"), ["user_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("document", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (member_id IS NULL)", name=op.f("ck_consent_one_person")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_consent_member_id_member")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_consent_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint(
            "member_id", "document", "version", name=op.f("uq_consent_member_id_document_version")
        ),
        sa.UniqueConstraint(
            "user_id", "document", "version", name=op.f("uq_consent_user_id_document_version")
        ),
    )
    op.create_table(
        "deal_question",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("deal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "text",
                "choice",
                "number",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deal.id"], name=op.f("fk_deal_question_deal_id_deal")
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_deal_question_leader_id_leader")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_question")),
    )
    with op.batch_alter_table("deal_question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deal_question_deal_id"), ["deal_id"], unique=False)

    op.create_table(
        "picture",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("deal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("alt", sa.String(length=200), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(product_id IS NULL) <> (deal_id IS NULL)", name=op.f("ck_picture_one_subject")
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_picture_deal_id_deal")),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_picture_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_picture_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture")),
        sa.UniqueConstraint("token", name=op.f("uq_picture_token")),
    )
    with op.batch_alter_table("picture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_picture_deal_id"), ["deal_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_picture_product_id"), ["product_id"], unique=False)

    op.create_table(
        "help_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("deal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("last_error", sa.String(length=300), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deal.id"], name=op.f("fk_help_message_deal_id_deal")
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_help_message_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["customer_order.id"],
            name=op.f("fk_help_message_order_id_customer_order"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_help_message_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_message")),
    )
    with op.batch_alter_table("help_message", schema=None) as batch_op:
        batch_op.create_index("ix_help_message_leader_id_at", ["leader_id", "at"], unique=False)

    op.create_table(
        "pickup_proxy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("deal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "pickup_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("secret_ref", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deal.id"], name=op.f("fk_pickup_proxy_deal_id_deal")
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_pickup_proxy_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["pickup_id"], ["pickup.id"], name=op.f("fk_pickup_proxy_pickup_id_pickup")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickup_proxy")),
        sa.UniqueConstraint("deal_id", "code_hash", name=op.f("uq_pickup_proxy_deal_id_code_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_pickup_proxy_token_hash")),
    )
    with op.batch_alter_table("pickup_proxy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pickup_proxy_pickup_id"), ["pickup_id"], unique=False)

    op.create_table(
        "cart_line",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "leader_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("deal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pieces", sa.BigInteger(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("pieces > 0", name=op.f("ck_cart_line_pieces")),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_cart_line_deal_id_deal")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["deal_item.id"], name=op.f("fk_cart_line_item_id_deal_item")
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["leader.id"], name=op.f("fk_cart_line_leader_id_leader")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_cart_line_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("user_id", "item_id", name=op.f("pk_cart_line")),
    )
    with op.batch_alter_table("cart_line", schema=None) as batch_op:
        batch_op.create_index("ix_cart_line_user_id_deal_id", ["user_id", "deal_id"], unique=False)

    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("contact", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("answers", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_member_leader_id_user_id"), type_="unique")
        batch_op.create_index("ix_member_leader_id_user_id", ["leader_id", "user_id"], unique=False)
        batch_op.create_index("ix_member_phone_hash", ["phone_hash"], unique=False)

    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("substitute_fen", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attributes", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("video_url", sa.String(length=500), nullable=True))

    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("email", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("email_hash", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("wechat_openid", sa.String(length=64), nullable=True))
        batch_op.add_column(
            sa.Column("large_type", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("quiet_from", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("quiet_until", sa.Integer(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_user_account_email_hash"), ["email_hash"])
        batch_op.create_unique_constraint(
            batch_op.f("uq_user_account_wechat_openid"), ["wechat_openid"]
        )
        batch_op.create_check_constraint(batch_op.f("ck_user_account_quiet_hours"), QUIET_HOURS)


def downgrade() -> None:
    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_user_account_quiet_hours"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_user_account_wechat_openid"), type_="unique")
        batch_op.drop_constraint(batch_op.f("uq_user_account_email_hash"), type_="unique")
        batch_op.drop_column("quiet_until")
        batch_op.drop_column("quiet_from")
        batch_op.drop_column("large_type")
        batch_op.drop_column("wechat_openid")
        batch_op.drop_column("email_hash")
        batch_op.drop_column("email")

    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_column("video_url")
        batch_op.drop_column("attributes")

    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.drop_column("substitute_fen")

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_index("ix_member_phone_hash")
        batch_op.drop_index("ix_member_leader_id_user_id")
        batch_op.create_unique_constraint(
            batch_op.f("uq_member_leader_id_user_id"), ["leader_id", "user_id"]
        )

    with op.batch_alter_table("customer_order", schema=None) as batch_op:
        batch_op.drop_column("answers")
        batch_op.drop_column("contact")

    with op.batch_alter_table("cart_line", schema=None) as batch_op:
        batch_op.drop_index("ix_cart_line_user_id_deal_id")

    op.drop_table("cart_line")
    with op.batch_alter_table("pickup_proxy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pickup_proxy_pickup_id"))

    op.drop_table("pickup_proxy")
    with op.batch_alter_table("help_message", schema=None) as batch_op:
        batch_op.drop_index("ix_help_message_leader_id_at")

    op.drop_table("help_message")
    with op.batch_alter_table("picture", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_picture_product_id"))
        batch_op.drop_index(batch_op.f("ix_picture_deal_id"))

    op.drop_table("picture")
    with op.batch_alter_table("deal_question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deal_question_deal_id"))

    op.drop_table("deal_question")
    op.drop_table("consent")
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_follow_user_id"))

    op.drop_table("follow")
    op.drop_table("notice_choice")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_user_id"))

    op.drop_table("device")
    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_address_user_id"))

    op.drop_table("address")
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.drop_index("ix_one_time_code_target_hash")

    op.drop_table("one_time_code")
