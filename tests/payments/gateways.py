"""The fake gateways of WeChat Pay and Alipay, in the same words, with a trap in each."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import wait
from typing import Any, ClassVar

from groupbuy.payments.providers.reports import Begun
from tests.fakes.alipay import FakeAlipay
from tests.fakes.wechat_pay import FakeWeChatPay
from tests.races.children import Child

TOO_LONG = 30.0  # seconds; every process of these tests gives up long before


class Trap:
    """Kills whoever makes a certain call, before it is carried out or after, unanswered."""

    def __init__(self, fake: Any, nothing: Any) -> None:
        """`nothing` is what the fake says into a line at which nobody is any more."""
        self._carry_out, self._nothing = fake.answer, nothing
        self._set: tuple[str, str, Child] | None = None
        fake.answer = self._answer

    def set(self, call: str, when: str, victim: Child) -> None:
        """`when`: "before" or "after". The first such call springs it."""
        self._set = call, when, victim

    def _answer(self, call: str, *asked: Any) -> Any:
        if self._set is None or self._set[0] != call:
            return self._carry_out(call, *asked)
        (_call, when, victim), self._set = self._set, None
        told = self._carry_out(call, *asked) if when == "after" else None
        assert victim.process.pid is not None
        os.kill(victim.process.pid, signal.SIGKILL)
        assert wait([victim.process.sentinel], 20), "it does not die"
        return told or self._nothing


class WeChatPay:
    """WeChat Pay: a trade is there as soon as we have told of it; refunds take their time."""

    way, method = "wechat", "native"
    calls: ClassVar = {
        "begin": "pay",
        "query": "query",
        "close": "close",
        "refund": "refund",
        "query refund": "query_refund",
    }

    def __init__(self) -> None:
        self.fake = FakeWeChatPay()
        self.trap = Trap(self.fake, (500, {}))

    @property
    def settings(self) -> dict[str, Any]:
        return self.fake.settings

    def lose_answers(self, call: str) -> None:
        """The call is carried out, and the answer does not come in time."""
        self.fake.delay[self.calls[call]] = TOO_LONG

    def ignore(self, call: str) -> None:
        """The call is not carried out, and there is no answer."""
        self.fake.drop.add(self.calls[call])

    def behave(self) -> None:
        self.fake.delay.clear()
        self.fake.drop.clear()

    def open(self, begun: Begun) -> None:
        """The resident goes where `begun` says; for a code that is nowhere."""

    def pay(self, number: str) -> None:
        self.fake.pay(number)

    def let_refunds_arrive(self) -> None:
        for trade in self.fake.trades.values():
            for number in trade.refunds:
                self.fake.finish_refund(number)

    def knows(self, number: str) -> bool:
        return number in self.fake.trades

    def state(self, number: str) -> str:
        """ "open", "paid" or "closed"."""
        names = {"NOTPAY": "open", "SUCCESS": "paid", "CLOSED": "closed"}
        return names[self.fake.trades[number].state]

    def refunds(self, number: str) -> dict[str, int]:
        """What has gone back of a trade: fen by our number."""
        known = self.fake.trades[number].refunds
        return {name: refund.told["amount"]["refund"] for name, refund in known.items()}


class Alipay:
    """Alipay: a trade is there when the resident has opened its page; refunds are done at once."""

    way, method = "alipay", "page"
    calls: ClassVar = {
        "begin": "alipay.trade.page.pay",
        "query": "alipay.trade.query",
        "close": "alipay.trade.close",
        "refund": "alipay.trade.refund",
        "query refund": "alipay.trade.fastpay.refund.query",
    }

    def __init__(self) -> None:
        self.fake = FakeAlipay()
        self.trap = Trap(self.fake, {})

    @property
    def settings(self) -> dict[str, Any]:
        return self.fake.settings

    def lose_answers(self, call: str) -> None:
        self.fake.lost.add(self.calls[call])

    def ignore(self, call: str) -> None:
        self.fake.errors[self.calls[call]] = "20000 isp.unknow-error"

    def behave(self) -> None:
        self.fake.lost.clear()
        self.fake.errors.clear()

    def open(self, begun: Begun) -> None:
        self.fake.visit(begun.url)

    def pay(self, number: str) -> None:
        self.fake.pay(number)

    def let_refunds_arrive(self) -> None:
        self.fake.finish_refunds()

    def knows(self, number: str) -> bool:
        return number in self.fake.trades

    def state(self, number: str) -> str:
        trade = self.fake.trades[number]
        return "paid" if trade.paid_at else {"WAIT_BUYER_PAY": "open"}.get(trade.state, "closed")

    def refunds(self, number: str) -> dict[str, int]:
        trade = self.fake.trades[number]
        return trade.refunds | trade.waiting


Gateway = WeChatPay | Alipay
