"""Two people decide at once about one deal or order: one of them is told that it is too late."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import invariants, jobs
from groupbuy.accounts.models import Member
from groupbuy.core.db import Stateful, transaction
from groupbuy.core.errors import RuleBroken, WrongState
from groupbuy.deals.editing import extend, shorten
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.window import DealClosed
from groupbuy.extensions import db
from groupbuy.orders.changing import expire_order
from groupbuy.orders.ending import cancel_deal
from groupbuy.orders.models import Order
from groupbuy.orders.placing import place_order
from groupbuy.orders.vouching import vouch
from groupbuy.purchasing import closing
from tests.conftest import NOON
from tests.factories import form_for, make_deal, make_member, make_order
from tests.races.together import at_the_edge, together

SOON = NOON + timedelta(seconds=1)
DUE = NOON + timedelta(hours=8)
BEFORE = DUE - timedelta(milliseconds=1)
LATER = DUE + timedelta(hours=1)


def new_deal(**values: Any) -> int:
    with transaction():
        deal_id = make_deal(**values).id
    db.session.remove()
    return deal_id


def on_deal(deal_id: int, act: Callable[..., Any], *args: Any, **values: Any) -> str:
    """The name of `act` once it was carried out."""
    at_the_edge(lambda: act(db.session.get_one(Deal, deal_id), *args, **values))
    return act.__name__


def close(deal_id: int, now: datetime = DUE) -> str:
    jobs.close_deal(deal_id, now=now)
    return "close"


def test_a_deal_is_extended_and_open_or_closed_but_never_both(shared_app: Flask) -> None:
    for _ in range(10):
        deal_id = new_deal()

        answers = together(
            shared_app,
            [lambda: on_deal(deal_id, extend, LATER, now=BEFORE), lambda: close(deal_id)],  # noqa: B023
        )

        assert answers.errors == []
        deal = db.session.get_one(Deal, deal_id)
        extended = (deal.state, deal.closes_at) == ("open", LATER)
        assert answers.yes == (["extend"] if extended else ["close"])
        assert type(answers.refused[0]) is (closing.NotDue if extended else DealClosed)
        assert extended or (deal.state, deal.closes_at) == ("closed", DUE)
        db.session.rollback()
    assert invariants.broken() == {}


def test_a_deal_is_shortened_before_it_closes_or_not_at_all(shared_app: Flask) -> None:
    earlier = DUE - timedelta(minutes=1)
    for _ in range(10):
        deal_id = new_deal()

        answers = together(
            shared_app,
            [
                lambda: on_deal(deal_id, shorten, earlier, now=NOON),  # noqa: B023
                lambda: close(deal_id),  # noqa: B023
            ],
        )

        assert answers.errors == []
        deal = db.session.get_one(Deal, deal_id)
        assert deal.state == "closed"
        assert deal.closes_at == (earlier if "shorten" in answers else DUE)
        assert [type(refusal) for refusal in answers.refused] in ([], [DealClosed])
        db.session.rollback()


def test_control_a_job_that_trusts_its_list_closes_an_extended_deal(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal_id = new_deal()
    assert closing.due_deals(DUE) == [deal_id]
    on_deal(deal_id, extend, LATER, now=BEFORE)

    with pytest.raises(closing.NotDue):
        close(deal_id)
    monkeypatch.setattr(closing, "begin", lambda deal, now: deal.advance("closing"))
    close(deal_id)  # and the leader was told that it is open for another hour


@pytest.mark.parametrize("act", ["called off", "closed early"])
def test_nobody_is_let_into_a_deal_that_is_ended_meanwhile(shared_app: Flask, act: str) -> None:
    for _ in range(4):
        deal_id, members = crowded_deal(8, pay_at_pickup=True)

        def end() -> str:
            if act == "called off":
                return on_deal(deal_id, cancel_deal, because="大雨", now=NOON)  # noqa: B023
            on_deal(deal_id, closing.begin_early, because="大雨", now=SOON)  # noqa: B023
            return close(deal_id, SOON)  # noqa: B023

        buyers = [lambda m=m: buy(deal_id, m) for m in members]  # noqa: B023
        answers = together(shared_app, [*buyers[:4], end, *buyers[4:]])

        assert answers.errors == []
        assert {type(refusal) for refusal in answers.refused} <= {DealClosed}
        ending = "cancelled" if act == "called off" else "confirmed"
        orders = list(db.session.scalars(sa.select(Order).where(Order.deal_id == deal_id)))
        assert {order.id for order in orders} == {a for a in answers.yes if isinstance(a, int)}
        assert {order.state for order in orders} <= {ending}
        db.session.rollback()
    assert invariants.broken() == {}


def crowded_deal(members: int, **values: Any) -> tuple[int, list[int]]:
    with transaction():
        deal = make_deal(**values)
        return deal.id, [make_member(deal.leader).id for _ in range(members)]


def buy(deal_id: int, member_id: int) -> int:
    def act() -> int:
        deal = db.session.get_one(Deal, deal_id)
        member = db.session.get_one(Member, member_id)
        return place_order(member, deal, form_for(deal, 1), now=NOON).id

    return at_the_edge(act)


PAY_BY = NOON + timedelta(minutes=15)


def held_orders(count: int) -> tuple[int, list[int]]:
    """A deal of `count` units, each held by an unpaid order until PAY_BY."""
    with transaction():
        deal = make_deal(stock=count, hold_minutes=15)
        orders = [make_order(deal).id for _ in range(count)]
        deal_id = deal.id
    db.session.remove()
    return deal_id, orders


def expire(order_id: int) -> str:
    at_the_edge(lambda: expire_order(db.session.get_one(Order, order_id), now=PAY_BY))
    return "free"


def pay(order_id: int) -> str:
    at_the_edge(lambda: vouch(db.session.get_one(Order, order_id), by_id=None, now=PAY_BY))
    return "sold"


def one_after_another(
    orders: list[int], act: Callable[[int], str], meet: threading.Barrier, waits: int
) -> list[Any]:
    """`act` on each order, both sides of the race starting together; `waits` turns the odds."""
    answers: list[Any] = []
    for place, order_id in enumerate(orders):
        meet.wait(60)
        if place % 2 == waits:
            time.sleep(0.001 * (place % 5))
        try:
            answers.append(act(order_id))
        except RuleBroken as refusal:
            answers.append(refusal)
    return answers


@pytest.mark.parametrize(
    "count", [100, pytest.param(500, marks=pytest.mark.slow)], ids=["100 units", "500 units"]
)
def test_a_unit_whose_hold_ends_while_it_is_paid_is_sold_or_free(
    shared_app: Flask, count: int
) -> None:
    deal_id, orders = held_orders(count)
    meet = threading.Barrier(2)

    answers = together(
        shared_app,
        [
            lambda: one_after_another(orders, expire, meet, 0),
            lambda: one_after_another(orders, pay, meet, 1),
        ],
    )

    assert answers.errors == []
    fates = [
        [said for said in pair if not isinstance(said, RuleBroken)]
        for pair in zip(*answers, strict=True)
    ]
    assert {len(fate) for fate in fates} == {1}  # never both, never neither
    sold = sum(fate == ["sold"] for fate in fates)
    assert 0 < sold < count  # both sides won sometimes, or this was no race
    assert db.session.scalars(sa.select(DealItem.sold)).one() == sold
    for place, order_id in enumerate(orders):
        state = db.session.get_one(Order, order_id).state
        assert state == {"sold": "placed", "free": "expired"}[fates[place][0]]
    assert invariants.broken() == {}
    db.session.rollback()
    assert [buy_again(deal_id) for _ in range(count - sold + 1)].count(True) == count - sold


def buy_again(deal_id: int) -> bool:
    try:
        with transaction():
            make_order(db.session.get_one(Deal, deal_id), now=PAY_BY)
    except RuleBroken:
        return False
    return True


def test_control_without_the_guarded_step_a_unit_is_sold_and_free(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _deal_id, orders = held_orders(5)

    def advance_from(row: Any, _old_state: str, new_state: str, **values: Any) -> Any:
        return advance(row, new_state, **values)

    def advance(row: Any, new_state: str, *_conditions: Any, **values: Any) -> Any:
        step = sa.update(type(row)).where(type(row).id == row.id)
        db.session.execute(step.values(state=new_state, **values))
        db.session.refresh(row)
        return row

    pay(orders[0])
    with pytest.raises(WrongState):
        expire(orders[0])
    monkeypatch.setattr(Stateful, "advance", advance)
    monkeypatch.setattr(Stateful, "advance_from", advance_from)
    answers = [(pay(order_id), expire(order_id)) for order_id in orders[1:]]

    assert answers == [("sold", "free")] * 4
    assert db.session.scalars(sa.select(DealItem.sold)).one() == 1  # of the five told "sold"
