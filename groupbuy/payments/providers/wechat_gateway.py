"""The wire to WeChat Pay v3; alone in knowing wechatpayv3.

The library is used with WeChat Pay's public key (微信支付公钥), so it never fetches certificates.
What it raises does not leave this file: texts here hold no key, no signature and nothing secret.
Facts: pay.weixin.qq.com/docs/merchant/development/interface-rules/build-verify-sign-src.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeAlias

import requests
from flask import current_app
from wechatpayv3 import WeChatPay, WeChatPayType

from groupbuy.core import clock
from groupbuy.core.text import label
from groupbuy.payments.providers.reports import Forged, Refused, Unreachable

Answer: TypeAlias = dict[str, Any]
NEEDED = (
    "WECHAT_APP_ID",
    "WECHAT_PAY_MCHID",
    "WECHAT_PAY_SERIAL",
    "WECHAT_PAY_KEY",
    "WECHAT_PAY_V3_KEY",
    "WECHAT_PAY_PUBLIC_KEY",
    "WECHAT_PAY_PUBLIC_KEY_ID",
)
FRESH = timedelta(minutes=5)
LARGEST = 64 * 1024  # bytes of a notification; theirs are about 2 kB
_SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
_HEADERS = ("Serial", "Timestamp", "Nonce", "Signature", "Signature-Type")
_CODE = re.compile(r"[A-Z0-9_]{1,60}")
# Not done, and no answer to the question either: wrong keys, too many questions.
_ASK_LATER = (401, 429)


def is_set_up() -> bool:
    """Whether every setting is there."""
    return all(current_app.config[name] for name in NEEDED)


def ask(what: str, **told: Any) -> Answer:
    """What WeChat Pay answers to the call `what` of the library; {} when it has nothing to add.

    Raises Refused with its code when it says no, Unreachable when nothing is known afterwards.
    """
    client = _client()
    try:
        status, text = getattr(client, what)(**told)
    except requests.RequestException as failure:
        trouble = type(failure).__name__
    except Exception as failure:  # what the library raises itself, for a wrong signature too
        trouble = f"unusable answer ({type(failure).__name__})"
    else:
        return _understand(status, text)
    raise Unreachable(f"WeChat Pay: {trouble}")  # out here, or the failure would hang on to it


def prepay(method: str, **told: Any) -> Answer:
    """`ask` for a payment by "jsapi", "native" or "h5"."""
    return ask("pay", pay_type=WeChatPayType[method.upper()], **told)


def open_notification(headers: Mapping[str, str], body: bytes) -> tuple[str, Answer]:
    """The event type and the decrypted resource of a notification. Raises Forged.

    What is not from WeChat Pay's key, or not of now, never reaches the library.
    """
    given = {name.lower(): value for name, value in headers.items()}
    signed = {f"Wechatpay-{name}": given.get(f"wechatpay-{name}".lower(), "") for name in _HEADERS}
    distrust = _distrust(signed, body)
    if not distrust:
        try:
            if event := _client().callback(signed, body):
                return _text(event["event_type"]), _dict(event["resource"])
            distrust = "wrong signature, or encrypted for somebody else"
        except Exception as failure:  # by the library's own word, anything at all
            distrust = f"cannot be verified or read ({type(failure).__name__})"
    raise Forged(f"WeChat Pay notification: {distrust}")


def signature(*lines: str) -> str:
    """Our signature below `lines`, as a page in WeChat must show it."""
    return str(_client().sign(list(lines)))


def _distrust(signed: Mapping[str, str], body: bytes) -> str:
    """Why a notification is not looked at, in words for the log; "" when it may be verified."""
    if len(body) > LARGEST:
        return "too large"
    if signed["Wechatpay-Serial"] != current_app.config["WECHAT_PAY_PUBLIC_KEY_ID"]:
        return "unknown serial"
    if signed["Wechatpay-Signature-Type"] != _SIGNATURE_TYPE:
        return "unknown type of signature"
    timestamp = signed["Wechatpay-Timestamp"]
    if not re.fullmatch("[0-9]{1,12}", timestamp):
        return "no timestamp"
    if abs(int(timestamp) - clock.now().timestamp()) > FRESH.total_seconds():
        return "not of now"
    return ""


def _understand(status: int, text: str | bytes) -> Answer:
    try:
        body = _dict(json.loads(text)) if text else {}
    except (ValueError, TypeError, RecursionError):
        body = None
    if body is not None and status in (200, 204):
        return body
    code = body.get("code") if body else None
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        code = ""
    # 202: it is thinking about it. 4xx without a code: some other machine on the way.
    if not code or status < 400 or status in _ASK_LATER or status >= 500:
        raise Unreachable(f"WeChat Pay: HTTP {status} {code}".strip())
    raise Refused(code, label(str(body.get("message", "")), 100) if body else "")


def _client() -> WeChatPay:
    settings = current_app.config
    longest = settings["WECHAT_TIMEOUT"]
    mine = tuple(settings[name] for name in NEEDED)
    return _made(*mine, settings["WECHAT_PAY_URL"], (min(3, longest), longest))


@functools.lru_cache(maxsize=4)  # reading the keys takes a tenth of a second
def _made(*settings: Any) -> WeChatPay:
    app_id, mchid, serial, key, v3_key, public_key, public_key_id, url, timeout = settings
    client = WeChatPay(
        WeChatPayType.NATIVE,
        mchid,
        key,
        serial,
        app_id,
        v3_key,
        timeout=timeout,
        public_key=public_key,
        public_key_id=public_key_id,
    )
    client._core._gate_way = url
    # With another serial than ours it would go and ask for certificates.
    client._core._update_certificates = lambda: None
    return client


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _dict(value: object) -> Answer:
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value
