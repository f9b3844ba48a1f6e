"""A provider of payment in memory: books of its own, bad days, and the death of whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from groupbuy.payments.providers.reports import (
    Attempt,
    Begun,
    Paid,
    Refunded,
    RefundOrder,
    Refused,
    Unreachable,
)

MOODS = ("well", "well", "well", "silent", "forgetful", "deadly", "deadly afterwards", "unwilling")


class Death(BaseException):
    """The process that asked is gone: nothing after it runs."""


@dataclass(eq=False)
class Trade:
    """What somebody may pay under one number."""

    number: str
    fen: int
    state: str = "unpaid"
    paid_fen: int = 0
    paid_at: datetime | None = None
    back: dict[str, int] = field(default_factory=dict)  # by number of the refund

    def told(self) -> Paid:
        if self.state != "paid":
            return Paid(self.number, "closed" if self.state == "closed" else "unpaid")
        return Paid(self.number, "paid", f"T{self.number}", self.paid_fen, "CNY", self.paid_at)


class Bank:
    """In the place of a provider's module.

    silent: it does not hear us; forgetful: it does what we want, and the answer is lost; deadly:
    who asks dies before, or afterwards; unwilling: it gives nothing back.
    """

    ONLINE = True
    METHODS = ("native",)

    def __init__(self) -> None:
        self.trades: dict[str, Trade] = {}
        self.mood = "well"
        self.heard: list[Paid] = []  # answers that arrived, of what was paid

    def is_on(self) -> bool:
        return True

    @contextmanager
    def feeling(self, mood: str) -> Iterator[None]:
        self.mood = mood
        try:
            yield
        finally:
            self.mood = "well"

    def begin(self, attempt: Attempt) -> Begun:
        with self._asked():
            known = self.trades.setdefault(
                attempt.out_trade_no, Trade(attempt.out_trade_no, attempt.amount_fen)
            )
            assert known.fen == attempt.amount_fen, "another sum under the same number"
        return Begun("qr", url="weixin://")

    def query(self, number: str) -> Paid:
        with self._asked():
            trade = self.trades.get(number)
            told = trade.told() if trade else Paid(number, "unknown")
        if told.state == "paid":
            self.heard.append(told)
        return told

    def close(self, number: str) -> None:
        with self._asked():
            if self.trades[number].state == "paid":
                raise Refused("ORDERPAID")
            self.trades[number].state = "closed"

    def refund(self, order: RefundOrder) -> Refunded:
        with self._asked():
            if self.mood == "unwilling":
                raise Refused("NOT_ENOUGH")
            trade = self.trades[order.out_trade_no]
            known = trade.back.setdefault(order.out_refund_no, order.refund_fen)
            assert known == order.refund_fen, "another sum under the same number"
            assert sum(trade.back.values()) <= trade.paid_fen, "more than was paid"
        return Refunded(order.out_refund_no, "succeeded", order.refund_fen)

    def query_refund(self, order: RefundOrder) -> Refunded:
        with self._asked():
            fen = self.trades[order.out_trade_no].back.get(order.out_refund_no)
        if fen is None:
            return Refunded(order.out_refund_no, "unknown")
        return Refunded(order.out_refund_no, "succeeded", fen)

    def pay(self, number: str, fen: int, at: datetime) -> None:
        """Somebody pays, even what was closed."""
        trade = self.trades[number]
        trade.state, trade.paid_fen, trade.paid_at = "paid", fen, at

    @contextmanager
    def _asked(self) -> Iterator[None]:
        if self.mood == "silent":
            raise Unreachable("no answer")
        if self.mood == "deadly":
            raise Death
        yield
        if self.mood == "forgetful":
            raise Unreachable("the answer was lost")
        if self.mood == "deadly afterwards":
            raise Death
