"""Alipay, in a phone's browser (wap) and on a computer (page).

Its pages do not open inside WeChat. A trade exists there only once somebody has signed in to pay
it, so begin asks nobody, and query answers "unknown" until then. Facts come from
docs.open.alipay.com: 270/105902 (notifications) and api_1 (the calls).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl

from flask import current_app

from groupbuy.core import clock
from groupbuy.core.money import parse_yuan
from groupbuy.payments.providers import alipay_gateway as gateway
from groupbuy.payments.providers.alipay_bill import read_bill as read_bill
from groupbuy.payments.providers.reports import (
    Attempt,
    Begun,
    Forged,
    Paid,
    Refunded,
    RefundOrder,
    Refused,
)

ONLINE = True
METHODS = ("wap", "page")
ACCEPTED = ("success", "text/plain")  # what Alipay wants to hear once a notification is committed
# The last of its tries comes 24 h 22 min after the first, and may tell the time of the first.
OLDEST, AHEAD = timedelta(hours=25), timedelta(minutes=5)
LONGEST = 64 * 1024
_SETTINGS = ("ALIPAY_APP_ID", "ALIPAY_SELLER_ID", "ALIPAY_KEY", "ALIPAY_PUBLIC_KEY")
_PAY = {
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
}
_STATES: dict[str, Literal["paid", "unpaid", "closed"]] = {
    "WAIT_BUYER_PAY": "unpaid",
    "TRADE_SUCCESS": "paid",
    "TRADE_FINISHED": "paid",  # and can no longer be given back
    "TRADE_CLOSED": "closed",  # never paid in time, or given back in full
}
_NOT_THERE = "ACQ.TRADE_NOT_EXIST"
_NAME = re.compile(r"[A-Za-z0-9_]+")
# Alipay wants no / = & in a title. Of braces the library would lose count in an answer.
_NOT_IN_TITLES = re.compile(r'[/=&{}<>"\\\x00-\x1f\x7f\U00010000-\U0010ffff]+')


def is_on() -> bool:
    """Whether keys and numbers of Alipay are set; config.py refuses some without the others."""
    return all(current_app.config[name] for name in _SETTINGS)


def begin(attempt: Attempt) -> Begun:
    """Where to pay: a signed address of Alipay's, which nobody can use after `expires_at`."""
    call, product = _PAY[attempt.method]
    content = {
        "out_trade_no": attempt.out_trade_no,
        "total_amount": _yuan(attempt.amount_fen),
        "subject": _plain(attempt.title) or attempt.out_trade_no,
        "product_code": product,
        "time_expire": gateway.beijing(attempt.expires_at),
    }
    if attempt.method == "wap":
        content["quit_url"] = attempt.return_url
    url = gateway.address(
        call, content, return_url=attempt.return_url, notify_url=attempt.notify_url
    )
    return Begun("redirect", url=url)


def parse(_headers: Mapping[str, str], body: bytes) -> Paid | Refunded:
    """What a notification says; only its body is signed. Raises Forged, and asks nobody.

    Of a refund it tells the sum of all so far, not of this one: it is "processing" until asked.
    """
    if not is_on():
        raise Forged("Alipay is not set up")
    fields = _fields(body)
    _check_addressee(fields)
    if not gateway.is_signed(fields):
        raise Forged("the signature is not Alipay's")
    try:
        if fields.get("gmt_refund") or parse_yuan(fields.get("refund_fee") or "0"):
            return _given_back(fields)
        return _paid(fields, fields.get("gmt_payment"))
    except gateway.WHAT_IS_WRONG:
        raise Forged("the notification lacks a fact, or it cannot be read") from None


def query(out_trade_no: str) -> Paid:
    """What became of an attempt; "unknown" while nobody has signed in to pay it."""
    try:
        told = gateway.ask("alipay.trade.query", out_trade_no)
    except Refused as refusal:
        if refusal.code == _NOT_THERE:
            return Paid(out_trade_no, "unknown")
        raise
    with gateway.readable("query"):
        return _paid(told, told.get("send_pay_date"))


