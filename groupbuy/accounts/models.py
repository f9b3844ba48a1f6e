"""People: users who sign in, what they may do, leaders, their members and pickup points."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from groupbuy.core.crypto import EncryptedJson, EncryptedText, lookup_hash
from groupbuy.core.db import Fen, Instant, Name, PrimaryKey, Stateful, one_of
from groupbuy.extensions import db

ROLES = ("helper", "leader", "supplier", "support", "operator")  # everybody is a resident


class User(Stateful, UserMixin, db.Model):
    """Somebody who can sign in. Phone numbers and e-mail addresses are encrypted; hashes find them.

    Both are only ever written when a code proved them, or by an operator. `quiet_from` and
    `quiet_until` are minutes after midnight on the clock of the house.
    """

    __tablename__ = "user_account"
    __table_args__ = (
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)"
            " AND (quiet_from IS NULL OR (quiet_from BETWEEN 0 AND 1439"
            " AND quiet_until BETWEEN 0 AND 1439))",
            name="quiet_hours",
        ),
    )
    NEXT_STATES = {"active": {"disabled"}, "disabled": {"active"}}

    id: Mapped[PrimaryKey]
    name: Mapped[Name]
    phone: Mapped[str | None] = mapped_column(EncryptedText)
    phone_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    email: Mapped[str | None] = mapped_column(EncryptedText)
    email_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    wechat_openid: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(one_of("active", "disabled", called="state"))
    locale: Mapped[str] = mapped_column(sa.String(20), default="zh_Hans_CN")
    large_type: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]
    created_at: Mapped[Instant]

    grants: Mapped[list[RoleGrant]] = relationship(back_populates="user")

    if TYPE_CHECKING:  # of whoever is signed in, set by accounts.devices
        device_id: int
        device_token: str

    def get_id(self) -> str:
        """What the cookie holds: not who they are, but the token of this one device."""
        return self.device_token


class Device(db.Model):
    """A browser somebody signed in with. The cookie holds a token; without this row it is void."""

    __tablename__ = "device"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[Name]  # "微信 · Android", from what the browser says of itself
    signed_in_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]

    user: Mapped[User] = relationship()


class OneTimeCode(db.Model):
    """Six digits sent to a phone or an e-mail address; only hashes of both are kept."""

    __tablename__ = "one_time_code"
    __table_args__ = (sa.Index("ix_one_time_code_target_hash", "target_hash", "made_at"),)

    id: Mapped[PrimaryKey]
    target_hash: Mapped[str] = mapped_column(sa.String(64))
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    tries_left: Mapped[int]
    used_at: Mapped[Instant | None]


class Consent(db.Model):
    """Who agreed to which version of a document, and when. Append-only."""

    __tablename__ = "consent"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "document", "version"),
        sa.UniqueConstraint("member_id", "document", "version"),
        sa.CheckConstraint("(user_id IS NULL) <> (member_id IS NULL)", name="one_person"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))
    member_id: Mapped[int | None] = mapped_column(sa.ForeignKey("member.id"))  # a guest
    document: Mapped[str] = mapped_column(sa.String(20))
    version: Mapped[str] = mapped_column(sa.String(20))
    at: Mapped[Instant]


class Address(db.Model):
    """Who to call and where they live: {"name", "phone", "building", "unit", "room"}, encrypted."""

    __tablename__ = "address"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    contact: Mapped[dict[str, str]] = mapped_column(EncryptedJson)
    contact_hash: Mapped[str] = mapped_column(sa.String(64))  # finds the same contact again
    is_default: Mapped[bool] = mapped_column(default=False)
    used_at: Mapped[Instant]

    @validates("contact")
    def _hash(self, _name: str, contact: dict[str, str]) -> dict[str, str]:
        self.contact_hash = self.hash_of(contact)
        return contact

    @staticmethod
    def hash_of(contact: dict[str, str]) -> str:
        """The same for the same contact, and no use to anybody without the lookup key."""
        return lookup_hash(json.dumps(contact, sort_keys=True))


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
    __table_args__ = (sa.CheckConstraint("commission_bp BETWEEN 0 AND 10000", name="commission"),)
    NEXT_STATES = {
        "applied": {"approved", "disabled"},
        "approved": {"disabled"},
        "disabled": {"approved", "applied"},  # who was refused may try again
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
    decided_at: Mapped[Instant | None]  # when an operator last approved, refused or disabled them
    decided_because: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")
    deal_defaults: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON, default=dict, server_default="{}"
    )  # what the form of a new deal begins with
    commission_bp: Mapped[int] = mapped_column(default=0, server_default="0")
    cash_limit_fen: Mapped[Fen | None]  # most cash in the leader's hands; None: no limit
    order_limit_fen: Mapped[Fen | None]  # most that one order may cost; None: the site's limit
    created_at: Mapped[Instant]

    user: Mapped[User] = relationship()


class Member(db.Model):
    """A resident as one leader knows them; `user_id` is empty until they sign in and claim it.

    Guests and people brought over from another tool are members without a user. Somebody who
    ordered as a guest before signing in has several member rows with one leader.
    """

    __tablename__ = "member"
    __table_args__ = (
        sa.UniqueConstraint("leader_id", "source_ref"),
        sa.Index("ix_member_leader_id_user_id", "leader_id", "user_id"),
        sa.Index("ix_member_leader_id_phone_hash", "leader_id", "phone_hash"),
        sa.Index("ix_member_phone_hash", "phone_hash"),  # somebody proves a number: with any leader
    )

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    name: Mapped[Name]
    phone: Mapped[str | None] = mapped_column(EncryptedText)
    phone_hash: Mapped[str | None] = mapped_column(sa.String(64))
    source_ref: Mapped[str | None] = mapped_column(sa.String(200))
    order_limit_fen: Mapped[Fen | None]  # most that one order may cost; None: as the leader has it
    tags: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")
    note: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")  # staff only
    blocked_at: Mapped[Instant | None]  # since then they cannot order
    blocked_because: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")
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


class SavedView(db.Model):
    """Filters of a list that somebody gave a name; `page` is the endpoint of the list."""

    __tablename__ = "saved_view"
    __table_args__ = (sa.UniqueConstraint("leader_id", "user_id", "page", "name"),)

    id: Mapped[PrimaryKey]
    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"))
    page: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[str] = mapped_column(sa.String(40))
    query: Mapped[str] = mapped_column(sa.String(500))  # as in the address, without "?"
    made_at: Mapped[Instant]


class Follow(db.Model):
    """Somebody who wants to hear of a leader's deals."""

    __tablename__ = "follow"

    leader_id: Mapped[int] = mapped_column(sa.ForeignKey("leader.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user_account.id"), primary_key=True, index=True
    )
    since: Mapped[Instant]
