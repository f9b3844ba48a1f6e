"""Personal data at rest: AES-GCM text columns and a keyed hash to look them up by.

Keys come from the setting `DATA_KEYS`, "id:base64,id:base64": the first encrypts, all decrypt,
so a key is rotated by putting a new one in front and rewriting the rows.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator


def parse_keys(setting: str) -> dict[str, bytes]:
    """Key id -> 32 bytes, in the order of the setting. Raises ValueError when one is malformed."""
    keys = {}
    for entry in setting.split(","):
        key_id, _, encoded = entry.strip().partition(":")
        key = base64.b64decode(encoded, validate=True)
        if not key_id or len(key) != 32:
            raise ValueError("DATA_KEYS must be id:base64 of 32 bytes, separated by commas")
        keys[key_id] = key
    return keys


def _keys() -> dict[str, bytes]:
    keys: dict[str, bytes] = current_app.extensions["groupbuy_data_keys"]
    return keys


def encrypt(text: str) -> str:
    """`key id:base64(nonce + ciphertext)` under the first key."""
    key_id, key = next(iter(_keys().items()))
    nonce = os.urandom(12)
    sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), key_id.encode())
    return f"{key_id}:{base64.b64encode(sealed).decode()}"


def decrypt(stored: str) -> str:
    """The text again. Raises KeyError when its key is gone, InvalidTag when it was altered."""
    key_id, _, encoded = stored.partition(":")
    sealed = base64.b64decode(encoded)
    return AESGCM(_keys()[key_id]).decrypt(sealed[:12], sealed[12:], key_id.encode()).decode()


def lookup_hash(text: str) -> str:
    """A keyed hash that finds an encrypted value; useless without `LOOKUP_KEY`."""
    key: str = current_app.config["LOOKUP_KEY"]
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()


class EncryptedText(TypeDecorator[str]):
    """Text that is encrypted before it reaches the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else encrypt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else decrypt(value)


class EncryptedJson(TypeDecorator[dict[str, Any]]):
    """A small JSON object that is encrypted before it reaches the database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        return None if value is None else encrypt(json.dumps(value, ensure_ascii=False))

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, Any] | None:
        return None if value is None else json.loads(decrypt(value))
