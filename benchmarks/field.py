"""One database with the site and the floor on it, and rounds in which both are pressed on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from flask import Flask

from benchmarks import floor, stage
from benchmarks.load import Answers, Request, press
from benchmarks.servers import Server
from groupbuy.accounts.models import Leader
from groupbuy.core.db import transaction

MOST_CLIENTS = 64
ITEMS = 100
PLENTY = 10**7
Clients = Sequence[Iterator[Request]]
T = TypeVar("T")


class Two(NamedTuple):
    """The same asked of the site and of the floor."""

    site: Answers
    floor: Answers


class Shared(Generic[T]):
    """An iterator that many threads take from."""

    def __init__(self, source: Iterable[T]) -> None:
        self._source, self._lock = iter(source), threading.Lock()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._lock:
            return next(self._source)


class Gate(NamedTuple):
    """A leader whose bags stand ready, those who hand them over, and as many bags at the floor."""

    leader: Leader
    visitors: Sequence[stage.Visitor]
    waiting: Iterator[tuple[int, list[int]]]
    floor_waiting: Iterator[str]


class Field:
    """Where the goals are measured; `seconds` is how long a round takes."""

    def __init__(
        self, app: Flask, servers: tuple[Server, Server], floor_url: str, seconds: float
    ) -> None:
        self.app, self.floor_url, self.seconds = app, floor_url, seconds
        self.site, self.bare = servers
        with transaction():
            self.leader = stage.factories.make_leader("林姐")
            self.visitors = stage.add_visitors(app, MOST_CLIENTS)
        self.goods = self.deal(items=ITEMS, stock=PLENTY)
        self.floor_goods = self.floor_deal("deal", items=ITEMS, stock=PLENTY)
        self.take_turns(
            [stage.orders(self.goods, visitor, lines=3) for visitor in self.visitors[:16]],
            [stage.floor_orders(self.floor_goods, "/order", lines=3) for _ in range(16)],
            seconds=2,
        )  # warm: connections, compiled templates and statements

    def deal(self, *, items: int, stock: int, filled: int = 0) -> stage.Goods:
        """A new deal of the site."""
        with transaction():
            return stage.add_deal(self.leader, items=items, stock=stock, filled=filled)

    def floor_deal(self, name: str, *, items: int, stock: int) -> stage.Goods:
        """A new deal of the floor."""
        return stage.Goods(name, floor.add_deal(self.floor_url, name, items=items, stock=stock))

    def gate(self, *, bags: int, lines: int) -> Gate:
        """A gate with 16 phones of a leader, before so many bags."""
        with transaction():
            leader = stage.factories.make_leader("周叔")
            visitors = [stage.let_in(self.app, leader.user) for _ in range(16)]
        inside = stage.add_bags(leader, count=bags, lines=lines)
        tokens = floor.add_bags(self.floor_url, count=bags, lines=lines)
        return Gate(leader, visitors, Shared(inside.items()), Shared(tokens))

    def take_turns(
        self, site: Clients, bare: Clients, *, seconds: float = 0, rounds: int = 2
    ) -> Two:
        """Press on the floor and on the site in turn; `site` and `bare` send without end."""
        two = Two(Answers(), Answers())
        for _ in range(rounds):
            two.floor.add(press(self.bare, bare, seconds=seconds or self.seconds))
            two.site.add(press(self.site, site, seconds=seconds or self.seconds))
        return two

    def order_by_turns(
        self, goods: stage.Goods, clients: int, *, lines: int, path: str = "/order", hot: int = 0
    ) -> Two:
        """Orders of `lines` lines, the first `hot` items always among them, of so many clients.

        Ends the measurement when one was not taken, or when what was sold does not add up.
        """
        before = stage.sold(goods), floor.sold(self.floor_url, self.floor_goods.name)
        two = self.take_turns(
            [
                stage.orders(goods, visitor, lines=lines, hot=goods.items[:hot])
                for visitor in self.visitors[:clients]
            ],
            [
                stage.floor_orders(
                    self.floor_goods, path, lines=lines, hot=self.floor_goods.items[:hot]
                )
                for _ in range(clients)
            ],
        )
        after = stage.sold(goods), floor.sold(self.floor_url, self.floor_goods.name)
        for answers, then, now in zip(two, before, after, strict=True):
            if set(answers.statuses) != {303} or now - then != lines * len(answers.ms):
                sys.exit(f"{dict(answers.statuses)}: {now - then} pieces, {lines} lines each")
        return two
