"""What a browser is in the middle of proving: kept in its session, the address encrypted."""

from __future__ import annotations

from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from flask import session

from groupbuy.accounts.reach import Reach, parse_reach
from groupbuy.core import crypto

_KEY = "proving"


class Proving(NamedTuple):
    """That `reach` is theirs, to "sign_in", "register", find a "forgotten" password, or "link".

    `proof` is there once the code was right.
    """

    why: str
    reach: Reach
    proof: int | None


def begin(why: str, reach: Reach) -> None:
    """A code for `reach` is on its way."""
    session[_KEY] = [why, crypto.encrypt(reach.address), None]


def proven(going: Proving, proof: int) -> Proving:
    """The code was right."""
    session[_KEY] = [*session[_KEY][:2], proof]
    return going._replace(proof=proof)


def under_way() -> Proving | None:
    """What was begun here, unless nothing was or its key is gone."""
    try:
        why, sealed, proof = session[_KEY]
        return Proving(why, parse_reach(crypto.decrypt(sealed)), proof)
    except (KeyError, InvalidTag):
        return None


def forget() -> None:
    """It is done with."""
    session.pop(_KEY, None)
