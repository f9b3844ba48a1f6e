"""The keys of both sides of WeChat Pay, and what is signed, checked and encrypted with them."""

from __future__ import annotations

import base64
import functools
import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TYPE = "WECHATPAY2-SHA256-RSA2048"
_AUTHORIZATION = re.compile(
    TYPE + r' mchid="(?P<mchid>\w+)",nonce_str="(?P<nonce>\w+)",signature="(?P<signature>[^"]+)",'
    r'timestamp="(?P<timestamp>\d+)",serial_no="(?P<serial>\w+)"'
)


@functools.cache
def key_of(whom: str) -> rsa.RSAPrivateKey:
    """The key of the merchant, of WeChat Pay, or of a stranger; made once a run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(whom: str) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return key_of(whom).private_bytes(*form, serialization.NoEncryption()).decode()


def public_pem(whom: str) -> str:
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key_of(whom).public_key().public_bytes(*form).decode()


def sign(whom: str, message: bytes) -> str:
    made = key_of(whom).sign(message, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(made).decode()


def is_signed(whom: str, message: bytes, signature: str) -> bool:
    public = key_of(whom).public_key()
    try:
        public.verify(base64.b64decode(signature), message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def signed(body: bytes, serial: str, *, by: str = "wechat", at: str = "") -> dict[str, str]:
    """The headers with which WeChat Pay sends `body`."""
    timestamp, nonce = at or str(int(time.time())), secrets.token_hex(16)
    return {
        "Wechatpay-Serial": serial,
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": sign(by, f"{timestamp}\n{nonce}\n".encode() + body + b"\n"),
        "Wechatpay-Signature-Type": TYPE,
    }


def who_asks(method: str, path: str, body: bytes, authorization: str) -> Mapping[str, str] | None:
    """What a request says of who sent it (mchid, serial, nonce); None when it is not signed so."""
    found = _AUTHORIZATION.fullmatch(authorization)
    if not found or abs(int(found["timestamp"]) - time.time()) > 300:
        return None
    message = f"{method}\n{path}\n{found['timestamp']}\n{found['nonce']}\n".encode() + body + b"\n"
    return found.groupdict() if is_signed("merchant", message, found["signature"]) else None


def sealed(event: str, resource: Any, v3_key: str, *, number: int = 1, nonce: str = "") -> bytes:
    """The body of a notification, as WeChat Pay encrypts what it is about."""
    kind = "refund" if event.startswith("REFUND") else "transaction"
    nonce = nonce or secrets.token_hex(6)
    text = json.dumps(resource).encode()
    hidden = AESGCM(v3_key.encode()).encrypt(nonce.encode(), text, kind.encode())
    envelope = {
        "id": f"EV-{number:012}",
        "create_time": "2035-05-12T12:00:00+08:00",
        "resource_type": "encrypt-resource",
        "event_type": event,
        "summary": "支付成功",
        "resource": {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(hidden).decode(),
            "associated_data": kind,
            "nonce": nonce,
        },
    }
    return json.dumps(envelope, ensure_ascii=False).encode()
