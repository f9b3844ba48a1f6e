"""WeChat Pay v3 on loopback: it checks our signatures, signs its own, and behaves badly on demand.

The books (trades, refunds, refusals, the bill) are in wechat_pay_books.py, keys and signatures in
wechat_pay_signing.py.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import requests

from tests.fakes import wechat_pay_signing as signing
from tests.fakes.wechat_pay_books import Answer, Books, Refusal, rfc3339

_CALLS = (
    ("pay", "POST", r"/v3/pay/transactions/(?P<of>jsapi|native|h5)"),
    ("close", "POST", r"/v3/pay/transactions/out-trade-no/(?P<of>[^/]+)/close"),
    ("query", "GET", r"/v3/pay/transactions/out-trade-no/(?P<of>[^/]+)"),
    ("refund", "POST", r"/v3/refund/domestic/refunds(?P<of>)"),
    ("query_refund", "GET", r"/v3/refund/domestic/refunds/(?P<of>[^/]+)"),
    ("certificates", "GET", r"/v3/certificates(?P<of>)"),
)


class Notice(NamedTuple):
    """A notification that has not been delivered yet."""

    url: str
    event: str
    resource: Answer


class FakeWeChatPay(Books):
    """A running fake: `with FakeWeChatPay() as fake: settings = fake.settings`.

    Act: `pay`, `finish_refund`, then `deliver` what is waiting or take `sealed(notice)` apart.
    Knobs by call ("pay", "query", "close", "refund", "query_refund", "" for every call):
    `status` (instead of doing it), `delay` (seconds before the answer), `drop` (not done, no
    answer), `hang_up` (done, but the line dies before the answer), `garbage` (another body),
    `forge` and `unknown_serial` (done, wrongly signed answer), `pending` (not done, 202).
    `refund_status` is how a refund begins, `no_money` refuses it; `pay` takes `fen`, `currency`.
    Knobs of `deliver`: `duplicate`, `reorder`, `lose`, `late` (seconds), `stale` (seconds).
    """

    def __init__(self, app_id: str = "wx-test", mchid: str = "1900000001") -> None:
        super().__init__(mchid, app_id)
        self.serial, self.v3_key = (
            "5157F09EFDC096DE15EBE81A47057A72",
            "a-secret-v3-key-of-32-characters",
        )
        self.public_key_id = "PUB_KEY_ID_0119000000012024101100000000000001"
        self.asked: list[tuple[str, str]] = []  # call, number or method
        self.waiting: list[Notice] = []
        self.status: dict[str, int] = {}
        self.delay: dict[str, float] = {}
        self.garbage: dict[str, bytes] = {}
        self.drop: set[str] = set()
        self.hang_up: set[str] = set()
        self.forge: set[str] = set()
        self.unknown_serial: set[str] = set()
        self.pending: set[str] = set()
        self.duplicate, self.reorder, self.lose = 1, False, False
        self.late, self.stale = 0.0, 0
        self._nonces: set[str] = set()
        self._sent = 0
        self._stop = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def settings(self) -> dict[str, Any]:
        """What an application must be configured with to be paid through this fake."""
        return {
            "WECHAT_APP_ID": self.app_id,
            "WECHAT_PAY_MCHID": self.mchid,
            "WECHAT_PAY_SERIAL": self.serial,
            "WECHAT_PAY_KEY": signing.private_pem("merchant"),
            "WECHAT_PAY_V3_KEY": self.v3_key,
            "WECHAT_PAY_PUBLIC_KEY": signing.public_pem("wechat"),
            "WECHAT_PAY_PUBLIC_KEY_ID": self.public_key_id,
            "WECHAT_PAY_URL": f"http://127.0.0.1:{self._server.server_port}",
            "WECHAT_TIMEOUT": 1,
        }

    def count(self, call: str) -> int:
        """How often we were asked for `call`."""
        return sum(1 for asked, _of in self.asked if asked == call)

    def pay(self, number: str, **how: Any) -> None:
        """Somebody pays; the notification waits for `deliver`."""
        super().pay(number, **how)
        self.waiting.append(self.payment_notice(number))

    def finish_refund(self, number: str, status: str = "SUCCESS") -> None:
        super().finish_refund(number, status)
        self.waiting.append(self.refund_notice(number))

    def payment_notice(self, number: str, **changes: Any) -> Notice:
        """What is told of a paid trade; `changes` replace fields (amount=…, appid=…)."""
        told = self.told_of(number) | {"trade_state": "SUCCESS"} | changes
        return Notice(self.trades[number].told["notify_url"], "TRANSACTION.SUCCESS", told)

    def refund_notice(self, number: str, **changes: Any) -> Notice:
        """What is told of a refund that has ended."""
        _trade, refund = self.find_refund(number)
        known = self.told_of_refund(number)
        told = {name: known[name] for name in known if name not in ("status", "channel")}
        told |= {"mchid": self.mchid, "refund_status": refund.status}
        told["success_time"] = rfc3339(refund.made_at)
        return Notice(refund.told["notify_url"], f"REFUND.{refund.status}", told | changes)

    def sealed(self, notice: Notice) -> tuple[dict[str, str], bytes]:
        """Headers and body of a notification, for whoever brings it there themselves."""
        self._sent += 1
        body = signing.sealed(notice.event, notice.resource, self.v3_key, number=self._sent)
        at = str(int(time.time()) - self.stale)
        return signing.signed(body, self.public_key_id, at=at), body

    def deliver(self, url: str = "") -> list[int]:
        """Bring what waits to `url`, else to where it was asked for; the HTTP statuses back."""
        notices, self.waiting = self.waiting, []
        notices = [] if self.lose else [n for n in notices for _turn in range(self.duplicate)]
        answers = []
        for notice in reversed(notices) if self.reorder else notices:
            self._stop.wait(self.late)
            headers, body = self.sealed(notice)
            headers["Content-Type"] = "application/json"
            reply = requests.post(url or notice.url, data=body, headers=headers, timeout=10)
            answers.append(reply.status_code)
        return answers

    def answer(self, call: str, of: str, told: Answer) -> tuple[int, Answer | None]:
        """Status and body of the answer to a well-signed question."""
        try:
            if call in self.pending:
                return 202, {"code": "USERPAYING", "message": "用户支付中"}
            if call == "close":
                self.close(of)
                return 204, None
            act = {
                "pay": lambda: self.order(of, told),
                "query": lambda: self.told_of(of),
                "refund": lambda: self.refund(told),
                "query_refund": lambda: self.told_of_refund(of),
            }.get(call)
            if act:
                return 200, act()
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "no certificates here"}
        except Refusal as no:
            return no.status, {"code": no.code, "message": "不可以"}

    def knows(self, method: str, path: str, body: bytes, headers: Any) -> bool:
        """Whether a question is signed by our merchant, now, and for the first time."""
        who = signing.who_asks(method, path, body, headers.get("Authorization", ""))
        if not who or (who["mchid"], who["serial"]) != (self.mchid, self.serial):
            return False
        is_new = who["nonce"] not in self._nonces
        self._nonces.add(who["nonce"])
        return is_new and headers.get("Wechatpay-Serial") == self.public_key_id


def _named(method: str, path: str) -> tuple[str, str]:
    for call, by, pattern in _CALLS:
        if by == method and (found := re.fullmatch(pattern, path)):
            return call, found["of"]
    return "unknown", path


def _handler(fake: FakeWeChatPay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call, of = _named(self.command, urlsplit(self.path).path)
            fake.asked.append((call, of))
            knob = {call, ""}
            if knob & fake.drop:
                return self.hang_up()
            for status in self.set_to(fake.status, knob):
                return self.say(status, {"code": "SYSTEM_ERROR", "message": "系统错误"}, knob)
            if not fake.knows(self.command, self.path, body, self.headers):
                return self.say(401, {"code": "SIGN_ERROR", "message": "签名错误"}, knob)
            status, told = fake.answer(call, of, json.loads(body or b"{}"))
            if knob & fake.hang_up:
                return self.hang_up()
            for seconds in self.set_to(fake.delay, knob):
                fake._stop.wait(seconds)
            return self.say(status, told, knob)

        do_POST = do_GET

        def set_to(self, values: dict[str, Any], knob: set[str]) -> Iterator[Any]:
            return iter([value for name, value in values.items() if name in knob][:1])

        def hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def say(self, status: int, told: Answer | None, knob: set[str]) -> None:
            body = b"" if told is None else json.dumps(told, ensure_ascii=False).encode()
            serial = "PUB_KEY_ID_0" if knob & fake.unknown_serial else fake.public_key_id
            headers = signing.signed(body, serial, by="stranger" if knob & fake.forge else "wechat")
            body = next(self.set_to(fake.garbage, knob), body)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if body:
                    self.send_header("Content-Type", "application/json; charset=utf-8")
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return  # nobody waits for this answer any more

        def log_message(self, *_line: object) -> None:
            """Tests read what they need from `asked`."""

    return Handler
