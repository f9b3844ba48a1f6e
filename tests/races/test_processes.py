"""Closing in several processes at once, and in processes that are killed."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import invariants
from groupbuy.core.db import transaction
from groupbuy.core.models import JobRun
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.orders.models import Order, OrderLine
from groupbuy.purchasing.models import PurchaseLine, PurchaseList, PurchaseRevision
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_sku
from tests.races.children import (
    Child,
    close_due,
    close_due_dying,
    close_due_in_pieces,
    close_due_naively,
)
from tests.races.crowd import PIECES, fill

log = logging.getLogger(__name__)
DUE = NOON + timedelta(hours=8)
ROOT = Path(__file__).parents[2]


def due_deal(placed: int, pending: int) -> int:
    """A deal of three items from three suppliers, with so many orders, that is due at DUE."""
    with transaction():
        leader = make_leader()
        deal = make_deal(leader=leader, skus=[make_sku(leader) for _ in range(3)], points=2)
        fill(deal, placed=placed, pending=pending)
        deal_id = deal.id
    db.session.remove()
    return deal_id


def due_deals(count: int) -> list[int]:
    """Deals of one supplier, with three paid orders each, that are due at DUE."""
    with transaction():
        leader = make_leader()
        deals = [make_deal(leader=leader) for _ in range(count)]
        for deal in deals:
            fill(deal, placed=3)
        ids = [deal.id for deal in deals]
    db.session.remove()
    return ids


def state(deal_id: int) -> str:
    found = db.session.scalars(sa.select(Deal.state).where(Deal.id == deal_id)).one()
    db.session.rollback()
    return found


def assert_closed_once(deal_id: int, placed: int, pending: int) -> None:
    """Every line in exactly one list, one revision per supplier, every message owed once."""
    assert state(deal_id) == "closed"
    orders = sa.select(Order.state).where(Order.deal_id == deal_id)
    assert Counter(db.session.scalars(orders)) == Counter(confirmed=placed, expired=pending)
    revisions = sa.select(PurchaseRevision.revision).join(PurchaseList)
    listed = db.session.scalars(revisions.where(PurchaseList.deal_id == deal_id)).all()
    assert listed == [1, 1, 1]
    pieces = (
        sa.select(PurchaseLine.pieces, sa.func.count(OrderLine.id), sa.func.sum(OrderLine.quantity))
        .join(OrderLine, OrderLine.purchase_line_id == PurchaseLine.id)
        .where(OrderLine.deal_id == deal_id)
        .group_by(PurchaseLine.id)
    )
    assert db.session.execute(pieces).all() == [(placed * PIECES, placed, placed * PIECES)] * 3
    told = db.session.scalars(sa.select(Notice.kind).where(Notice.deal_id == deal_id))
    kinds = Counter(told)
    assert (kinds["list_issued"], kinds["expired"]) == (3, pending)
    assert invariants.broken() == {}
    db.session.rollback()


def close_for_good(app: Flask) -> None:
    """The command an operator would give."""
    settings = {
        "DATABASE_URL": "SQLALCHEMY_DATABASE_URI",
        "SECRET_KEY": "SECRET_KEY",
        "DATA_KEYS": "DATA_KEYS",
        "LOOKUP_KEY": "LOOKUP_KEY",
        "INSTANCE_DIR": "INSTANCE_DIR",
    }
    subprocess.run(
        [sys.executable, "-m", "flask", "jobs", "run", "close-due", "--now", DUE.isoformat()],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "FLASK_APP": "wsgi.py"}
        | {name: app.config[key] for name, key in settings.items()},
    )


def test_four_schedulers_close_fifty_deals_once_each(shared_app: Flask) -> None:
    deals = due_deals(50)

    runs = run_together([Child(shared_app, close_due, DUE) for _ in range(4)])

    assert sum(run.done for run in runs) == 50
    assert [run.failed for run in runs] == [0] * 4
    assert {state(deal_id) for deal_id in deals} == {"closed"}
    for table in (PurchaseList, PurchaseRevision, PurchaseLine):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(table)) == 50
    told = sa.select(Notice.deal_id).where(Notice.kind == "list_issued")
    assert sorted(db.session.scalars(told)) == sorted(deals)
    assert invariants.broken() == {}


def test_control_schedulers_that_trust_an_earlier_list_trip_over_each_other(
    shared_app: Flask,
) -> None:
    deals = due_deals(5)
    children = [Child(shared_app, close_due_naively, DUE, deals) for _ in range(4)]

    for child in children:
        runs = run_together([child])

    assert sum(run.done for run in runs) == 20  # each closes them all once more


def run_together(children: list[Child]) -> list[JobRun]:
    """Let the children go at once; all runs in the ledger afterwards."""
    for child in children:
        child.go()
    assert all(child.end() for child in children)
    runs = list(db.session.scalars(sa.select(JobRun).order_by(JobRun.id)))
    db.session.rollback()
    return runs


def killed_at_every_write(app: Flask, act: Callable[..., None]) -> Iterator[int]:
    """Start `act` again and again, each time killed one write later, until it comes to its end."""
    for writes in range(200):
        child = Child(app, act, DUE, writes)
        child.go()
        if child.end():
            return
        yield writes


def test_a_close_may_be_killed_before_every_single_write(shared_app: Flask) -> None:
    deal_id = due_deal(placed=5, pending=2)
    seen: list[str] = []

    for _ in killed_at_every_write(shared_app, close_due_dying):
        seen.append(state(deal_id))
        assert invariants.broken() == {}
        db.session.rollback()

    assert set(seen) == {"open", "closing", "closed"}
    assert len(seen) > 20
    assert_closed_once(deal_id, placed=5, pending=2)


def test_control_a_close_in_several_transactions_is_left_half_done(shared_app: Flask) -> None:
    due_deal(placed=5, pending=2)

    for _ in killed_at_every_write(shared_app, close_due_in_pieces):
        if invariants.broken():
            return
        db.session.rollback()
    pytest.fail("nothing was ever half done")


@pytest.mark.parametrize(
    "kills", [8, pytest.param(100, marks=pytest.mark.slow)], ids=["8 kills", "100 kills"]
)
def test_a_close_of_a_thousand_orders_survives_kills_at_random(
    shared_app: Flask, kills: int
) -> None:
    seconds = time_of_a_close(shared_app)
    seed = random.randrange(10**6)
    log.info("seed %s, %.3f s a close", seed, seconds)
    chance, left, hit = random.Random(seed), kills, Counter[str]()
    while left:
        deal_id = due_deal(placed=900, pending=100)
        while left and state(deal_id) != "closed":
            child = Child(shared_app, close_due, DUE)
            child.go()
            time.sleep(chance.uniform(0, seconds))
            child.kill()
            if not child.end():
                left -= 1
                hit[state(deal_id)] += 1
        close_for_good(shared_app)
        assert_closed_once(deal_id, placed=900, pending=100)
    log.info("state of the deal after each kill: %s", dict(hit))
    assert hit["open"] + hit["closing"] > 0  # or nothing was interrupted


def time_of_a_close(app: Flask) -> float:
    """Seconds in which one deal of a thousand orders closes."""
    due_deal(placed=900, pending=100)
    child = Child(app, close_due, DUE)
    begun = time.monotonic()
    child.go()
    child.wait_until_done()
    seconds = time.monotonic() - begun
    assert child.end()
    return seconds
