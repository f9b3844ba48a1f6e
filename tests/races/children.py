"""Processes that run the closing job, and die in it when they are told to.

They come from a fork server that has imported the application once, so that a hundred of them
do not take a hundred starts. Each opens the database by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

import sqlalchemy as sa
from flask import Flask

from groupbuy import create_app, jobs
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.orders.ending import end_orders
from groupbuy.orders.models import Order
from groupbuy.orders.moving import move_all
from groupbuy.purchasing import closing, lists
from tests.conftest import SETTINGS

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


class Child:
    """A process that waits with its application made until it is let go."""

    def __init__(self, app: Flask, act: Callable[..., None], *args: Any) -> None:
        settings = SETTINGS | {
            name: app.config[name] for name in ("SQLALCHEMY_DATABASE_URI", "INSTANCE_DIR")
        }
        self._line, other = _processes.Pipe()
        self.process = _processes.Process(target=_live, args=(other, settings, act, *args))
        self.process.start()
        other.close()
        assert self._line.poll(60), "the process did not start"
        self._line.recv()

    def go(self) -> None:
        self._line.send("go")

    def wait_until_done(self) -> None:
        assert self._line.poll(120), "the process does not come to an end"
        self._line.recv()

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> bool:
        """Wait for the end; whether the process came to it alive."""
        self.process.join(120)
        code = self.process.exitcode
        assert code in (0, -signal.SIGKILL), code
        return code == 0


def _live(line: Connection, settings: dict[str, Any], act: Callable[..., None], *args: Any) -> None:
    app = create_app(settings)
    with app.app_context():
        db.session.execute(sa.text("SELECT 1"))
        db.session.rollback()
        line.send("ready")
        line.recv()
        act(*args)
        line.send("done")
        db.session.remove()
        db.engine.dispose()


def close_due(now: datetime) -> None:
    """The job, as the scheduler runs it."""
    jobs.run("close-due", now)


def close_due_dying(now: datetime, writes: int) -> None:
    """`close_due`, with a `kill -9` just before the write or commit after the first `writes`."""
    die_after(writes)
    close_due(now)


def close_due_naively(now: datetime, deals: list[int]) -> None:
    """`close_due` over a list read a moment ago, without the lock and the look at the state."""
    closing.due_deals = lambda _now: deals
    closing.begin = lambda _deal, now: None
    closing.finish = _finish_unguarded
    close_due(now)


def close_due_in_pieces(now: datetime, writes: int) -> None:
    """`close_due_dying` when every part of the last step is its own transaction."""
    jobs.close_deal = _close_in_pieces
    die_after(writes)
    close_due(now)


def die_after(writes: int) -> None:
    """Being killed before a read is the same as after the write before it: reads do not count."""
    left = iter(range(writes))

    def count() -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.lstrip().upper().startswith("SELECT"):
            count()

    sa.event.listen(db.engine, "before_cursor_execute", before_statement)
    sa.event.listen(db.engine, "commit", lambda _connection: count())


def _finish_unguarded(deal: Any, *, now: datetime) -> None:
    end_orders(deal, ("pending", "expired"), "expired", why="", now=now)
    placed = sa.select(Order.id).where(Order.deal_id == deal.id)
    move_all(placed, ("placed", "confirmed"), "confirmed", now=now)
    lists.issue(deal, now=now)
    deal.state = "closed"


def _close_in_pieces(deal_id: int, *, now: datetime) -> None:
    deal = db.session.get_one(closing.Deal, deal_id)
    placed = sa.select(Order.id).where(Order.deal_id == deal_id)
    parts: list[Callable[[], Any]] = [
        lambda: closing.begin(deal, now=now),
        lambda: end_orders(deal, ("pending", "expired"), "expired", why="", now=now),
        lambda: move_all(placed, ("placed", "confirmed"), "confirmed", now=now),
        lambda: lists.issue(deal, now=now),
        lambda: deal.advance("closed", closed_at=now),
    ]
    for part in parts:
        with transaction():
            part()