def close(out_trade_no: str) -> None:
    """Nobody can pay it any more. Raises Refused when it is paid, closed, or was never opened."""
    gateway.ask("alipay.trade.close", out_trade_no)


def refund(order: RefundOrder) -> Refunded:
    """Give money back; told again by the same number, Alipay moves nothing and says so."""
    told = gateway.ask(
        "alipay.trade.refund",
        order.out_trade_no,
        out_request_no=order.out_refund_no,
        refund_amount=_yuan(order.refund_fen),
        refund_reason=_plain(order.why),
    )
    if told.get("fund_change") == "Y":
        return Refunded(order.out_refund_no, "succeeded", order.refund_fen)
    try:
        known = query_refund(order)
    except Refused:  # a question refused is no refund refused
        known = Refunded(order.out_refund_no, "unknown")
    return known if known.state == "succeeded" else known._replace(state="processing")


def query_refund(order: RefundOrder) -> Refunded:
    """What became of a refund; "unknown" when it was not received, or failed."""
    number = order.out_refund_no
    try:
        told = gateway.ask(
            "alipay.trade.fastpay.refund.query", order.out_trade_no, out_request_no=number
        )
    except Refused as refusal:
        if refusal.code == _NOT_THERE:
            return Refunded(number, "unknown")
        raise
    if told.get("refund_status") != "REFUND_SUCCESS":
        return Refunded(number, "unknown")
    with gateway.readable("refund query"):
        if told["out_request_no"] != number:
            raise ValueError("another refund")
        return Refunded(number, "succeeded", parse_yuan(told["refund_amount"]))


def _fields(body: bytes) -> dict[str, str]:
    """The fields of a notification, which has each once.

    The signed text is name=value joined by &: with an & inside a value, other names and values
    could be read from the same text.
    """
    if len(body) > LONGEST:
        raise Forged("the notification is too long")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=100,
        )
    except ValueError:
        raise Forged("the notification is no form in UTF-8") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Forged("the notification says something twice")
    if not all(_NAME.fullmatch(name) and "&" not in value for name, value in pairs):
        raise Forged("the notification can be read in two ways")
    return fields


def _check_addressee(fields: Mapping[str, str]) -> None:
    """For us, of now, and signed in the one way we accept."""
    wanted = {
        "sign_type": "RSA2",
        "notify_type": "trade_status_sync",
        "app_id": current_app.config["ALIPAY_APP_ID"],
        "seller_id": current_app.config["ALIPAY_SELLER_ID"],
    }
    for name, value in wanted.items():
        if fields.get(name) != value:
            raise Forged(f"{name} is not ours")
    if fields.get("charset", "").lower() != "utf-8":
        raise Forged("charset is not ours")
    try:
        age = clock.now() - gateway.instant(fields["notify_time"])
    except gateway.WHAT_IS_WRONG:
        raise Forged("notify_time is no time") from None
    if not -AHEAD <= age <= OLDEST:
        raise Forged("notify_time is not of now")


def _given_back(fields: Mapping[str, str]) -> Paid | Refunded:
    """A refund without a number of its own has the number of the trade."""
    if fields["trade_status"] == "TRADE_FINISHED":  # old news, told when its year is over
        return Paid(fields["out_trade_no"], "closed")
    return Refunded(fields.get("out_biz_no") or fields["out_trade_no"], "processing")


def _paid(told: Mapping[str, Any], paid_at: str | None) -> Paid:
    return Paid(
        told["out_trade_no"],
        _STATES[told["trade_status"]],
        told["trade_no"],
        parse_yuan(told["total_amount"]),
        told.get("trans_currency") or "CNY",
        gateway.instant(paid_at) if paid_at else None,
    )


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"


def _plain(text: str) -> str:
    return _NOT_IN_TITLES.sub(" ", text).strip()[:128]
