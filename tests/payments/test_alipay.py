"""Talking to Alipay: paying, asking, closing, giving back, and everything that goes wrong."""

from __future__ import annotations

import time
import traceback
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from groupbuy.payments.providers import WAYS, alipay, alipay_gateway, ways_on
from groupbuy.payments.providers.reports import (
    Attempt,
    Paid,
    ProviderError,
    Refunded,
    RefundOrder,
    Refused,
    Unreachable,
)
from tests.fakes import alipay_words as words

NUMBER = "GB20350512ABCDEFGHJKMNPQ"
QUERY, CLOSE, REFUND = "alipay.trade.query", "alipay.trade.close", "alipay.trade.refund"
QUERY_REFUND = "alipay.trade.fastpay.refund.query"
CALLS = [QUERY, CLOSE, REFUND, QUERY_REFUND]


def attempt(method: str = "wap", number: str = NUMBER, **other) -> Attempt:
    given = {
        "out_trade_no": number,
        "amount_fen": 1980,
        "title": "周末团 & 鸡蛋/{12}=枚",
        "method": method,
        "expires_at": datetime.now(UTC) + timedelta(minutes=15),
        "return_url": "https://tuan.example/o/1?a=1&b=2",
        "notify_url": "https://tuan.example/pay/alipay/notify",
    }
    return Attempt(**given | other)


def give_back(fen: int = 500, number: str = "R1-short") -> RefundOrder:
    return RefundOrder(NUMBER, number, fen, 1980, "shortage")


def make_call(call: str):
    return {
        QUERY: lambda: alipay.query(NUMBER),
        CLOSE: lambda: alipay.close(NUMBER),
        REFUND: lambda: alipay.refund(give_back()),
        QUERY_REFUND: lambda: alipay.query_refund(give_back()),
    }[call]()


@pytest.fixture
def paid(alipay_there):
    """A fake in which NUMBER is paid."""
    fake = alipay_there
    fake.visit(alipay.begin(attempt()).url)
    fake.pay(NUMBER, datetime(2035, 5, 12, 4, 5, 6, tzinfo=UTC))
    return fake


def test_it_is_on_when_it_is_set_up(app, alipay_there, monkeypatch):
    assert alipay.is_on()
    assert "alipay" in ways_on()
    monkeypatch.setitem(app.config, "ALIPAY_KEY", "")
    assert not alipay.is_on()


def test_it_is_one_of_the_ways_and_can_be_asked(app):
    assert WAYS["alipay"] is alipay
    assert alipay.ONLINE
    assert not alipay.is_on()
    assert alipay.ACCEPTED == ("success", "text/plain")


