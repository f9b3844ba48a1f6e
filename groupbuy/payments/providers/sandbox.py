"""The sandbox plays a provider where no real money may move: its pages, books and signatures.

A provider stands outside our transaction law: it is called outside our transactions, and keeps
its own books in transactions of its own, as the real ones do on their machines. Notifications are
signed with a key made from SECRET_KEY and checked as if they came from afar.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import current_app

from groupbuy.core import clock
from groupbuy.core.db import insert_once, rowcount, transaction
from groupbuy.core.text import label
from groupbuy.core.tokens import public_id
from groupbuy.extensions import db
from groupbuy.payments.providers.models import SandboxRefund, SandboxTrade
from groupbuy.payments.providers.reports import (
    Attempt,
    Begun,
    Forged,
    Paid,
    Refunded,
    RefundOrder,
    Refused,
)
from groupbuy.payments.providers.sandbox_bill import bill as bill
from groupbuy.payments.providers.sandbox_bill import read_bill as read_bill

ONLINE = True
METHODS = ("page",)
ACCEPTED = ("ok", "text/plain")  # the answer to a notification once it is committed
LONGEST = 16 * 1024
TOLERANCE = timedelta(minutes=5)
_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST_FEN = 10**12


def is_on() -> bool:
    """Whether this is a development or demonstration site; config.py refuses any other."""
    return bool(current_app.config["SANDBOX_PAY"])


def begin(attempt: Attempt) -> Begun:
    """Note the attempt; the same again leads to the same page. Raises Refused for another sum."""
    if attempt.method not in METHODS:
        raise Refused("METHOD_UNKNOWN")
    row = {
        "out_trade_no": attempt.out_trade_no,
        "amount_fen": attempt.amount_fen,
        "title": label(attempt.title, 200),
        "return_url": attempt.return_url[:500],
        "state": "unpaid",
        "created_at": clock.now(),
    }
    with transaction():
        db.session.execute(insert_once(SandboxTrade).values(row))
        trade = find(attempt.out_trade_no)
        if trade is None or trade.amount_fen != attempt.amount_fen:
            raise Refused("NUMBER_TAKEN")
    return Begun("redirect", url=f"/sandbox/pay/{attempt.out_trade_no}")


def parse(headers: Mapping[str, str], body: bytes) -> Paid:
    """What a notification says, which is always that something is paid. Raises Forged."""
    if not is_on():
        raise Forged("sandbox: not set up")
    if len(body) > LONGEST:
        raise Forged("sandbox: too long")
    seconds = headers.get("Sandbox-Timestamp", "")
    if not _SECONDS.fullmatch(seconds):
        raise Forged("sandbox: no timestamp")
    if abs(clock.now().timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        raise Forged("sandbox: not of now")
    try:
        signature = base64.b64decode(headers.get("Sandbox-Signature", ""), validate=True)
        _key().public_key().verify(signature, _signed_text(seconds, body))
    except (binascii.Error, ValueError, InvalidSignature):
        raise Forged("sandbox: wrong signature") from None
    try:
        return _paid(json.loads(body))
    except (ValueError, TypeError, KeyError, OverflowError):
        raise Forged("sandbox: unreadable") from None


def query(out_trade_no: str) -> Paid:
    """What the books say of an attempt."""
    try:
        trade = find(out_trade_no)
        return _told(trade) if trade else Paid(out_trade_no, "unknown")
    finally:
        db.session.rollback()


def close(out_trade_no: str) -> None:
    """Nobody is meant to pay it any more. Raises Refused when it is paid."""
    with transaction():
        open_one = SandboxTrade.state.in_(("unpaid", "failed"))
        _step(out_trade_no, open_one, state="closed")
        trade = find(out_trade_no)
        if trade and trade.state == "paid":
            raise Refused("TRADE_PAID")


def refund(order: RefundOrder) -> Refunded:
    """Give money back at once; the same number again is the same refund. Raises Refused."""
    with transaction():
        trade = find(order.out_trade_no, lock=True)
        if trade is None or trade.state != "paid":
            raise Refused("TRADE_NOT_PAID")
        known = _refund(order.out_refund_no)
        if known is None:
            known = _give_back(trade, order)
        elif (known.trade_id, known.amount_fen) != (trade.id, order.refund_fen):
            raise Refused("NUMBER_TAKEN")
        return _back(known)


def query_refund(order: RefundOrder) -> Refunded:
    """What the books say of a refund."""
    try:
        known = _refund(order.out_refund_no)
        return _back(known) if known else Refunded(order.out_refund_no, "unknown")
    finally:
        db.session.rollback()


def find(out_trade_no: str, *, lock: bool = False) -> SandboxTrade | None:
    """The trade with this number, as it is now."""
    wanted = sa.select(SandboxTrade).where(SandboxTrade.out_trade_no == out_trade_no)
    wanted = wanted.execution_options(populate_existing=True)
    return db.session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()


def pay(out_trade_no: str) -> Paid:
    """Somebody pays, even what was closed or has failed; what is paid stays as it is."""
    with transaction():
        facts = {"transaction_no": f"SB{public_id(20)}", "paid_at": clock.now()}
        _step(out_trade_no, SandboxTrade.state != "paid", state="paid", **facts)
        trade = find(out_trade_no)
        assert trade is not None
        return _told(trade)


def fail(out_trade_no: str) -> None:
    """Somebody tries to pay, and the bank says no."""
    with transaction():
        _step(out_trade_no, SandboxTrade.state == "unpaid", state="failed")


def notification(told: Paid) -> tuple[dict[str, str], bytes]:
    """Headers and body of the notification that tells of a payment."""
    assert told.paid_at is not None
    content = {
        "out_trade_no": told.out_trade_no,
        "transaction_no": told.transaction_no,
        "state": "PAID",
        "amount": {"total": told.amount_fen, "currency": told.currency},
        "paid_at": told.paid_at.astimezone(UTC).isoformat(),
    }
    body = json.dumps(content, sort_keys=True).encode()
    seconds = str(int(clock.now().timestamp()))
    signature = base64.b64encode(_key().sign(_signed_text(seconds, body))).decode()
    headers = {
        "Content-Type": "application/json",
        "Sandbox-Timestamp": seconds,
        "Sandbox-Signature": signature,
    }
    return headers, body


def _step(out_trade_no: str, condition: Any, **values: Any) -> int:
    step = sa.update(SandboxTrade).where(SandboxTrade.out_trade_no == out_trade_no, condition)
    return rowcount(step.values(values))


def _refund(out_refund_no: str) -> SandboxRefund | None:
    wanted = sa.select(SandboxRefund).where(SandboxRefund.out_refund_no == out_refund_no)
    return db.session.scalars(wanted).one_or_none()


def _give_back(trade: SandboxTrade, order: RefundOrder) -> SandboxRefund:
    amounts = sa.select(SandboxRefund.amount_fen).where(SandboxRefund.trade_id == trade.id)
    gone = sum(db.session.scalars(amounts))
    if order.refund_fen <= 0 or gone + order.refund_fen > trade.amount_fen:
        raise Refused("MORE_THAN_PAID")
    row = SandboxRefund(
        trade_id=trade.id,
        out_refund_no=order.out_refund_no,
        refund_no=f"SR{public_id(20)}",
        amount_fen=order.refund_fen,
        done_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return row


def _told(trade: SandboxTrade) -> Paid:
    if trade.state != "paid":
        return Paid(trade.out_trade_no, "closed" if trade.state == "closed" else "unpaid")
    return Paid(
        trade.out_trade_no,
        "paid",
        trade.transaction_no or "",
        trade.amount_fen,
        paid_at=trade.paid_at,
    )


def _back(known: SandboxRefund) -> Refunded:
    return Refunded(known.out_refund_no, "succeeded", known.amount_fen, known.refund_no)


def _key() -> Ed25519PrivateKey:
    secret = current_app.config["SECRET_KEY"].encode()
    seed = hashlib.blake2b(b"sandbox payments", key=hashlib.sha512(secret).digest(), digest_size=32)
    return Ed25519PrivateKey.from_private_bytes(seed.digest())


def _signed_text(seconds: str, body: bytes) -> bytes:
    return b"sandbox\n" + seconds.encode() + b"\n" + body


def _paid(content: Any) -> Paid:
    """Raises ValueError, TypeError, KeyError or OverflowError for what cannot be a payment."""
    amount, at = content["amount"], datetime.fromisoformat(content["paid_at"])
    numbers = (content["out_trade_no"], content["transaction_no"])
    if content["state"] != "PAID" or at.tzinfo is None:
        raise ValueError("state")
    if not all(_NUMBER.fullmatch(number) for number in numbers):
        raise ValueError("number")
    if type(amount["total"]) is not int or not 0 < amount["total"] < _MOST_FEN:
        raise ValueError("amount")
    if not _CURRENCY.fullmatch(amount["currency"]):
        raise ValueError("currency")
    return Paid(
        numbers[0], "paid", numbers[1], amount["total"], amount["currency"], at.astimezone(UTC)
    )
