"""Codes of six digits that prove whose a phone or an e-mail address is.

A code is good for five minutes and five tries. A code that was entered rightly becomes a proof: it
can be redeemed once, within ten minutes, by whoever goes on to register or to choose a password.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import OneTimeCode
from groupbuy.accounts.reach import Reach
from groupbuy.core import crypto
from groupbuy.core.db import rowcount
from groupbuy.core.errors import RuleBroken
from groupbuy.core.locks import lock_exclusive
from groupbuy.extensions import db

GOOD_FOR = timedelta(minutes=5)
PROOF_GOOD_FOR = timedelta(minutes=10)
TRIES = 5
PAUSE = timedelta(minutes=1)
MOST_PER_HOUR = 5
_KEPT = timedelta(days=1)
_FORGOTTEN_AT_ONCE = 1000
_LOCKS = 0x434F4445  # "CODE"
_SHAPE = re.compile("[0-9]{6}")


class TooSoon(RuleBroken):
    """The last code is not a minute old."""

    message = _l("A code was sent less than a minute ago. Please wait for it.")
    status = 429


class TooManyCodes(RuleBroken):
    """As many codes as there may be in an hour."""

    message = _l("That was too many codes. Please try again in an hour.")
    status = 429


class ProofGone(RuleBroken):
    """The proof was redeemed before, or is too old."""

    message = _l("That took too long. Please ask for a new code.")
    status = 410


def make_code(reach: Reach, *, now: datetime) -> str:
    """A new code for `reach`, to be sent after the commit; voids those before.

    Raises TooSoon or TooManyCodes, and does so whether or not there is an account.
    """
    target = reach.hash
    _lock(target)
    whose = OneTimeCode.target_hash == target
    since = sa.select(OneTimeCode.made_at).where(whose, OneTimeCode.made_at > now - 60 * PAUSE)
    made = list(db.session.scalars(since))
    if any(at > now - PAUSE for at in made):
        raise TooSoon
    if len(made) >= MOST_PER_HOUR:
        raise TooManyCodes
    void = sa.update(OneTimeCode).where(whose, OneTimeCode.used_at.is_(None))
    rowcount(void.values(tries_left=0))
    code = f"{secrets.randbelow(10**6):06}"
    db.session.add(
        OneTimeCode(
            target_hash=target,
            code_hash=_hash(reach, code),
            made_at=now,
            expires_at=now + GOOD_FOR,
            tries_left=TRIES,
        )
    )
    db.session.flush()
    return code


def parse_code(text: str) -> str:
    """Six digits, however they were typed. Raises ValueError.

    >>> parse_code(" 123 ４56")
    '123456'
    """
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))
    if not _SHAPE.fullmatch(plain):
        raise ValueError(text)
    return plain


def prove(reach: Reach, code: str, *, now: datetime) -> int | None:
    """Use up the code of `reach` and return its proof; None, and one try less, for a wrong one.

    It does not raise, so that the lost try is committed. Of two with the right code one gets it.
    """
    still_good = (
        OneTimeCode.target_hash == reach.hash,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.tries_left > 0,
        OneTimeCode.expires_at > now,
    )
    use = (
        sa.update(OneTimeCode)
        .where(*still_good, OneTimeCode.code_hash == _hash(reach, code))
        .values(used_at=now, expires_at=now + PROOF_GOOD_FOR)
        .returning(OneTimeCode.id)
        .execution_options(synchronize_session=False)
    )
    proof = db.session.execute(use).scalar_one_or_none()
    if proof is None:
        fewer = {"tries_left": OneTimeCode.tries_left - 1}
        rowcount(sa.update(OneTimeCode).where(*still_good).values(fewer))
    return proof


def redeem(proof: int, reach: Reach, *, now: datetime) -> None:
    """Take the proof that `reach` is theirs. Raises ProofGone; of two who redeem it one can.

    Until the commit nobody else can register or link the same address.
    """
    _lock(reach.hash)
    taken = (
        sa.update(OneTimeCode)
        .where(OneTimeCode.id == proof, OneTimeCode.target_hash == reach.hash)
        .where(OneTimeCode.used_at.is_not(None), OneTimeCode.expires_at > now)
        .values(expires_at=OneTimeCode.used_at)
    )
    if not rowcount(taken):
        raise ProofGone


def forget_old(*, now: datetime) -> int:
    """Delete up to a thousand codes that expired more than a day ago; returns how many."""
    old = sa.select(OneTimeCode.id).where(OneTimeCode.expires_at < now - _KEPT)
    some = old.order_by(OneTimeCode.id).limit(_FORGOTTEN_AT_ONCE)
    return rowcount(sa.delete(OneTimeCode).where(OneTimeCode.id.in_(some)))


def _lock(target_hash: str) -> None:
    lock_exclusive(_LOCKS, int.from_bytes(bytes.fromhex(target_hash[:8]), signed=True))


def _hash(reach: Reach, code: str) -> str:
    """Of the code together with whom it is for; useless without the key."""
    return crypto.lookup_hash(f"code:{reach.kind}:{reach.address}:{code}")
