"""What is not the provider's, sent to the application: nothing is written, and nobody is asked."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from groupbuy.core import clock
from groupbuy.payments.providers import sandbox, wechat
from groupbuy.payments.providers.reports import RefundOrder
from tests.paying.stage import notify
from tests.paying.tellers import FEN, Teller, Told, telling
from tests.payments import test_alipay_notifications as of_alipay
from tests.payments import test_wechat_pay_forgeries as of_wechat
from tests.payments.wechat_stage import BACK, NUMBER

READS = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")


def signed_at(seconds: str, body: bytes, key: Ed25519PrivateKey | None = None) -> Told:
    signature = (key or sandbox._key()).sign(sandbox._signed_text(seconds, body))
    encoded = base64.b64encode(signature).decode()
    return {"Sandbox-Timestamp": seconds, "Sandbox-Signature": encoded}, body


def now() -> int:
    return int(clock.now().timestamp())


def headed(**changes: str) -> Callable[[Told], Told]:
    named = {f"Sandbox-{name.capitalize()}": value for name, value in changes.items()}
    return lambda told: (told[0] | named, told[1])


def telling_else(**changes: Any) -> Callable[[Told], Told]:
    """Rightly signed, but no payment."""
    return lambda told: signed_at(str(now()), json.dumps(json.loads(told[1]) | changes).encode())


OF_SANDBOX: dict[str, Callable[[Told], Told]] = {
    "no headers": lambda told: ({}, told[1]),
    "no body": lambda told: (told[0], b""),
    "a byte more": lambda told: (told[0], told[1] + b" "),
    "a byte less": lambda told: (told[0], told[1][:-1]),
    "another sum": lambda told: (told[0], told[1].replace(b"3780", b"3781")),
    "another number": lambda told: (told[0], told[1].replace(b"GB", b"GC")),
    "huge": lambda told: (told[0], b"x" * (sandbox.LONGEST)),
    "no bytes of text": lambda told: (told[0], b"\xff\x00" * 40),
    "no signature": headed(signature=""),
    "a signature that is none": headed(signature="AAAA"),
    "a signature in other letters": headed(signature="ä"),
    "a stranger's signature": lambda told: signed_at(
        str(now()), told[1], Ed25519PrivateKey.generate()
    ),
    "stale": lambda told: signed_at(str(now() - 301), told[1]),
    "of the future": lambda told: signed_at(str(now() + 320), told[1]),
    "another time than was signed": headed(timestamp=str(now() - 5)),
    "no time": headed(timestamp=""),
    "a time in other digits": headed(timestamp="1_0"),
    "not paid": telling_else(state="UNPAID"),
    "no number": telling_else(out_trade_no=""),
    "no money": telling_else(amount={"total": 0, "currency": "CNY"}),
    "less than no money": telling_else(amount={"total": -FEN, "currency": "CNY"}),
    "money that is no whole number": telling_else(amount={"total": 37.8, "currency": "CNY"}),
    "paid at no time": telling_else(paid_at="today"),
}


def sandbox_forgery(teller: Teller, name: str) -> Told:
    return OF_SANDBOX[name](teller.copy())


def alipay_forgery(teller: Teller, name: str) -> Told:
    headers, body = teller.copy()
    return headers, of_alipay.FORGERIES[name](body)


def wechat_forgery(teller: Teller, name: str) -> Told:
    """They are made of a payment, and of a refund that has arrived."""
    return of_wechat.FORGERIES[name](teller.fake)


FORGERIES = {"wechat": wechat_forgery, "alipay": alipay_forgery, "sandbox": sandbox_forgery}
NAMES = {
    "wechat": [*of_wechat.FORGERIES],
    "alipay": [*of_alipay.FORGERIES],
    "sandbox": [*OF_SANDBOX],
}


@pytest.fixture
def written(app: Flask) -> Iterator[list[str]]:
    """Every statement that is more than a look, as it reaches the database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.lstrip().upper().startswith(READS):
            seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that this process connects to."""
    seen: list[Any] = []
    connect = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        seen.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    return seen


@pytest.mark.parametrize("way", FORGERIES)
def test_forgeries_change_nothing_and_make_no_call(
    app: Flask, written: list[str], called: list[Any], way: str
):
    assert len(NAMES[way]) >= 20
    with telling(app, way, NUMBER) as teller:
        if way == "wechat":
            wechat.refund(RefundOrder(NUMBER, BACK, 1200, FEN, "short", "https://x.example/n"))
            teller.fake.finish_refund(BACK)
        asked = teller.asked()
        for name in NAMES[way]:
            made = FORGERIES[way](teller, name)
            written.clear()
            called.clear()
            answer = notify(app, *made, way)
            assert answer.status_code in (401, 413), name
            assert answer.status_code == 401 or len(made[1]) > 64 * 1024, name
            assert (written, called, teller.asked()) == ([], [], asked), name
        assert teller.now_is() == ("pending", 0, 0)


@pytest.mark.parametrize("way", FORGERIES)
def test_control_a_genuine_one_is_written_down_and_a_question_is_a_call(
    app: Flask, written: list[str], called: list[Any], way: str
):
    with telling(app, way, NUMBER) as teller:
        copy, asked = teller.copy(), teller.asked()
        written.clear()
        called.clear()
        assert notify(app, *copy, way).status_code == 200
        assert any(statement.startswith("UPDATE payment") for statement in written)
        assert (called, teller.asked()) == ([], asked)
        assert teller.now_is() == ("placed", FEN, 0)
        if way == "wechat":
            wechat.query(NUMBER)
            assert len(called) == 1
