"""The sandbox plays a provider: its books, its signatures, and where it may be on at all."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

import config
from groupbuy.core import clock
from groupbuy.core.tokens import public_id
from groupbuy.payments.providers import sandbox, ways_on
from groupbuy.payments.providers.reports import Attempt, Forged, RefundOrder, Refused
from tests.checks import unreadable

TEST_SECRETS = {
    "GROUPBUY_ENV": "production",
    "SECRET_KEY": "s",
    "LOOKUP_KEY": "l",
    "DATA_KEYS": "t:x",
}


def an_attempt(**other) -> Attempt:
    number = f"GB{public_id(16)}"
    soon = clock.now() + timedelta(minutes=15)
    attempt = Attempt(number, 1980, "菜", "page", soon, "http://x/o/1/pay", "http://x/n")
    return attempt._replace(**other)


def paid() -> str:
    """The number of a trade that is paid."""
    attempt = an_attempt()
    sandbox.begin(attempt)
    sandbox.pay(attempt.out_trade_no)
    return attempt.out_trade_no


def test_beginning_again_is_the_same_trade_but_not_for_another_sum(app):
    attempt = an_attempt()
    begun = sandbox.begin(attempt)
    assert (begun.kind, begun.url) == ("redirect", f"/sandbox/pay/{attempt.out_trade_no}")
    assert sandbox.begin(attempt) == begun
    with pytest.raises(Refused, match="NUMBER_TAKEN"):
        sandbox.begin(attempt._replace(amount_fen=1))
    with pytest.raises(Refused, match="METHOD_UNKNOWN"):
        sandbox.begin(attempt._replace(method="native"))


def test_asking_tells_what_the_books_say(app):
    attempt = an_attempt()
    number = attempt.out_trade_no
    assert sandbox.query(number).state == "unknown"
    sandbox.begin(attempt)
    assert sandbox.query(number).state == "unpaid"
    sandbox.fail(number)
    assert sandbox.query(number).state == "unpaid"  # another try may go well
    told = sandbox.pay(number)
    assert sandbox.query(number) == told == sandbox.pay(number)
    assert (told.state, told.amount_fen, told.currency) == ("paid", 1980, "CNY")
    with pytest.raises(Refused, match="TRADE_PAID"):
        sandbox.close(number)


def test_what_is_closed_is_closed_and_what_is_unknown_may_be_closed(app):
    attempt = an_attempt()
    sandbox.close(attempt.out_trade_no)
    sandbox.begin(attempt)
    sandbox.close(attempt.out_trade_no)
    sandbox.close(attempt.out_trade_no)
    assert sandbox.query(attempt.out_trade_no).state == "closed"


def test_a_refund_is_one_by_its_number_and_never_more_than_was_paid(app):
    number = paid()
    order = RefundOrder(number, "R1", 1000, 1980, "")
    assert sandbox.query_refund(order).state == "unknown"
    first = sandbox.refund(order)
    assert (first.state, first.refund_fen) == ("succeeded", 1000)
    assert sandbox.refund(order) == first == sandbox.query_refund(order)
    with pytest.raises(Refused, match="NUMBER_TAKEN"):
        sandbox.refund(order._replace(refund_fen=1))
    with pytest.raises(Refused, match="MORE_THAN_PAID"):
        sandbox.refund(order._replace(out_refund_no="R2", refund_fen=981))
    with pytest.raises(Refused, match="TRADE_NOT_PAID"):
        sandbox.refund(order._replace(out_trade_no="GBnobody", out_refund_no="R3"))
    assert sandbox.refund(order._replace(out_refund_no="R2", refund_fen=980)).refund_fen == 980


def test_its_bill_tells_of_every_payment_and_refund(app):
    number = paid()
    sandbox.refund(RefundOrder(number, "R1", 80, 1980, ""))
    sandbox.begin(an_attempt())
    day = timedelta(hours=12)
    rows = sandbox.read_bill(sandbox.bill(clock.now() - day, clock.now() + day))
    assert [(row.kind, row.out_trade_no, row.amount_fen) for row in rows] == [
        ("payment", number, 1980),
        ("refund", number, 80),
    ]
    assert rows[1].out_refund_no == "R1"
    for broken in (b"", b"a bill", b"sandbox bill\n[1]", b"sandbox bill\n{}", b"\xff"):
        with unreadable():
            sandbox.read_bill(broken)


def test_a_notification_is_believed_by_its_signature(app):
    told = sandbox.pay(paid())
    assert sandbox.parse(*sandbox.notification(told)) == told


def test_forgeries_are_told_from_what_the_sandbox_sends(app, monkeypatch):
    headers, body = sandbox.notification(sandbox.pay(paid()))
    long_ago = str(int(clock.now().timestamp()) - 301)
    forged = [
        ({}, body),
        (headers, body + b" "),
        (headers, body.replace(b"1980", b"1981")),
        (headers, b""),
        (headers, b"x" * (sandbox.LONGEST + 1)),
        (headers | {"Sandbox-Signature": ""}, body),
        (headers | {"Sandbox-Signature": "ä"}, body),
        (headers | {"Sandbox-Signature": "AAAA"}, body),
        (headers | {"Sandbox-Timestamp": long_ago}, body),
        (headers | {"Sandbox-Timestamp": "1_0"}, body),
        (headers | {"Sandbox-Timestamp": "٣"}, body),
    ]
    for made in forged:
        with pytest.raises(Forged):
            sandbox.parse(*made)
    assert sandbox.parse(headers, body)
    monkeypatch.setitem(app.config, "SECRET_KEY", "another")
    with pytest.raises(Forged):
        sandbox.parse(headers, body)


def test_what_is_signed_but_no_payment_is_refused(app):
    good = json.loads(sandbox.notification(sandbox.pay(paid()))[1])
    wrong = [
        [],
        good | {"state": "UNPAID"},
        good | {"paid_at": "2035-05-12T04:00:00"},
        good | {"paid_at": 7},
        good | {"out_trade_no": ""},
        good | {"out_trade_no": "GB\x00"},
        good | {"transaction_no": None},
        good | {"amount": {"total": True, "currency": "CNY"}},
        good | {"amount": {"total": 0, "currency": "CNY"}},
        good | {"amount": {"total": 10**13, "currency": "CNY"}},
        good | {"amount": {"total": 1, "currency": "cny"}},
        good | {"amount": 1},
    ]
    for content in wrong:
        body = json.dumps(content).encode()
        seconds = str(int(clock.now().timestamp()))
        signature = sandbox.base64.b64encode(
            sandbox._key().sign(sandbox._signed_text(seconds, body))
        )
        headers = {"Sandbox-Timestamp": seconds, "Sandbox-Signature": signature.decode()}
        with pytest.raises(Forged):
            sandbox.parse(headers, body)


def test_it_is_on_where_nobody_believes_it_is_real(app, tmp_path, monkeypatch):
    folder = {"INSTANCE_DIR": str(tmp_path)}
    assert config.load(folder)["SANDBOX_PAY"] is True
    assert config.load(folder | {"SANDBOX_PAY": "0"})["SANDBOX_PAY"] is False
    strict = TEST_SECRETS | folder
    assert config.load(strict)["SANDBOX_PAY"] is False
    assert config.load(strict | {"DEMO": "1"})["SANDBOX_PAY"] is False
    assert config.load(strict | {"DEMO": "1", "SANDBOX_PAY": "1"})["SANDBOX_PAY"] is True
    with pytest.raises(RuntimeError, match="DEMO=1"):
        config.load(strict | {"SANDBOX_PAY": "1"})
    assert "sandbox" in ways_on()
    monkeypatch.setitem(app.config, "SANDBOX_PAY", False)
    assert "sandbox" not in ways_on()
    with pytest.raises(Forged):
        sandbox.parse({}, b"")
