"""Random public ids, keyed tokens that can be shown again, and signed links."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

# No 0/O, 1/I/L: people read these over the phone. 31 letters.
SPOKEN = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def public_id(length: int = 10) -> str:
    """A random id for a URL; not guessable, not speaking of how many there are."""
    return "".join(secrets.choice(SPOKEN) for _ in range(length)).lower()


def dated_number(moment: datetime, length: int = 8) -> str:
    """A number people can read out: the local date, then random letters."""
    return f"{moment:%Y%m%d}-{''.join(secrets.choice(SPOKEN) for _ in range(length))}"


def keyed_digest(purpose: str, text: str) -> bytes:
    """HMAC-SHA256 of `text` under a key of its own for `purpose`, derived from `SECRET_KEY`."""
    secret = current_app.config["SECRET_KEY"].encode()
    key = hmac.digest(secret, b"groupbuy:" + purpose.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256")


def keyed_token(purpose: str, text: str) -> str:
    """128 bits as 26 letters and digits: the same for the same `text`, useless to guess.

    Base 32 has no sign that a shell, a chat program or a person could take for something else.
    """
    return base64.b32encode(keyed_digest(purpose, text)[:16]).decode().rstrip("=").lower()


def spoken_code(purpose: str, text: str) -> str:
    """Eight letters of `SPOKEN`, derived like `keyed_token`; ~40 bits, so rate-limit its use."""
    number = int.from_bytes(keyed_digest(purpose + ":spoken", text), "big")
    letters = []
    for _ in range(8):
        number, index = divmod(number, len(SPOKEN))
        letters.append(SPOKEN[index])
    return "".join(letters)


def token_hash(token: str) -> str:
    """What is stored of a token, so a copy of the database opens no bag."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign(purpose: str, payload: object) -> str:
    """A link part that carries `payload` and cannot be altered."""
    return str(_signer(purpose).dumps(payload))


def unsign(purpose: str, token: str) -> object | None:
    """The payload of a link part made by `sign`, or None when it is not ours."""
    try:
        return _signer(purpose).loads(token)
    except BadSignature:
        return None


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        current_app.config["SECRET_KEY"],
        salt=f"groupbuy:{purpose}",
        signer_kwargs={"digest_method": hashlib.sha256},
    )
