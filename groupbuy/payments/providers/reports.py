"""What is asked of a provider and what it says, in the same words for all of them.

Money is integer fen; instants are aware.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple


class Attempt(NamedTuple):
    """What a provider is told when an attempt begins; it may be told again by the same number."""

    out_trade_no: str
    amount_fen: int
    title: str
    method: str  # one of the provider's METHODS
    expires_at: datetime
    return_url: str  # where the person comes back to; says nothing about the money
    notify_url: str
    client_ip: str = ""
    openid: str = ""  # who pays, inside WeChat


class Begun(NamedTuple):
    """How to get to pay: go to `url`, scan `url` as a QR code, or hand `params` to WeChat."""

    kind: Literal["redirect", "qr", "jsapi"]
    url: str = ""
    params: dict[str, Any] = {}  # noqa: RUF012  (a NamedTuple's default, never changed)


class Paid(NamedTuple):
    """What a provider knows of an attempt: from a notification, or because it was asked."""

    out_trade_no: str
    state: Literal["paid", "unpaid", "closed", "unknown"]  # unknown: never heard of that number
    transaction_no: str = ""
    amount_fen: int = 0
    currency: str = "CNY"
    paid_at: datetime | None = None


class RefundOrder(NamedTuple):
    """Money to give back of one payment; told again by the same number it is the same refund."""

    out_trade_no: str
    out_refund_no: str
    refund_fen: int
    total_fen: int
    why: str
    notify_url: str = ""


class Refunded(NamedTuple):
    """What a provider knows of a refund. Accepted is `processing`, not done."""

    out_refund_no: str
    state: Literal["succeeded", "processing", "failed", "unknown"]
    refund_fen: int = 0
    refund_no: str = ""
    error: str = ""


class BillRow(NamedTuple):
    """One payment or refund of a provider's bill."""

    kind: Literal["payment", "refund"]
    at: datetime
    out_trade_no: str
    transaction_no: str
    out_refund_no: str
    state: str
    amount_fen: int
    fee_fen: int


class ProviderError(Exception):
    """Something with a provider went wrong; the text holds nothing secret."""


class Unreachable(ProviderError):
    """No answer, or one that cannot be trusted: nothing is known, so ask again later."""


class Refused(ProviderError):
    """The provider understood and said no."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(f"{code} {text}".strip())
        self.code = code


class Forged(ProviderError):
    """A notification that is not the provider's, not for us, or not of now."""
