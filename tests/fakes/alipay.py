"""Alipay's gateway on loopback: it checks our signature, signs what it says, and can misbehave."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

import requests

from tests.fakes import alipay_words as words
from tests.fakes.alipay_server import Answer, handler, no
from tests.fakes.alipay_words import beijing, yuan

PATH = "/gateway.do"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
_PAGES = {
    "alipay.trade.wap.pay": "QUICK_WAP_WAY",
    "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
}


class Notification(NamedTuple):
    """One that waits to be sent; `parse(headers, body)` takes it as it is."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Trade:
    """What Alipay knows of one payment; refunds by their number, in fen."""

    out_trade_no: str
    trade_no: str
    fen: int
    subject: str
    notify_url: str
    state: str = "WAIT_BUYER_PAY"
    paid_at: datetime | None = None
    refunds: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)  # refunds accepted, not done

    @property
    def refunded_fen(self) -> int:
        return sum(self.refunds.values())


class FakeAlipay:
    """A running fake: `with FakeAlipay() as fake: settings = fake.settings`.

    The knobs `errors`, `unsigned`, `status`, `garbage`, `delay`, `lost` and `forged` go by call
    ("alipay.trade.query"; "" for every call). Those of notifications are `say` (signed), `spoil`
    (after signing), `copies`, `backwards`, `dropped` and `late` (seconds).
    """

    def __init__(self, app_id: str = "2021000000000001", seller_id: str = "2088000000000001"):
        self.app_id, self.seller_id = app_id, seller_id
        self.asked: list[str] = []  # calls that were well signed, in order
        self.requests = 0  # all, whatever they were
        self.trades: dict[str, Trade] = {}
        self.errors: dict[str, str] = {}  # call -> "40004 ACQ.SYSTEM_ERROR", signed
        self.unsigned: dict[str, str] = {}  # the same, but not signed
        self.status: dict[str, int] = {}
        self.garbage: dict[str, bytes] = {}
        self.delay: dict[str, float] = {}
        self.lost: set[str] = set()  # done, but the answer never leaves
        self.forged: set[str] = set()  # signed with somebody else's key
        self.slow_refunds = False  # accepted, and done by `finish_refunds`
        self.say: dict[str, str] = {}
        self.spoil: dict[str, str] = {}
        self.copies, self.backwards, self.dropped, self.late = 1, False, False, 0.0
        self.waiting: list[Notification] = []
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self._server.daemon_threads = True
        self.stop = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    @property
    def settings(self) -> dict[str, Any]:
        """What an application must be configured with to talk to this fake."""
        return {
            "ALIPAY_APP_ID": self.app_id,
            "ALIPAY_SELLER_ID": self.seller_id,
            "ALIPAY_KEY": words.private_pem("app"),
            "ALIPAY_PUBLIC_KEY": words.public_pem("alipay"),
            "ALIPAY_URL": self.url,
        }

    # What people do.

    def visit(self, url: str) -> str:
        """Open a payment page as a browser does, and sign in: now the trade exists."""
        answer = requests.get(url, timeout=5)
        answer.raise_for_status()
        return answer.text

    def pay(self, out_trade_no: str, at: datetime | None = None) -> Notification:
        """Pay a trade, once or again; the notification waits to be sent, and is returned."""
        with self._lock:
            trade = self.trades[out_trade_no]
            if trade.state == "WAIT_BUYER_PAY":
                trade.state, trade.paid_at = "TRADE_SUCCESS", at or datetime.now(UTC)
            return self.note(out_trade_no)

    def finish_refunds(self) -> None:
        """What was accepted is done now."""
        with self._lock:
            for trade in self.trades.values():
                for number, fen in trade.waiting.items():
                    self._give_back(trade, number, fen)
                trade.waiting.clear()

    def bill(self) -> bytes:
        """The bill of all that was paid and given back."""
        now = datetime.now(UTC)
        paid = [trade for trade in self.trades.values() if trade.paid_at]
        return words.bill(
            [words.bill_row("交易", trade, trade.fen, trade.paid_at or now) for trade in paid]
            + [
                words.bill_row("退款", trade, fen, now, number)
                for trade in paid
                for number, fen in trade.refunds.items()
            ]
        )

    # Notifications.

    def note(self, out_trade_no: str, **facts: str) -> Notification:
        """A notification of how a trade is now; it waits to be sent."""
        trade = self.trades[out_trade_no]
        said = self._facts(trade) | facts | self.say
        signed = {name: value for name, value in said.items() if name not in ("sign", "sign_type")}
        said = said | {"sign": words.sign(words.text_to_sign(signed), "alipay")} | self.spoil
        made = Notification(trade.notify_url, dict(FORM), urlencode(said).encode())
        self.waiting.append(made)
        return made

    def deliver(self) -> list[str]:
        """Send what waits, as the knobs say; the answers."""
        sent = self.waiting[::-1] if self.backwards else self.waiting[:]
        self.waiting = []
        time.sleep(self.late)
        return [
            requests.post(url, headers=headers, data=body, timeout=10).text
            for url, headers, body in ([] if self.dropped else sent)
            for _copy in range(self.copies)
        ]

    def _facts(self, trade: Trade) -> dict[str, str]:
        said = {
            "notify_time": beijing(datetime.now(UTC)),
            "notify_type": "trade_status_sync",
            "notify_id": f"2026{len(self.waiting):030}",
            "app_id": self.app_id,
            "auth_app_id": self.app_id,
            "charset": "utf-8",
            "version": "1.0",
            "sign_type": "RSA2",
            "trade_no": trade.trade_no,
            "out_trade_no": trade.out_trade_no,
            "buyer_id": "2088000000000099",
            "buyer_logon_id": "lin***@example.com",
            "seller_id": self.seller_id,
            "trade_status": trade.state,
            "total_amount": yuan(trade.fen),
            "receipt_amount": yuan(trade.fen),
            "subject": trade.subject,
            "fund_bill_list": json.dumps([{"amount": yuan(trade.fen), "fundChannel": "PCREDIT"}]),
            "refund_fee": yuan(trade.refunded_fen),
        }
        return said | ({"gmt_payment": beijing(trade.paid_at)} if trade.paid_at else {})

    # The gateway.

    def answer(self, call: str, common: Answer, content: Answer) -> str | Answer:
        """What Alipay says to a well-signed question: a page, or facts."""
        with self._lock:
            self.asked.append(call)
            if call in self.errors or "" in self.errors:
                return no(self.errors.get(call) or self.errors[""])
            if call in _PAGES:
                return self._open(call, common, content)
            trade = self.trades.get(content["out_trade_no"])
            if trade is None:
                return no("40004 ACQ.TRADE_NOT_EXIST")
            known = {"out_trade_no": trade.out_trade_no, "trade_no": trade.trade_no}
            act = {
                "alipay.trade.query": self._query,
                "alipay.trade.close": self._close,
                "alipay.trade.refund": self._refund,
                "alipay.trade.fastpay.refund.query": self._query_refund,
            }[call]
            told = act(trade, content)
            return (
                told if "sub_code" in told else {"code": "10000", "msg": "Success", **known, **told}
            )

    def _open(self, call: str, common: Answer, content: Answer) -> str:
        if content["product_code"] != _PAGES[call]:
            return "<h1>INVALID_PARAMETER</h1>"
        if content["time_expire"] <= beijing(datetime.now(UTC)):
            return "<h1>TRADE_TIMEOUT</h1>"
        number = content["out_trade_no"]
        if number not in self.trades:
            trade_no = f"20260101220014{len(self.trades):014}"
            fen = words.fen(content["total_amount"])
            opened = Trade(number, trade_no, fen, content["subject"], common["notify_url"])
            self.trades[number] = opened
        return f"<h1>{content['subject']}</h1> <p>{content['total_amount']}"

    def _query(self, trade: Trade, _content: Answer) -> Answer:
        told = {"trade_status": trade.state, "total_amount": yuan(trade.fen)}
        return told | ({"send_pay_date": beijing(trade.paid_at)} if trade.paid_at else {})

    def _close(self, trade: Trade, _content: Answer) -> Answer:
        if trade.state != "WAIT_BUYER_PAY":
            return no("40004 ACQ.TRADE_STATUS_ERROR")
        trade.state = "TRADE_CLOSED"
        return {}

    def _refund(self, trade: Trade, content: Answer) -> Answer:
        number, fen = content["out_request_no"], words.fen(content["refund_amount"])
        known = (trade.refunds | trade.waiting).get(number)
        if known not in (None, fen):
            return no("40004 ACQ.DISCORDANT_REPEAT_REQUEST")
        if known is None:
            if trade.state != "TRADE_SUCCESS":
                return no("40004 ACQ.TRADE_STATUS_ERROR")
            if fen > trade.fen - trade.refunded_fen - sum(trade.waiting.values()):
                return no("40004 ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
            if self.slow_refunds:
                trade.waiting[number] = fen
            else:
                self._give_back(trade, number, fen)
        moved = known is None and not self.slow_refunds
        return {"fund_change": "Y" if moved else "N", "refund_fee": yuan(trade.refunded_fen)}

    def _give_back(self, trade: Trade, number: str, fen: int) -> None:
        trade.refunds[number] = fen
        if trade.refunded_fen == trade.fen:
            trade.state = "TRADE_CLOSED"
        self.note(trade.out_trade_no, **self.of_refund(number))

    @staticmethod
    def of_refund(number: str) -> dict[str, str]:
        """What only a notification of a refund says."""
        return {"gmt_refund": f"{beijing(datetime.now(UTC))}.320", "out_biz_no": number}

    def _query_refund(self, trade: Trade, content: Answer) -> Answer:
        number = content["out_request_no"]
        if number not in trade.refunds:
            return {}
        told = {"out_request_no": number, "refund_status": "REFUND_SUCCESS"}
        return told | {
            "refund_amount": yuan(trade.refunds[number]),
            "total_amount": yuan(trade.fen),
        }
