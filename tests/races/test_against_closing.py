"""The last moments of a window: everything that was answered with yes is wholly in, or ended.

These windows are real: they close by the database's own clock while people are still at it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import invariants, jobs
from groupbuy.accounts.models import Member
from groupbuy.core import clock
from groupbuy.core.db import on_postgresql, transaction
from groupbuy.core.errors import RuleBroken, WrongState
from groupbuy.deals.editing import shorten
from groupbuy.deals.models import Deal
from groupbuy.deals.window import DealClosed, lock_for_deciding
from groupbuy.extensions import db
from groupbuy.orders import changing, placing
from groupbuy.orders.changing import cancel_order, change_order
from groupbuy.orders.models import Order, OrderEvent, OrderLine
from groupbuy.orders.placing import OrderForm, place_order
from groupbuy.orders.vouching import vouch
from groupbuy.purchasing.closing import NotDue
from groupbuy.purchasing.models import PurchaseLine, PurchaseList, PurchaseRevision
from tests.factories import form_for, make_deal, make_leader, make_member, make_order, make_sku
from tests.races.together import at_the_edge, database_clock, together

LAST = timedelta(milliseconds=200)
MANY = 60  # pieces of the orders that are made smaller, one by one


def slow_clock() -> datetime:
    """The clock of a host that is five seconds behind: it must not let anybody in."""
    return clock.now() - timedelta(seconds=5)


@dataclass
class Told:
    """What a person was told about an order: how it must end, and with how many pieces."""

    order_id: int
    ending: str
    pieces: int
    begun: datetime | None = None  # when the last thing that had to be in time was asked for


class LastMoments:
    """A deal that closes in a moment, and what people do to it until then."""

    def __init__(self, pay_at_pickup: bool) -> None:
        opened = clock.now() - timedelta(hours=1)
        self.pay_at_pickup = pay_at_pickup
        with transaction():
            leader = make_leader()
            deal = make_deal(
                leader=leader,
                skus=[make_sku(leader), make_sku(leader)],
                opens_at=opened,
                closes_at=opened + timedelta(hours=2),
                points=2,
                pay_at_pickup=pay_at_pickup,
            )
            self.deal_id, self.point_id = deal.id, deal.points[1].id
            self.items = [item.id for item in deal.items]
            self.members = [make_member(leader).id for _ in range(4)]
            self.shrinking, self.leaving = self._placed(deal, MANY), self._placed(deal, 3)
            self.growing = [] if pay_at_pickup else self._pending(deal)
            self.owing = [] if pay_at_pickup else self._pending(deal)
        with transaction():
            self.closes_at = clock.now() + LAST + timedelta(milliseconds=50)
            shorten(db.session.get_one(Deal, self.deal_id), self.closes_at, now=clock.now())

    def acts(self) -> list[Callable[[], Any]]:
        """Everything people do, each act in its own thread; most until they are refused."""
        return [
            *(lambda m=m: self.keep_ordering(m) for m in self.members),
            *(lambda o=o: self.keep_changing(o, "confirmed", MANY, -1) for o in self.shrinking),
            *(lambda o=o: self.keep_changing(o, "expired", 1, 1) for o in self.growing),
            *(lambda o=o: self.cancel(o) for o in self.leaving),
            *(lambda o=o: self.vouch(o) for o in self.owing),
        ]

    def keep_ordering(self, member_id: int) -> list[Told]:
        told: list[Told] = []
        while True:
            begun = database_clock()
            answer = _asked(lambda: self._order(member_id))
            if answer is None:
                return told
            vouched = self.pay_at_pickup or self.vouch(answer).ending == "confirmed"
            told.append(Told(answer, "confirmed" if vouched else "expired", 3, begun))

    def keep_changing(self, order_id: int, ending: str, pieces: int, step: int) -> Told:
        told = Told(order_id, ending, pieces)
        while pieces + step > 0:
            begun = database_clock()
            pieces += step
            if _asked(lambda: self._change(order_id, pieces)) is None:  # noqa: B023
                break
            told.pieces, told.begun = pieces, begun
        return told

    def cancel(self, order_id: int) -> Told:
        _wait_until(self.closes_at - random.random() * LAST * 0.3)
        begun = database_clock()
        if _asked(lambda: self._cancel(order_id)) is None:
            return Told(order_id, "confirmed", 3)
        return Told(order_id, "cancelled", 0, begun)

    def vouch(self, order_id: int) -> Told:
        if order_id in self.owing:
            _wait_until(self.closes_at - random.random() * LAST * 0.3)
        done = _asked(lambda: self._vouch(order_id))
        pieces = _pieces(order_id)
        db.session.rollback()
        return Told(order_id, "confirmed" if done else "expired", pieces)

    def close(self) -> bool:
        """Try to close until somebody has; whether it was this one."""
        while True:
            try:
                jobs.close_deal(self.deal_id, now=clock.now())
            except NotDue:
                time.sleep(0.003)
            except WrongState:
                return False
            else:
                return True

    def _placed(self, deal: Deal, pieces: int) -> list[int]:
        orders = [make_order(deal, pieces, now=clock.now()) for _ in range(2)]
        for order in () if self.pay_at_pickup else orders:
            vouch(order, by_id=None, now=clock.now())
        return [order.id for order in orders]

    def _pending(self, deal: Deal) -> list[int]:
        return [make_order(deal, 1, now=clock.now()).id for _ in range(3)]

    def _order(self, member_id: int) -> int:
        deal = db.session.get_one(Deal, self.deal_id)
        member = db.session.get_one(Member, member_id)
        form = form_for(deal, 2, 1, point_id=self.point_id)
        return place_order(member, deal, form, now=slow_clock()).id

    def _change(self, order_id: int, pieces: int) -> int:
        order = db.session.get_one(Order, order_id)
        form = OrderForm({self.items[0]: pieces}, self.point_id, f"change-{order.version}")
        change_order(order, form, version=order.version, now=slow_clock(), actor_id=None)
        return order_id

    def _cancel(self, order_id: int) -> int:
        cancel_order(db.session.get_one(Order, order_id), now=slow_clock(), actor_id=None)
        return order_id

    def _vouch(self, order_id: int) -> int:
        vouch(db.session.get_one(Order, order_id), by_id=None, now=clock.now())
        return order_id


def _asked(act: Callable[[], int]) -> int | None:
    """The answer at the edge, None for a refusal."""
    try:
        return at_the_edge(act)
    except RuleBroken:
        return None


def _wait_until(instant: datetime) -> None:
    time.sleep(max(0.0, (instant - clock.now()).total_seconds()))


def _pieces(order_id: int) -> int:
    kept = sa.select(sa.func.sum(OrderLine.kept_pieces)).where(OrderLine.order_id == order_id)
    return int(db.session.scalars(kept).one())


def _flat(answers: list[Any]) -> list[Told]:
    return [
        told for answer in answers for told in (answer if isinstance(answer, list) else [answer])
    ]


def _check(moments: LastMoments, told: list[Told]) -> None:
    for each in told:
        order = db.session.get_one(Order, each.order_id)
        on_list = [line.purchase_line_id is not None for line in order.lines if line.kept_pieces]
        assert order.state == each.ending, each
        assert each.begun is None or each.begun < moments.closes_at, each
        if each.ending == "confirmed":
            assert _pieces(order.id) == each.pieces, each
            assert set(on_list) == {True}
        else:
            assert order.events[-1].kind == each.ending
            assert _pieces(order.id) == 0
    late = sa.select(OrderEvent.id).join(Order, Order.id == OrderEvent.order_id)
    late = late.where(Order.deal_id == moments.deal_id, OrderEvent.at >= moments.closes_at)
    in_time = OrderEvent.kind.in_(("ordered", "accepted", "changed", "cancelled"))
    assert db.session.scalars(late.where(in_time)).all() == []
    assert _listed(moments.deal_id) == _confirmed(moments.deal_id)
    assert invariants.broken() == {}


def _listed(deal_id: int) -> int:
    listed = (
        sa.select(sa.func.sum(PurchaseLine.pieces))
        .join(PurchaseRevision)
        .join(PurchaseList)
        .where(PurchaseList.deal_id == deal_id)
    )
    return int(db.session.scalars(listed).one())


def _confirmed(deal_id: int) -> int:
    kept = (
        sa.select(sa.func.sum(OrderLine.kept_pieces))
        .join(Order)
        .where(Order.deal_id == deal_id, Order.state == "confirmed")
    )
    return int(db.session.scalars(kept).one())


@pytest.mark.parametrize(
    "rounds", [8, pytest.param(20, marks=pytest.mark.slow)], ids=["8 rounds", "20 rounds"]
)
def test_what_is_told_in_the_last_200_milliseconds_is_kept(shared_app: Flask, rounds: int) -> None:
    accepted = 0
    for number in range(rounds):
        moments = LastMoments(pay_at_pickup=bool(number % 2))
        db.session.remove()

        answers = together(shared_app, [*moments.acts(), moments.close, moments.close])

        assert answers.errors == []
        assert sorted(answers[-2:]) == [False, True]
        told = _flat(answers[:-2])
        accepted += sum(each.begun is not None for each in told)
        _check(moments, told)
        db.session.rollback()
    assert accepted > rounds  # people did get through until the end


@pytest.mark.parametrize("act", ["_order", "_cancel"])
def test_control_an_act_that_only_looked_before_the_closing_breaks_the_list(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    moments = LastMoments(pay_at_pickup=True)
    looked_at = clock.now()
    assert looked_at < moments.closes_at
    db.session.remove()
    moments.close()

    who = moments.members[0] if act == "_order" else moments.leaving[0]
    with pytest.raises(DealClosed):
        at_the_edge(lambda: getattr(moments, act)(who))
    for module in (placing, changing):
        monkeypatch.setattr(module, "lock_for_buying", lambda _deal, _now: looked_at)
    assert at_the_edge(lambda: getattr(moments, act)(who))

    assert any(claim.startswith("I6") for claim in invariants.broken())


@pytest.mark.postgres
def test_who_comes_while_a_long_closing_is_at_work_need_not_wait_for_it(shared_app: Flask) -> None:
    if not on_postgresql():
        pytest.skip("on SQLite every writer waits for the one before")
    moments = LastMoments(pay_at_pickup=True)
    with transaction():
        db.session.get_one(Deal, moments.deal_id).advance("closing")
    db.session.remove()
    working, asked = threading.Event(), threading.Event()

    def closing_at_work() -> None:
        with transaction():
            lock_for_deciding(db.session.get_one(Deal, moments.deal_id))
            working.set()
            asked.wait(20)

    def buyer() -> float:
        working.wait(20)
        begun = time.monotonic()
        with pytest.raises(DealClosed):
            at_the_edge(lambda: moments._order(moments.members[0]))
        asked.set()
        return time.monotonic() - begun

    answers = together(shared_app, [closing_at_work, buyer])

    assert answers.errors == []
    assert answers[1] < 1  # second, and not the three after which a lock is given up
