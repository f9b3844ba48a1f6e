"""A phone number or an e-mail address: by which somebody is reached, and known."""

from __future__ import annotations

from typing import Literal, NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import User
from groupbuy.core import crypto
from groupbuy.core.text import mask_phone, parse_email, parse_phone
from groupbuy.extensions import db


class Reach(NamedTuple):
    """`address` is normalised; `kind` names the columns of User that keep it."""

    kind: Literal["phone", "email"]
    address: str

    @property
    def hash(self) -> str:
        """What finds it in the database."""
        return crypto.lookup_hash(self.address)

    @property
    def masked(self) -> str:
        """
        >>> Reach("email", "wang@example.com").masked
        'w***@example.com'
        """
        if self.kind == "phone":
            return mask_phone(self.address)
        name, _at, host = self.address.partition("@")
        return f"{name[:1]}***@{host}"

    @property
    def columns(self) -> dict[str, str]:
        """What a row of User holds for it."""
        return {self.kind: self.address, f"{self.kind}_hash": self.hash}


def parse_reach(text: str) -> Reach:
    """Read either of the two. Raises ValueError.

    >>> parse_reach("+86 138-0013 8000")
    Reach(kind='phone', address='13800138000')
    """
    if "@" in text or "＠" in text:
        return Reach("email", parse_email(text))
    return Reach("phone", parse_phone(text))


def user_of(reach: Reach) -> User | None:
    """Whose account it is, be they disabled or not."""
    column = User.phone_hash if reach.kind == "phone" else User.email_hash
    return db.session.scalars(sa.select(User).where(column == reach.hash)).one_or_none()
