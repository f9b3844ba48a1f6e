"""Everybody does everything to one deal: nobody may see an error, not even one that passes.

Two transactions that take locks in different orders end in a deadlock; PostgreSQL breaks it by
failing one of them, and `retrying` would hide it. So nothing is retried here.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError

from groupbuy import invariants
from groupbuy.accounts.models import Member
from groupbuy.core.db import on_postgresql, transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.deals import stock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders import roll
from groupbuy.orders.changing import cancel_order, change_order
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm, place_order
from groupbuy.orders.vouching import vouch, vouch_all
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_member, make_sku
from tests.races.together import Answers, together


class Crowd:
    """A deal of several items, and people who do one thing after the other to it."""

    def __init__(self, people: int, **values: Any) -> None:
        with transaction():
            leader = make_leader()
            deal = make_deal(
                leader=leader,
                skus=[make_sku(leader) for _ in range(4)],
                stock=500,
                limit_per_item=400,
                **values,
            )
            self.deal_id, self.point_id = deal.id, deal.points[0].id
            self.items = [item.id for item in deal.items]
            self.members = [make_member(leader).id for _ in range(people)]
        db.session.remove()

    def busy(self, seed: int, acts: int) -> int:
        """One person who does `acts` things at random; returns how many were allowed."""
        chance, done = random.Random(seed), 0
        for number in range(acts):
            act = chance.choice([self.order, self.order, self.change, self.leave, self.pay])
            try:
                with transaction():
                    act(chance, f"{seed}-{number}")
            except RuleBroken:
                continue
            done += 1
        return done

    def order_of(self, number: int, pieces: Mapping[int, int], key: str) -> Order:
        member = db.session.get_one(Member, self.members[number])
        deal = db.session.get_one(Deal, self.deal_id)
        return place_order(member, deal, OrderForm(pieces, self.point_id, key), now=NOON)

    def order(self, chance: random.Random, key: str) -> None:
        self.order_of(chance.randrange(len(self.members)), self._form(chance, key).quantities, key)

    def change(self, chance: random.Random, key: str) -> None:
        order = self._some_order(chance)
        form = self._form(chance, key)
        change_order(order, form, version=order.version, now=NOON, actor_id=None)

    def leave(self, chance: random.Random, key: str) -> None:
        cancel_order(self._some_order(chance), now=NOON, actor_id=None)

    def pay(self, chance: random.Random, key: str) -> None:
        order = self._some_order(chance)
        if chance.random() < 0.5:
            vouch(order, by_id=None, now=NOON)
            return
        pending = sa.select(Order).where(Order.deal_id == self.deal_id, Order.state == "pending")
        vouch_all(order.deal, list(db.session.scalars(pending.limit(5))), by_id=None, now=NOON)

    def _form(self, chance: random.Random, key: str) -> OrderForm:
        wanted = chance.sample(self.items, chance.randint(1, len(self.items)))
        return OrderForm({item: chance.randint(1, 3) for item in wanted}, self.point_id, key)

    def _some_order(self, chance: random.Random) -> Order:
        live = sa.select(Order).where(
            Order.deal_id == self.deal_id, Order.state.in_(("pending", "placed"))
        )
        orders = list(db.session.scalars(live.order_by(Order.id).limit(8)))
        if not orders:
            raise RuleBroken
        return chance.choice(orders)


def storm(app: Flask, crowd: Crowd, people: int, acts: int) -> Answers:
    persons: list[Callable[[], Any]] = [
        lambda seed=seed: crowd.busy(seed, acts) for seed in range(people)
    ]
    return together(app, persons)


@pytest.mark.parametrize(
    "acts", [12, pytest.param(100, marks=pytest.mark.slow)], ids=["12 acts", "100 acts"]
)
@pytest.mark.parametrize("pay_at_pickup", [False, True], ids=["paid before", "paid at pickup"])
def test_a_crowd_meets_no_error_that_would_have_to_be_retried(
    shared_app: Flask, pay_at_pickup: bool, acts: int
) -> None:
    crowd = Crowd(6, pay_at_pickup=pay_at_pickup)

    answers = storm(shared_app, crowd, people=8, acts=acts)

    assert answers.errors == []
    assert sum(answers) > acts  # much of it was allowed
    assert invariants.broken() == {}


@pytest.mark.postgres
def test_control_a_change_that_takes_the_roll_after_the_items_deadlocks(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not on_postgresql():
        pytest.skip("SQLite has one writer: nobody can hold what another waits for")
    crowd = Crowd(2, pay_at_pickup=True)
    two = dict.fromkeys(crowd.items[:2], 1)
    with transaction():
        order_id = crowd.order_of(0, two, "first").id
    lock_items, next_number = stock.lock_items, roll.next_number
    met, both = threading.local(), threading.Barrier(2)

    def meet_once() -> None:
        if not hasattr(met, "already"):
            met.already = True
            both.wait(20)

    def change() -> None:
        order = db.session.get_one(Order, order_id)
        form = OrderForm(dict.fromkeys(two, 2), crowd.point_id, "more")
        change_order(order, form, version=order.version, now=NOON, actor_id=None)

    monkeypatch.setattr(roll, "lock", lambda _deal: None)
    monkeypatch.setattr(stock, "lock_items", lambda ids: (lock_items(ids), meet_once()))
    monkeypatch.setattr(roll, "next_number", lambda deal: (next_number(deal), meet_once())[0])
    answers = together(
        shared_app,
        [
            lambda: _in_transaction(change),
            lambda: _in_transaction(crowd.order_of, 1, two, "second"),
        ],
    )

    [deadlock] = answers.errors
    assert isinstance(deadlock, DBAPIError)
    assert getattr(deadlock.orig, "sqlstate", "") == "40P01"


def _in_transaction(act: Callable[..., Any], *args: Any) -> None:
    with transaction():
        act(*args)
