"""Passwords: kept as argon2 hashes, checked at the same cost whether or not there is one.

Hashing takes a tenth of a second and 64 MiB, so never do it inside a transaction, nor many at once.
"""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import User
from groupbuy.core.errors import BadInput

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 200
# Of a password nobody has, with the parameters of today: what strangers are checked against.
NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$8LyuDjG1PTqL/1nt7V/1AQ"
    "$pBdlve6qA2W4kupdEFG6gGKG/LNZcVhcXJVmwB/QXtE"
)
_hasher = PasswordHasher()
_at_once = threading.BoundedSemaphore(4)


def check_password(password: str) -> None:
    """Raises BadInput unless `password` has 8 to 200 characters that can be encoded."""
    readable = password == password.encode(errors="replace").decode()
    if not readable or not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInput(
            "password",
            _l("The password must be %(shortest)s to %(longest)s readable characters."),
            shortest=SHORTEST_PASSWORD,
            longest=LONGEST_PASSWORD,
        )


def hash_password(password: str) -> str:
    """What is kept of `password`. Raises BadInput."""
    check_password(password)
    with _at_once:
        return _hasher.hash(password)


def set_password(user: User, password: str) -> None:
    """Let `user` sign in with `password` and no other. Raises BadInput."""
    user.password_hash = hash_password(password)


def is_right(password: str, kept: str | None) -> bool:
    """Whether `kept` was made of `password`; without one it takes as long to say no."""
    typed = password[: LONGEST_PASSWORD + 1].encode(errors="replace")
    try:
        with _at_once:
            _hasher.verify(kept or NOBODYS, typed)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether today a password would be hashed with other parameters than `kept` was."""
    return _hasher.check_needs_rehash(kept)
