"""Alipay's gateway through python-alipay-sdk, alone in knowing it: signing, asking, believing.

The library's own HTTP has a single time-out, follows redirects, and tells what it got in its
errors; its stamps are of this machine's clock. So that part is done here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests
from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from flask import current_app

from groupbuy.core import clock
from groupbuy.payments.providers.reports import Refused, Unreachable

BEIJING = ZoneInfo("Asia/Shanghai")
TIME_OUTS = (3, 8)  # seconds to connect, and to wait for each part of the answer
# What reading an answer or a notification that is not as it should be may raise.
WHAT_IS_WRONG = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
_UNSURE = {"20000", "40005"}  # out of order; too many questions


def address(call: str, content: Mapping[str, str], *, return_url: str, notify_url: str) -> str:
    """A signed address at which a browser finds a page of Alipay's."""
    client = _client()
    signed = client.client_api(call, dict(content), return_url=return_url, notify_url=notify_url)
    return f"{client.gateway}?{signed}"


def ask(call: str, out_trade_no: str, **content: str) -> dict[str, Any]:
    """Alipay's signed answer about one trade. Raises Refused with its code, or Unreachable."""
    client = _client()
    with readable(call):
        told: dict[str, Any] = client.server_api(call, {"out_trade_no": out_trade_no, **content})
        code, why = str(told["code"]), _code(told.get("sub_code") or told["code"])
        if told.get("out_trade_no", out_trade_no) != out_trade_no:
            raise ValueError("another trade")
    if code == "10000":
        return told
    if code in _UNSURE or why.endswith("SYSTEM_ERROR"):
        raise Unreachable(f"{call}: {why}")
    raise Refused(why)


@contextmanager
def readable(call: str) -> Iterator[None]:
    """Whatever is wrong with an answer, nothing is known; what the libraries say is kept back."""
    try:
        yield
    except requests.RequestException:
        raise Unreachable(f"{call}: no answer") from None
    except AliPayValidationError:
        raise Unreachable(f"{call}: the answer is not signed by Alipay") from None
    except AliPayException as unsigned:
        found = re.search(r'"sub_code"\s*:\s*"([^"]*)"', str(unsigned))
        why = _code(found[1]) if found else "nothing else"
        raise Unreachable(f"{call}: the answer is not signed, and says {why}") from None
    except WHAT_IS_WRONG:
        raise Unreachable(f"{call}: the answer cannot be read") from None


def is_signed(fields: Mapping[str, str]) -> bool:
    """Whether the fields of a notification, `sign` among them, carry Alipay's signature."""
    client = _client()
    signed = {name: value for name, value in fields.items() if name != "sign"}
    try:
        return bool(client.verify(signed, fields["sign"]))
    except (AliPayException, *WHAT_IS_WRONG):
        return False


def beijing(instant: datetime) -> str:
    """`instant` as Alipay writes times."""
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def instant(text: str) -> datetime:
    """The instant of a time that Alipay wrote. Raises one of WHAT_IS_WRONG."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


class _Client(AliPay):
    """The library at our address, with time-outs, and on Beijing's clock wherever we run."""

    gateway: str

    def build_body(self, method: str, biz_content: Any = None, **more: Any) -> dict[str, Any]:
        built: dict[str, Any] = super().build_body(
            method, biz_content, timestamp=beijing(clock.now()), **more
        )
        return built

    def verified_sync_response(self, data: dict[str, Any], response_type: str) -> dict[str, Any]:
        url = f"{self.gateway}?{self.sign_data(data)}"
        answer = requests.get(url, timeout=TIME_OUTS, allow_redirects=False)
        if answer.status_code != 200:
            raise Unreachable(f"Alipay: HTTP {answer.status_code}")
        told: dict[str, Any] = self._verify_and_return_sync_response(
            answer.content.decode(), response_type
        )
        return told


def _client() -> _Client:
    names = ("ALIPAY_URL", "ALIPAY_APP_ID", "ALIPAY_KEY", "ALIPAY_PUBLIC_KEY")
    return _made(*(current_app.config[name] for name in names))


@functools.lru_cache(maxsize=4)
def _made(url: str, app_id: str, key: str, public_key: str) -> _Client:
    """Reading the private key takes 40 ms, and anybody may send us what must be checked."""
    client = _Client(app_id, app_private_key_string=key, alipay_public_key_string=public_key)
    client.gateway = url
    return client


def _code(text: object) -> str:
    """A code of theirs and nothing else that may stand in an answer."""
    return re.sub(r"[^A-Za-z0-9._-]", "", str(text))[:60]
