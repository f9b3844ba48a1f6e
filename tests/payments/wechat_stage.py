"""Where tests of WeChat Pay play: the application set up for the fake, one attempt, one refund."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask

from groupbuy.payments.providers.reports import Attempt, RefundOrder
from tests.fakes.wechat_pay import FakeWeChatPay

NUMBER, BACK = "GB20350512ABCDEFGH", "R7-short-3"
AT = datetime(2035, 5, 12, 4, 5, 6, tzinfo=UTC)
NOTIFY = "https://tuan.example/pay/wechat/notify"


@contextmanager
def running(app: Flask) -> Iterator[FakeWeChatPay]:
    """WeChat Pay as `app` sees it; its settings are put back afterwards."""
    with FakeWeChatPay() as fake:
        before = {name: app.config[name] for name in fake.settings}
        app.config.update(fake.settings)
        try:
            yield fake
        finally:
            app.config.update(before)


def attempt(method: str = "native", **other: Any) -> Attempt:
    known: dict[str, Any] = {
        "out_trade_no": NUMBER,
        "amount_fen": 3000,
        "title": "邻里团 草莓 2 盒",
        "expires_at": AT + timedelta(minutes=15),
        "return_url": "https://tuan.example/o/1?paid=1&x=草",
        "notify_url": NOTIFY,
        "client_ip": "203.0.113.7",
        "openid": "o-payer",
    }
    return Attempt(method=method, **(known | other))


def back(fen: int = 1200, number: str = BACK) -> RefundOrder:
    return RefundOrder(NUMBER, number, fen, 3000, "short", NOTIFY)
