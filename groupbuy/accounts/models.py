"""People: users who sign in, what they may do, leaders, their members and pickup points."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import Mapped, mapped_column, relationship

from groupbuy.core.crypto import EncryptedText
from groupbuy.core.db import Instant, Name, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db

ROLES = ("helper", "leader", "supplier", "support", "operator")  # everybody is a resident


class User(Stateful, UserMixin, db.Model):
    """Somebody who can sign in. Phone numbers are encrypted; `phone_hash` finds them."""

    __tablename__ = "user_account"
    NEXT_STATES = {"active": {"disabled"}, "disabled": {"active"}}

    id: Mapped[PrimaryKey]
    name: Mapped[Name]
    phone: Mapped[str | None] = mapped_column(EncryptedText)
    phone_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(one_of("active", "disabled", called="state"))
    locale: Mapped[str] = mapped_column(sa.String(20), default="zh_Hans_CN")
    created_at: Mapped[Instant]

    grants: Mapped[list[RoleGrant]] = relationship(back_populates="user")


_BELONGS_TO_NOBODY = sa.text("leader_id IS NULL AND supplier_id IS NULL")


class RoleGrant(db.Model):
    """One role of one user; helpers belong to a leader, supplier accounts to a supplier."""

    __tablename__ = "role_grant"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "role", "leader_id"),
        sa.UniqueConstraint("user_id", "role", "supplier_id"),
        sa.Index(
            "uq_role_grant_user_id_role",
            "user_id",
            "role",
            unique=True,
            sqlite_where=_BELONGS_TO_NOBODY,
            postgresql_where=_BELONGS_TO_NOBODY,
        ),
        sa.CheckConstraint("role <> 'helper' OR leader_id IS NOT NULL", name="helper_of_leader"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    role: Mapped[str] = mapped_column(one_of(*ROLES, called="role"))
    leader_id: Mapped[int | None] = mapped_column(sa.ForeignKey("leader.id"))
    supplier_id: Mapped[int | None] = mapped_column(sa.ForeignKey("supplier.id"))
    rights: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[Instant]

    user: Mapped[User] = relationship(back_populates="grants")


class Leader(Stateful, db.Model):
    """A 团长: opens deals, owns members, points, products and suppliers."""

    __tablename__ = "leader"
    NEXT_STATES = {
        "applied": {"approved", "disabled"},
        "approved": {"disabled"},
        "disabled": {"approved"},
    }

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), unique=True)
    slug: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[Name]
    community: Mapped[Name]
    intro: Mapped[str] = mapped_column(sa.Text, default="")
    wechat_id: Mapped[str | None] = mapped_column(sa.String(40))
    contact_phone: Mapped[str | None] = mapped_column(EncryptedText)
    contact_hours: Mapped[str | None] = mapped_column(sa.String(40))
    state: Mapped[str] = mapped_column(one_of("applied", "approved", "disabled", called="state"))
    created_at: Mapped[Instant]

    user: Mapped[User] = relationship()


class Member(db.Model):
    """A resident as one leader knows them; `user_id` is empty until they sign in and claim it.

    Guests and people brought over from another tool are members without a user.
    """

    __tablename__ = "member"
    __table_args__ = (
        sa.UniqueConstraint("leader_id", "user_id"),
        sa.UniqueConstraint("leader_id", "source_ref"),
        sa.Index("ix_member_leader_id_phone_hash", "leader_id", "phone_hash"),
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    name: Mapped[Name]
    phone: Mapped[str | None] = mapped_column(EncryptedText)
    phone_hash: Mapped[str | None] = mapped_column(sa.String(64))
    source_ref: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[Instant]

    user: Mapped[User | None] = relationship()


class PickupPoint(db.Model):
    """Where bags are handed over."""

    __tablename__ = "pickup_point"
    __table_args__ = (sa.UniqueConstraint("leader_id", "name"),)

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    name: Mapped[Name]
    address: Mapped[str] = mapped_column(sa.String(300), default="")
    hours: Mapped[str] = mapped_column(sa.String(100), default="")
    is_active: Mapped[bool] = mapped_column(default=True)
