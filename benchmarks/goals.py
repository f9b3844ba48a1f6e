"""The goals for orders and pages, R1 to R11: how each is measured and what it must reach."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from typing import NamedTuple, TypeVar

from werkzeug.test import TestResponse

from benchmarks import stage
from benchmarks.field import ITEMS, MOST_CLIENTS, PLENTY, Field, Two
from benchmarks.load import Answers, Request, press
from benchmarks.servers import Server
from groupbuy.core.db import transaction
from tests.round_trips import round_trips

BUYERS, PIECES, CROWD = 900, 300, MOST_CLIENTS
HISTORY = 1000  # orders of all items: 100,000 lines
BAGS, SAME_BAGS = 12_000, 20
T = TypeVar("T")


class Row(NamedTuple):
    """A line of the table."""

    goal: str
    what: str
    must: str
    site: str
    floor: str
    ratio: float | None = None

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (
            f"{self.goal:<5} {self.what:<46} {self.must:<10}"
            f" {self.site:>22} {self.floor:>22} {ratio:>8}"
        )


def _speed(answers: Answers) -> str:
    return f"{answers.per_second:.0f}/s, {answers.cpu_ms:.2f} ms CPU"


def _speeds(goal: str, what: str, must: str, two: Two) -> Row:
    ratio = two.site.per_second / two.floor.per_second
    return Row(goal, what, must, _speed(two.site), _speed(two.floor), ratio)


def many_orders(field: Field) -> Iterator[Row]:
    """R1: 16 clients."""
    two = field.order_by_turns(field.goods, 16, lines=3)
    yield _speeds("R1", f"orders of 3 lines over {ITEMS} items, c=16", ">= 0.45", two)
    few = field.order_by_turns(field.goods, 16, lines=3, path="/order-few")
    yield _speeds("", "the same, floor in few statements", "", few)


def one_order(field: Field) -> Iterator[Row]:
    """R2: one client."""
    two = field.order_by_turns(field.goods, 1, lines=3)
    site, bare = (f"{answers.p50:.2f} ms" for answers in two)
    yield Row("R2", "the same, c=1, p50", "<= 3", site, bare, two.site.p50 / two.floor.p50)


def statements(field: Field) -> Iterator[Row]:
    """R3: from BEGIN to COMMIT when an order is placed, and in the whole request."""
    for lines in (3, 1, 3, 50):  # the first wakes what is made once
        seen = _statements(field, next(stage.orders(field.goods, field.visitors[0], lines=lines)))
        ended = seen.index("COMMIT")
        begun = max(n for n in range(ended) if seen[n] == "BEGIN")
        what = f"statements, {lines} lines: of the order, of the request"
        yield Row("R3", what, "<= 12", f"{ended - begun + 1}, {len(seen)}", "")


def long_orders(field: Field) -> Iterator[Row]:
    """R3b: 20 lines."""
    two = field.order_by_turns(field.goods, 16, lines=20, path="/order-few")
    yield _speeds("R3b", "orders of 20 lines, floor in few statements", ">= 0.40", two)
    short = field.order_by_turns(field.goods, 16, lines=3, path="/order-few")
    costs = _each(lambda i: f"{two[i].cpu_ms:.2f} : {short[i].cpu_ms:.2f} ms")
    ratio = two.site.cpu_ms / short.site.cpu_ms
    yield Row("", "CPU of 20 lines : of 3", "<= 2", *costs, ratio)


def hot_item(field: Field) -> Iterator[Row]:
    """R4: one item in every order."""
    wide = field.order_by_turns(field.goods, 16, lines=3)
    hot = field.order_by_turns(field.goods, 16, lines=3, hot=1)
    rows = _each(lambda i: f"{hot[i].per_second:.0f} : {wide[i].per_second:.0f}/s")
    ratio = hot.site.per_second / wide.site.per_second
    yield Row("R4", "one hot item in each order : none, c=16", ">= 0.85", *rows, ratio)


def many_clients(field: Field) -> Iterator[Row]:
    """R5: a hot item wanted by 64 clients, and by 4."""
    few = field.order_by_turns(field.goods, 4, lines=3, hot=1)
    many = field.order_by_turns(field.goods, CROWD, lines=3, hot=1)
    rows = _each(lambda i: f"{many[i].per_second:.0f} : {few[i].per_second:.0f}/s")
    ratio = many.site.per_second / few.site.per_second
    yield Row("R5", "hot item, 64 clients : 4 clients", ">= 0.80", *rows, ratio)


def long_history(field: Field) -> Iterator[Row]:
    """R6: a deal that holds 100,000 lines, and an empty one, in turn."""
    full = field.deal(items=ITEMS, stock=PLENTY, filled=HISTORY)
    empty = field.deal(items=ITEMS, stock=PLENTY)
    outcomes = {goods.name: Answers() for goods in (full, empty)}
    for _ in range(4):
        for goods in (full, empty):
            client = stage.orders(goods, field.visitors[0], lines=3)
            outcomes[goods.name].add(press(field.site, [client], seconds=field.seconds / 2))
    slow, quick = outcomes[full.name], outcomes[empty.name]
    told = f"{slow.p50:.2f} : {quick.p50:.2f} ms"
    yield Row(
        "R6",
        "p50 with 100,000 lines in the deal : empty",
        "<= 1.10",
        told,
        "",
        slow.p50 / quick.p50,
    )


def flash(field: Field, runs: int) -> Iterator[Row]:
    """R7, R8 and R9: 900 people, 64 at a time, want one of 300 pieces each; then all is gone."""
    with transaction():
        buyers = stage.add_visitors(field.app, BUYERS, first=1000)
    outcomes = []
    for _ in range(runs):
        goods = field.deal(items=1, stock=PIECES)
        bare = field.floor_deal(f"flash {goods.items[0]}", items=1, stock=PIECES)
        sent = (next(stage.orders(goods, buyer, lines=1)) for buyer in buyers)
        site = _flash(field.site, sent)
        sent = (next(stage.floor_orders(bare, "/order", lines=1)) for _ in buyers)
        outcomes.append((Two(site, _flash(field.bare, sent)), goods))
    exact = sum(stage.sold(goods) == PIECES for _two, goods in outcomes)
    errors = sum(_server_errors(two.site) for two, _goods in outcomes)
    rightly = sum(two.site.statuses[303] == PIECES for two, _goods in outcomes)
    told = f"{exact} and {rightly} of {runs}, {errors} 5xx"
    yield Row("R7", "900 want 300, 64 at a time: exactly 300 sold", "all, 0 5xx", told, "")
    worst = _each(lambda i: max(two[i].p99 for two, _goods in outcomes))
    took = _each(lambda i: max(two[i].seconds for two, _goods in outcomes))
    for what, must, (ours, floored), unit in (
        ("worst p99 of a flash sale", "<= 3", worst, "ms"),
        ("all 900 answered within", "<= 2.5", took, "s"),
    ):
        yield Row("R8", what, must, f"{ours:.2f} {unit}", f"{floored:.2f} {unit}", ours / floored)
    gone = outcomes[-1][1]
    late = [stage.orders(gone, buyer, lines=1) for buyer in buyers[:16]]
    refused = press(field.site, late, seconds=field.seconds)
    taken = field.order_by_turns(field.goods, 16, lines=1).site
    told = f"{refused.per_second:.0f} : {taken.per_second:.0f}/s"
    yield Row(
        "R9",
        "“sold out” : orders of 1 line, c=16",
        ">= 2",
        told,
        "",
        refused.per_second / taken.per_second,
    )


def scans(field: Field) -> Iterator[Row]:
    """R10: bags of three lines handed over by 16 helpers; then 16 scan the same bag at once."""
    gate = field.gate(bags=BAGS, lines=3)
    two = field.take_turns(
        [stage.scans(gate.waiting, visitor) for visitor in gate.visitors],
        [stage.floor_scans(gate.floor_waiting) for _ in gate.visitors],
    )
    given = stage.collected(gate.leader)
    if {*two.site.statuses, *two.floor.statuses} != {303} or given != len(two.site.ms):
        sys.exit(f"{dict(two.site.statuses)}, {dict(two.floor.statuses)}: {given} bags")
    yield _speeds("R10", "bags of 3 lines handed over, c=16", ">= 0.45", two)
    single = field.take_turns(
        [stage.scans(gate.waiting, gate.visitors[0])], [stage.floor_scans(gate.floor_waiting)]
    )
    alone = _each(lambda i: f"{single[i].p50:.2f} ms")
    yield Row("", "the same, c=1, p50", "", *alone, single.site.p50 / single.floor.p50)
    first_wins = 0
    for _ in range(SAME_BAGS):
        bag = next(gate.waiting)
        rivals = [stage.scans(iter([bag]), visitor) for visitor in gate.visitors]
        answers = press(field.site, rivals).statuses
        first_wins += answers == {303: 1, 409: len(rivals) - 1}
    told = f"{first_wins} of {SAME_BAGS}"
    yield Row("", "16 scan one bag at once: exactly one wins", "all", told, "")
    seen = _statements(field, next(stage.scans(gate.waiting, gate.visitors[0])))
    yield Row("", "statements of the request, BEGIN and COMMIT with them", "", str(len(seen)), "")


def page(field: Field) -> Iterator[Row]:
    """R11: the deal page, for people who have not ordered hundreds of times."""
    with transaction():
        neighbours = stage.add_visitors(field.app, 16, first=5000)
    two = field.take_turns(
        [stage.pages(field.goods, visitor) for visitor in neighbours],
        [stage.floor_pages(field.floor_goods) for _ in range(16)],
    )
    if set(two.site.statuses) | set(two.floor.statuses) != {200}:
        sys.exit(f"pages answered {two.site.statuses}, {two.floor.statuses}")
    yield _speeds("R11", f"deal page, {ITEMS} items, signed in, c=16", ">= 0.40", two)
    for goods, items in ((field.goods, ITEMS), (field.deal(items=10, stock=9), 10)):
        seen = _statements(field, next(stage.pages(goods, neighbours[0])))
        asked = [statement for statement in seen if statement not in ("BEGIN", "COMMIT")]
        yield Row("", f"statements, {items} items", "<= 6", str(len(asked)), "")
    sizes = _each(lambda i: f"{two[i].longest_body / 1024:.0f} KB")
    yield Row("", "size, not compressed", "<= 80 KB", *sizes)


GOALS: dict[str, Callable[..., Iterator[Row]]] = {
    "R1": many_orders,
    "R2": one_order,
    "R3": statements,
    "R3b": long_orders,
    "R4": hot_item,
    "R5": many_clients,
    "R6": long_history,
    "R7": flash,
    "R10": scans,
    "R11": page,
}


def _each(told: Callable[[int], T]) -> tuple[T, T]:
    """What is told of the site, and of the floor: of 0 and of 1 of Two."""
    return told(0), told(1)


def _flash(server: Server, sent: Iterable[Request]) -> Answers:
    """Everything in `sent`, over 64 connections that take the next when theirs is answered."""
    queue = iter(list(sent))
    return press(server, [queue] * CROWD)


def _server_errors(answers: Answers) -> int:
    return sum(count for status, count in answers.statuses.items() if status >= 500)


def _statements(field: Field, request: Request) -> list[str]:
    """What answering `request` asks of the database, by an application in this process."""

    def ask() -> TestResponse:
        return field.app.test_client(use_cookies=False).open(
            request.path, method=request.method, data=request.body, headers=dict(request.headers)
        )

    with round_trips() as seen:
        answer = Context().run(ask)  # an empty one, or it would know who asked before
    if answer.status_code >= 400:
        sys.exit(f"{request.path} answered {answer.status}")
    return seen
