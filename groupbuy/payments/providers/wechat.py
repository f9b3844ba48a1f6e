"""WeChat Pay: inside WeChat (jsapi), by QR code on another screen (native), in a browser (h5).

Fields, states and codes: pay.weixin.qq.com/doc/v3/merchant/4013070356 (query, close),
pay.weixin.qq.com/doc/v3/merchant/4012587971 (refunds).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from flask import current_app

from groupbuy.core import clock
from groupbuy.core.text import label
from groupbuy.payments.providers import wechat_bill
from groupbuy.payments.providers import wechat_gateway as gateway
from groupbuy.payments.providers.reports import (
    Attempt,
    Begun,
    BillRow,
    Forged,
    Paid,
    Refunded,
    RefundOrder,
    Refused,
    Unreachable,
)

T = TypeVar("T", Paid, Refunded)
State = TypeVar("State", bound=str)

ONLINE = True
METHODS = ("jsapi", "native", "h5")
ACCEPTED = ('{"code":"SUCCESS"}', "application/json")  # the answer to a notification once committed
# REFUND: it was paid, and some of it went back since. REVOKED, USERPAYING and PAYERROR are of
# payments by a code that the shop scans.
_TRADE: dict[str, Literal["paid", "unpaid", "closed"]] = {
    "SUCCESS": "paid",
    "REFUND": "paid",
    "NOTPAY": "unpaid",
    "USERPAYING": "unpaid",
    "PAYERROR": "unpaid",
    "CLOSED": "closed",
    "REVOKED": "closed",
}
_REFUND: dict[str, Literal["succeeded", "processing", "failed"]] = {
    "SUCCESS": "succeeded",
    "PROCESSING": "processing",
    "ABNORMAL": "failed",
    "CLOSED": "failed",
}
_NO_TRADE = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}
_CLOSED = {"ORDER_CLOSED", "ORDERCLOSED"}
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
_CURRENCY = re.compile("[A-Z]{3}")
_MOST_FEN = 10**12


def is_on() -> bool:
    """Whether this installation has a merchant account with WeChat Pay."""
    return gateway.is_set_up()


def begin(attempt: Attempt) -> Begun:
    """Tell WeChat Pay; the same attempt again gives the same or another way to the same payment.

    jsapi: `params` are for `WeixinJSBridge.invoke("getBrandWCPayRequest", params, …)`.
    """
    more: dict[str, Any] = {}
    if attempt.method == "jsapi":
        if not attempt.openid:
            raise Refused("OPENID_MISSING")
        more["payer"] = {"openid": attempt.openid}
    elif attempt.method == "h5":
        more["scene_info"] = {"payer_client_ip": attempt.client_ip, "h5_info": {"type": "Wap"}}
    answer = gateway.prepay(
        attempt.method,
        description=_short(attempt.title, 127),
        out_trade_no=attempt.out_trade_no,
        amount={"total": attempt.amount_fen, "currency": "CNY"},
        time_expire=attempt.expires_at.astimezone(wechat_bill.SHANGHAI).isoformat(
            timespec="seconds"
        ),
        notify_url=attempt.notify_url,
        **more,
    )
    return _begun(attempt, answer)


def parse(headers: Mapping[str, str], body: bytes) -> Paid | Refunded:
    """A notification: that an attempt is paid, or how a refund ended. Raises Forged."""
    event, resource = gateway.open_notification(headers, body)
    try:
        if event == "TRANSACTION.SUCCESS":
            return _paid_only(_trade(resource))
        if resource.get("mchid") != current_app.config["WECHAT_PAY_MCHID"]:
            raise ValueError("mchid")
        if event != f"REFUND.{resource.get('refund_status')}":
            raise ValueError("event_type")
        return _refunded(resource, "refund_status")
    except ValueError as wrong:
        field = str(wrong)
    raise Forged(f"WeChat Pay notification: not ours or unreadable: {field}")


def query(out_trade_no: str) -> Paid:
    """What WeChat Pay knows of an attempt."""
    try:
        answer = gateway.ask("query", out_trade_no=out_trade_no)
    except Refused as refusal:
        if refusal.code not in _NO_TRADE:
            raise
        return Paid(out_trade_no, "unknown")
    return _trusted(lambda: _trade(answer), out_trade_no)


def close(out_trade_no: str) -> None:
    """Nobody can pay it any more; an attempt that is unknown or closed already is as good."""
    try:
        gateway.ask("close", out_trade_no=out_trade_no)
    except Refused as refusal:
        if refusal.code not in _NO_TRADE | _CLOSED:
            raise


def refund(order: RefundOrder) -> Refunded:
    """Ask for money to go back; what is accepted comes back as `processing`."""
    answer = gateway.ask(
        "refund",
        out_refund_no=order.out_refund_no,
        out_trade_no=order.out_trade_no,
        amount={"refund": order.refund_fen, "total": order.total_fen, "currency": "CNY"},
        reason=_short(order.why, 80),
        notify_url=order.notify_url,
    )
    return _trusted(lambda: _refunded(answer, "status"), order.out_refund_no)


def query_refund(order: RefundOrder) -> Refunded:
    """What WeChat Pay knows of a refund."""
    try:
        answer = gateway.ask("query_refund", out_refund_no=order.out_refund_no)
    except Refused as refusal:
        if refusal.code not in _NO_TRADE:
            raise
        return Refunded(order.out_refund_no, "unknown")
    return _trusted(lambda: _refunded(answer, "status"), order.out_refund_no)


def read_bill(content: bytes) -> list[BillRow]:
    """What a trade bill (交易账单, ALL) says. Raises ValueError: unreadable, cut, or not ours."""
    return wechat_bill.read(content, current_app.config["WECHAT_PAY_MCHID"])


def _begun(attempt: Attempt, answer: dict[str, Any]) -> Begun:
    name = {"jsapi": "prepay_id", "native": "code_url", "h5": "h5_url"}[attempt.method]
    given = answer.get(name)
    if not isinstance(given, str) or not given:
        raise Unreachable(f"WeChat Pay: no {name}")
    if attempt.method == "native":
        return Begun("qr", url=given)
    if attempt.method == "h5":
        back = quote(attempt.return_url, safe="")
        return Begun("redirect", url=f"{given}&redirect_url={back}")
    app_id, package = current_app.config["WECHAT_APP_ID"], f"prepay_id={given}"
    timestamp, nonce = str(int(clock.now().timestamp())), secrets.token_hex(16)
    params = {
        "appId": app_id,
        "timeStamp": timestamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": gateway.signature(app_id, timestamp, nonce, package),
    }
    return Begun("jsapi", params=params)


def _trusted(read: Callable[[], T], number: str) -> T:
    """What `read` finds in an answer, if it is about `number` and can be read at all."""
    try:
        told = read()
        if told[0] != number:
            raise ValueError("number")
        return told
    except ValueError as wrong:
        field = str(wrong)
    raise Unreachable(f"WeChat Pay: cannot read the answer: {field}")


def _paid_only(told: Paid) -> Paid:
    if told.state != "paid":
        raise ValueError("trade_state")
    return told


def _trade(body: dict[str, Any]) -> Paid:
    """A trade as WeChat Pay tells it. Raises ValueError naming the field that is wrong."""
    for name, setting in (("appid", "WECHAT_APP_ID"), ("mchid", "WECHAT_PAY_MCHID")):
        if body.get(name) != current_app.config[setting]:
            raise ValueError(name)
    number, state = _number(body, "out_trade_no"), _one_of(_TRADE, body, "trade_state")
    if state != "paid":
        return Paid(number, state)
    currency = _object(body, "amount").get("currency", "CNY")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise ValueError("currency")
    return Paid(
        number,
        state,
        transaction_no=_number(body, "transaction_id"),
        amount_fen=_fen(body, "total"),
        currency=currency,
        paid_at=_instant(body, "success_time"),
    )


def _refunded(body: dict[str, Any], status: str) -> Refunded:
    """A refund as WeChat Pay tells it. Raises ValueError naming the field that is wrong."""
    state = _one_of(_REFUND, body, status)
    return Refunded(
        _number(body, "out_refund_no"),
        state,
        refund_fen=_fen(body, "refund"),
        refund_no=_number(body, "refund_id"),
        error=str(body[status]) if state == "failed" else "",
    )


def _one_of(known: Mapping[str, State], body: dict[str, Any], name: str) -> State:
    told = body.get(name)
    if not isinstance(told, str) or told not in known:
        raise ValueError(name)
    return known[told]


def _number(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError(name)
    return value


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise ValueError(name)
    return value


def _fen(body: dict[str, Any], name: str) -> int:
    value = _object(body, "amount").get(name)
    if type(value) is not int or not 0 < value < _MOST_FEN:
        raise ValueError(name)
    return value


def _instant(body: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(body.get(name, ""))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(name)


def _short(text: str, most: int) -> str:
    """One line of at most `most` bytes; without the mark that begins each field of a bill."""
    line = label(text.replace("`", "'"))
    return line.encode()[:most].decode(errors="ignore")
