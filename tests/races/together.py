"""Many people at the same moment: each act in a thread with an application context of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import Flask

from groupbuy.core.db import moment, retrying, transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.extensions import db

T = TypeVar("T")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Answers(list[Any]):
    """What each act answered, in the order of the acts: a value, or what it raised."""

    @property
    def yes(self) -> list[Any]:
        return [answer for answer in self if not isinstance(answer, Exception)]

    @property
    def refused(self) -> list[RuleBroken]:
        return [answer for answer in self if isinstance(answer, RuleBroken)]

    @property
    def errors(self) -> list[Exception]:
        """What no person should ever see."""
        return [
            answer
            for answer in self
            if isinstance(answer, Exception) and not isinstance(answer, RuleBroken)
        ]


def together(app: Flask, acts: Sequence[Callable[[], Any]]) -> Answers:
    """Let all `acts` go at once and wait for the last."""
    answers = Answers([None] * len(acts))
    start = threading.Barrier(len(acts))

    def go(place: int, act: Callable[[], Any]) -> None:
        with app.app_context():
            start.wait(60)
            try:
                answers[place] = act()
            except Exception as error:
                answers[place] = error

    threads = [threading.Thread(target=go, args=pair, daemon=True) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads), "somebody is still waiting"
    return answers


def at_the_edge(act: Callable[[], T]) -> T:
    """`act` as a page does it: one transaction, again after a passing failure."""

    def once() -> T:
        with transaction():
            return act()

    return retrying(once)


def database_clock() -> datetime:
    """The time by which a window is judged."""
    instant = moment(LONG_AGO)
    db.session.rollback()
    return instant