@pytest.mark.parametrize(
    ("method", "call", "product"),
    [
        ("wap", "alipay.trade.wap.pay", "QUICK_WAP_WAY"),
        ("page", "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    ],
)
def test_to_pay_one_goes_to_a_signed_address(alipay_there, method, call, product):
    begun = alipay.begin(attempt(method))
    assert begun.kind == "redirect"
    assert alipay_there.requests == 0
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    assert words.is_signed(asked, "app")
    assert asked["method"] == call
    assert f'"product_code":"{product}"' in asked["biz_content"]
    assert '"total_amount":"19.80"' in asked["biz_content"]
    assert asked["return_url"] == "https://tuan.example/o/1?a=1&b=2"
    assert asked["notify_url"] == "https://tuan.example/pay/alipay/notify"
    shown = alipay_there.visit(begun.url)
    assert "周末团 鸡蛋 12 枚" in shown.replace("   ", " ").replace("  ", " ")
    assert "19.80" in shown


def test_times_are_of_beijing_wherever_the_server_stands(alipay_there, monkeypatch):
    monkeypatch.setenv("TZ", "America/Lima")
    time.tzset()
    try:
        expires_at = datetime(2035, 5, 12, 4, 5, 6, tzinfo=UTC)
        url = alipay.begin(attempt(expires_at=expires_at)).url
    finally:
        monkeypatch.undo()
        time.tzset()
    asked = parse_qs(urlsplit(url).query)
    assert '"time_expire":"2035-05-12 12:05:06"' in asked["biz_content"][0]
    stamp = datetime.fromisoformat(asked["timestamp"][0]).replace(tzinfo=words.BEIJING)
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=1)


def test_beginning_again_with_the_same_number_is_the_same_trade(alipay_there):
    for _ in range(2):
        alipay_there.visit(alipay.begin(attempt()).url)
    assert list(alipay_there.trades) == [NUMBER]


def test_a_title_of_nothing_but_signs_is_replaced_by_the_number(alipay_there):
    assert f"<h1>{NUMBER}</h1>" in alipay_there.visit(alipay.begin(attempt(title="&/=")).url)


def test_until_somebody_signs_in_to_pay_nothing_is_known(alipay_there):
    alipay.begin(attempt())
    assert alipay.query(NUMBER) == Paid(NUMBER, "unknown")


def test_a_trade_is_unpaid_then_paid(alipay_there):
    fake = alipay_there
    fake.visit(alipay.begin(attempt()).url)
    trade_no = fake.trades[NUMBER].trade_no
    assert alipay.query(NUMBER) == Paid(NUMBER, "unpaid", trade_no, 1980)
    at = datetime(2035, 5, 12, 4, 5, 6, tzinfo=UTC)
    fake.pay(NUMBER, at)
    assert alipay.query(NUMBER) == Paid(NUMBER, "paid", trade_no, 1980, "CNY", at)
    fake.trades[NUMBER].state = "TRADE_FINISHED"
    assert alipay.query(NUMBER).state == "paid"


def test_what_is_closed_can_no_longer_be_paid(alipay_there):
    alipay_there.visit(alipay.begin(attempt()).url)
    alipay.close(NUMBER)
    assert alipay.query(NUMBER).state == "closed"


def test_what_is_paid_or_was_never_opened_cannot_be_closed(paid):
    with pytest.raises(Refused, match="TRADE_STATUS_ERROR") as refusal:
        alipay.close(NUMBER)
    assert refusal.value.code == "ACQ.TRADE_STATUS_ERROR"
    with pytest.raises(Refused, match="TRADE_NOT_EXIST"):
        alipay.close("GB-nobody-opened")


def test_money_goes_back_once_however_often_it_is_told(paid):
    done = Refunded("R1-short", "succeeded", 500)
    assert [alipay.refund(give_back()) for _ in range(3)] == [done] * 3
    assert paid.trades[NUMBER].refunds == {"R1-short": 500}
    assert alipay.query_refund(give_back()) == done
    assert paid.asked.count(QUERY_REFUND) == 3  # those that moved nothing were asked about


def test_several_refunds_are_told_apart_and_the_last_closes_the_trade(paid):
    alipay.refund(give_back())
    assert alipay.refund(give_back(1480, "R2-x")) == Refunded("R2-x", "succeeded", 1480)
    assert alipay.query_refund(give_back()).refund_fen == 500
    assert paid.trades[NUMBER].state == "TRADE_CLOSED"
    assert alipay.refund(give_back(1480, "R2-x")).state == "succeeded"


def test_more_than_was_paid_does_not_go_back(paid):
    alipay.refund(give_back())
    with pytest.raises(Refused, match="REFUND_AMT_NOT_EQUAL_TOTAL"):
        alipay.refund(give_back(1481, "R2-x"))
    with pytest.raises(Refused, match="DISCORDANT_REPEAT_REQUEST"):
        alipay.refund(give_back(501))
    assert paid.trades[NUMBER].refunds == {"R1-short": 500}


def test_a_refund_that_was_accepted_is_not_done(paid):
    paid.slow_refunds = True
    assert alipay.refund(give_back()) == Refunded("R1-short", "processing")
    assert alipay.query_refund(give_back()) == Refunded("R1-short", "unknown")
    paid.finish_refunds()
    assert alipay.query_refund(give_back()) == Refunded("R1-short", "succeeded", 500)


def test_nothing_is_known_of_refunds_nobody_asked_for(paid):
    assert alipay.query_refund(give_back()) == Refunded("R1-short", "unknown")
    nowhere = give_back()._replace(out_trade_no="GB-nobody-opened")
    assert alipay.query_refund(nowhere) == Refunded("R1-short", "unknown")
    with pytest.raises(Refused, match="TRADE_NOT_EXIST"):
        alipay.refund(nowhere)


FAILURES = {
    "HTTP 502": lambda fake, call: fake.status.update({call: 502}),
    "HTTP 302": lambda fake, call: fake.status.update({call: 302}),
    "no JSON": lambda fake, call: fake.garbage.update({call: b"<html>busy</html>"}),
    "a list": lambda fake, call: fake.garbage.update({call: b"[1, 2]"}),
    "no UTF-8": lambda fake, call: fake.garbage.update({call: "余额不足".encode("gb18030")}),
    "nothing": lambda fake, call: fake.garbage.update({call: b""}),
    "signed by a stranger": lambda fake, call: fake.forged.add(call),
    "not signed": lambda fake, call: fake.unsigned.update({call: "40004 ACQ.TRADE_NOT_EXIST"}),
    "out of order": lambda fake, call: fake.errors.update({call: "20000 isp.unknow-error"}),
    "a system error": lambda fake, call: fake.errors.update({call: "40004 ACQ.SYSTEM_ERROR"}),
    "too many calls": lambda fake, call: fake.errors.update({call: "40005 isv.app-call-limited"}),
    "nobody there": lambda fake, _call: fake.__exit__(),
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_cannot_be_trusted_says_nothing(paid, call, fail):
    fail(paid, call)
    with pytest.raises(Unreachable):
        make_call(call)


def test_an_answer_about_another_trade_is_not_taken(paid):
    other = f"{NUMBER}2"
    paid.visit(alipay.begin(attempt(number=other)).url)
    paid.trades[other], paid.trades[NUMBER] = paid.trades[NUMBER], paid.trades[other]
    with pytest.raises(Unreachable, match="cannot be read"):
        alipay.query(NUMBER)


@pytest.mark.parametrize("call", CALLS)
def test_a_gateway_that_hangs_is_given_up(paid, call, monkeypatch):
    assert alipay_gateway.TIME_OUTS == (3, 8)
    monkeypatch.setattr(alipay_gateway, "TIME_OUTS", (0.2, 0.2))
    paid.delay[call] = 30
    began = time.monotonic()
    with pytest.raises(Unreachable, match="no answer"):
        make_call(call)
    assert time.monotonic() - began < 3


def test_a_refund_whose_answer_was_lost_is_found_by_its_number(paid, monkeypatch):
    monkeypatch.setattr(alipay_gateway, "TIME_OUTS", (0.5, 0.5))
    paid.lost.add(REFUND)
    with pytest.raises(Unreachable):
        alipay.refund(give_back())
    paid.lost.clear()
    assert alipay.query_refund(give_back()) == Refunded("R1-short", "succeeded", 500)
    assert alipay.refund(give_back()) == Refunded("R1-short", "succeeded", 500)
    assert paid.trades[NUMBER].refunded_fen == 500


def test_a_foreign_key_of_ours_is_noticed_there_and_named_here(paid, app, monkeypatch):
    monkeypatch.setitem(app.config, "ALIPAY_KEY", words.private_pem("a stranger"))
    with pytest.raises(Unreachable, match="invalid-signature"):
        alipay.query(NUMBER)


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
def test_no_exception_tells_a_secret(paid, app, fail):
    fail(paid, REFUND)
    with pytest.raises(ProviderError) as trouble:
        alipay.refund(give_back())
    shown = "".join(traceback.format_exception(trouble.value)) + repr(trouble.value)
    key = app.config["ALIPAY_KEY"].splitlines()[1]
    for secret in (key, "sign=", "sign%3D", "biz_content", "PRIVATE KEY", paid.app_id):
        assert secret not in shown
