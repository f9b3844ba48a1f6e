"""What is on show, and rows of the demo by what they are known by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from groupbuy.accounts.models import Leader, User
from groupbuy.core import crypto
from groupbuy.deals.models import Deal
from groupbuy.extensions import db

Session = dict[str, Any]


@dataclass
class Stage:
    """Who can look (name -> what their cookie holds), and addresses that are not fixed."""

    sessions: dict[str, Session] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


def one(rows: sa.Select[Any]) -> Any:
    """The first of `rows`, which must be there."""
    return db.session.scalars(rows.limit(1)).one()


def leader_of(slug: str) -> Leader:
    return db.session.scalars(sa.select(Leader).where(Leader.slug == slug)).one()


def deal_of(slug: str) -> Deal:
    return db.session.scalars(sa.select(Deal).where(Deal.slug == slug)).one()


def user_of(phone: str) -> User:
    by_phone = User.phone_hash == crypto.lookup_hash(phone)
    return db.session.scalars(sa.select(User).where(by_phone)).one()


def path_of(url: str) -> str:
    """`url` without its host."""
    return "/" + url.split("/", 3)[3]
