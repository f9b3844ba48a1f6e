"""Providers that have been paid and tell us so, with real signatures, each copy signed anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from flask import Flask

from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.payments.models import Payment
from groupbuy.payments.providers import alipay, sandbox, wechat
from groupbuy.payments.providers.reports import Attempt
from tests.factories import make_deal, make_order
from tests.fakes.alipay import FakeAlipay
from tests.paying.stage import HOUR
from tests.payments.wechat_stage import running

FEN, METHODS = 3780, {"wechat": "native", "alipay": "page", "sandbox": "page"}
WAYS = list(METHODS)
Told = tuple[dict[str, str], bytes]


class Teller(NamedTuple):
    """One paid attempt; `copy()` is its notification, `fake` the gateway (None: the sandbox)."""

    way: str
    order_id: int
    payment_id: int
    number: str
    copy: Callable[[], Told]
    fake: Any

    def asked(self) -> int:
        """How often the gateway was asked for anything."""
        if self.fake is None:
            return 0
        return len(self.fake.asked) if self.way == "wechat" else self.fake.requests

    def now_is(self) -> tuple[str, int, int]:
        """State, fen paid, fen that go back, as they are now."""
        db.session.rollback()
        db.session.expire_all()
        order = db.session.get_one(Order, self.order_id)
        found = order.state, order.paid_fen, order.refunded_fen
        db.session.rollback()
        return found


@contextmanager
def telling(app: Flask, way: str, number: str = "") -> Iterator[Teller]:
    """An order is paid at the provider of `way`; the attempt has `number`, if that is given."""
    with transaction():
        order = make_order(make_deal(opens_at=clock.now() - HOUR), way="cash", now=clock.now())
        order_id = order.id
    with _GATEWAYS[way](app) as fake:
        with transaction():
            order = db.session.get_one(Order, order_id)
            payment = paying.begin(order, way, METHODS[way], now=clock.now())
            payment.out_trade_no = number or payment.out_trade_no
            attempt, payment_id = _attempt(payment), payment.id
        copy = _PAID[way](fake, attempt)
        yield Teller(way, order_id, payment_id, attempt.out_trade_no, copy, fake)


def _attempt(payment: Payment) -> Attempt:
    assert payment.expires_at is not None
    back, told = "https://tuan.example/o/1", f"https://tuan.example/pay/{payment.way}/notify"
    known = (payment.out_trade_no, payment.amount_fen, "蛋", payment.method, payment.expires_at)
    return Attempt(*known, back, told)


def _paid_by_wechat(fake: Any, attempt: Attempt) -> Callable[[], Told]:
    wechat.begin(attempt)
    fake.pay(attempt.out_trade_no)
    return lambda: fake.sealed(fake.waiting[0])


def _paid_by_alipay(fake: Any, attempt: Attempt) -> Callable[[], Told]:
    fake.visit(alipay.begin(attempt).url)
    fake.pay(attempt.out_trade_no)

    def copy() -> Told:
        _url, headers, body = fake.note(attempt.out_trade_no)
        return headers, body

    return copy


def _paid_by_sandbox(_fake: Any, attempt: Attempt) -> Callable[[], Told]:
    sandbox.begin(attempt)
    told = sandbox.pay(attempt.out_trade_no)
    return lambda: sandbox.notification(told)


@contextmanager
def _alipay(app: Flask) -> Iterator[FakeAlipay]:
    with FakeAlipay() as fake:
        before = {name: app.config[name] for name in fake.settings}
        app.config.update(fake.settings)
        try:
            yield fake
        finally:
            app.config.update(before)


@contextmanager
def _nobody(_app: Flask) -> Iterator[None]:
    yield None


_GATEWAYS: dict[str, Callable[[Flask], Any]] = {
    "wechat": running,
    "alipay": _alipay,
    "sandbox": _nobody,
}
_PAID = {"wechat": _paid_by_wechat, "alipay": _paid_by_alipay, "sandbox": _paid_by_sandbox}
