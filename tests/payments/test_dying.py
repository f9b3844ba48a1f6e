"""Every call to a provider: done and never answered, killed just before it, killed just after it.

A real process makes the call to a real server, which kills it with SIGKILL on receipt, before or
after it did what was asked. Then the jobs run again here. Money comes once and goes back once.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from tests import conftest
from tests.payments import dying_children as careless
from tests.payments.dying_stage import MINUTE, PRICE, End, Shop
from tests.payments.gateways import Alipay, Gateway, WeChatPay

TROUBLES = ["lost", "before", "after"]
PLACED, CONFIRMED = End("placed", 2 * PRICE), End("confirmed", 2 * PRICE)
UNPAID, TOO_LATE = End("expired"), End("expired", 2 * PRICE, 2 * PRICE)
HALF_BACK = End("placed", 2 * PRICE, PRICE)

pytestmark = pytest.mark.races
every_trouble = pytest.mark.parametrize("kind", TROUBLES)
one_gateway = pytest.mark.parametrize(
    "gateway", ["wechat", pytest.param("alipay", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture(scope="module")
def gateways() -> Iterator[dict[str, Gateway]]:
    made: list[Gateway] = [WeChatPay(), Alipay()]
    with made[0].fake, made[1].fake:
        yield {gateway.way: gateway for gateway in made}


@pytest.fixture(params=["wechat", pytest.param("alipay", marks=pytest.mark.slow)])
def gateway(request: pytest.FixtureRequest, gateways: dict[str, Gateway]) -> Iterator[Gateway]:
    there = gateways[request.param]
    yield there
    there.behave()


@pytest.fixture(scope="module")
def lasting_app(
    request: pytest.FixtureRequest, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """`shared_app`, once for all: every test has a deal of its own."""
    shared = contextmanager(inspect.unwrap(conftest.shared_app))
    with shared(request, database_url, tmp_path_factory.mktemp("dying")) as app:
        yield app


@pytest.fixture
def shop(lasting_app: Flask, gateway: Gateway) -> Shop:
    return Shop(lasting_app, gateway, open_for=480 * MINUTE)


@pytest.fixture
def closing_shop(lasting_app: Flask, gateway: Gateway) -> Shop:
    """Its deal closes before the resident's time to pay is over."""
    return Shop(lasting_app, gateway, open_for=10 * MINUTE)


@every_trouble
def test_begin(shop: Shop, kind: str):
    shop.trouble("begin", kind, shop.button())
    [payment] = shop.payments()
    assert shop.gateway.knows(payment.out_trade_no) == (kind != "before")
    shop.do(shop.button())  # the resident tries again
    shop.pay()
    shop.work_on()
    shop.assert_ended(PLACED)


@every_trouble
def test_query_by_the_poller(shop: Shop, kind: str):
    shop.begin()
    shop.pay()
    shop.now += MINUTE
    shop.trouble("query", kind, shop.job("ask-payments"))
    shop.work_on()
    shop.assert_ended(PLACED)


@every_trouble
def test_query_at_the_closing(closing_shop: Shop, kind: str):
    shop = closing_shop
    shop.begin()
    shop.pay()
    shop.now += 10 * MINUTE
    shop.trouble("query", kind, shop.job("close-due"))
    shop.work_on()
    shop.assert_ended(TOO_LATE if kind == "lost" else CONFIRMED)


@pytest.mark.slow
@every_trouble
def test_close_by_the_poller(shop: Shop, kind: str):
    shop.begin()
    shop.now += 16 * MINUTE
    shop.trouble("close", kind, shop.job("ask-payments"))
    assert shop.state_there() == ("open" if kind == "before" else "closed")
    shop.work_on()
    shop.assert_ended(UNPAID)


@every_trouble
def test_close_at_the_closing(closing_shop: Shop, kind: str):
    shop = closing_shop
    shop.begin()
    shop.now += 10 * MINUTE
    shop.trouble("close", kind, shop.job("close-due"))
    assert shop.state_there() == ("open" if kind == "before" else "closed")
    shop.work_on()
    shop.assert_ended(UNPAID)


def test_who_pays_before_the_next_process_closes_the_attempt_has_paid(closing_shop: Shop):
    shop = closing_shop
    shop.begin()
    shop.now += 10 * MINUTE
    shop.trouble("close", "before", shop.job("close-due"))
    shop.pay()
    shop.work_on()
    shop.assert_ended(CONFIRMED)


@pytest.fixture
def owing_shop(shop: Shop) -> Shop:
    """It has been paid, and half of that is to go back."""
    return owing(shop)


def owing(shop: Shop) -> Shop:
    shop.begin()
    shop.pay()
    shop.now += MINUTE
    shop.run("ask-payments")
    shop.take_one_off()
    shop.now += MINUTE
    return shop


@every_trouble
def test_refund(owing_shop: Shop, kind: str):
    shop = owing_shop
    shop.trouble("refund", kind, shop.job("send-refunds"))
    assert len(shop.went_back_there()) == (kind != "before")
    shop.work_on()
    shop.assert_ended(HALF_BACK)


@every_trouble
@pytest.mark.parametrize("earlier", ["done", pytest.param("not done", marks=pytest.mark.slow)])
def test_query_refund(owing_shop: Shop, earlier: str, kind: str):
    shop = owing_shop
    if earlier == "done":
        shop.gateway.lose_answers("refund")
    else:
        shop.gateway.ignore("refund")
    shop.run("send-refunds", patience=0.6)
    shop.gateway.behave()
    assert [back.state for back in shop.refunds()] == ["submitted"]
    assert len(shop.went_back_there()) == (earlier == "done")
    shop.now += 3 * MINUTE
    shop.trouble("query refund", kind, shop.job("send-refunds"))
    shop.work_on()
    shop.assert_ended(HALF_BACK)


@one_gateway
def test_control_a_new_number_for_each_try_gives_back_twice(shared_app: Flask, gateway: Gateway):
    shop = owing(Shop(shared_app, gateway, open_for=480 * MINUTE))
    work = (careless.send_under_new_numbers, shop.now)
    shop.trouble("refund", "after", work)
    shop.now += 3 * MINUTE
    shop.do((careless.send_under_new_numbers, shop.now))
    assert list(shop.went_back_there().values()) == [PRICE, PRICE]
    with pytest.raises(AssertionError):
        shop.assert_ended(HALF_BACK)


@one_gateway
def test_control_what_is_written_down_before_it_is_done_is_lost(
    shared_app: Flask, gateway: Gateway
):
    shop = owing(Shop(shared_app, gateway, open_for=480 * MINUTE))
    work = (careless.send_after_writing_down, shop.now)
    with pytest.raises(AssertionError):  # a fact about money, and nothing was done yet
        shop.trouble("refund", "before", work)
    shop.work_on()
    assert [back.state for back in shop.refunds()] == ["succeeded"]
    assert shop.went_back_there() == {}
    with pytest.raises(AssertionError):
        shop.assert_ended(HALF_BACK)


@one_gateway
def test_control_a_payment_that_is_asked_about_only_once_is_lost(
    shared_app: Flask, gateway: Gateway
):
    shop = Shop(shared_app, gateway, open_for=480 * MINUTE)
    shop.begin()
    shop.pay()
    shop.now += MINUTE
    shop.trouble("query", "after", (careless.ask_for_the_last_time, shop.now))
    shop.now += 3 * MINUTE
    shop.run("ask-payments")
    assert shop.payments()[0].state == "begun"
    with pytest.raises(AssertionError):
        shop.assert_ended(PLACED)
