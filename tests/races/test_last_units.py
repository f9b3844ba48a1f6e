"""Many want the same thing: units, one form, what one person may have, the next number."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import invariants
from groupbuy.accounts.models import Member
from groupbuy.core.db import transaction
from groupbuy.deals import stock
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.stock import SoldOut
from groupbuy.extensions import db
from groupbuy.orders import placing, roll
from groupbuy.orders.models import Order
from groupbuy.orders.moving import move
from groupbuy.orders.placing import DealLimitReached, LimitReached, place_order
from groupbuy.orders.vouching import vouch
from tests.conftest import NOON
from tests.factories import form_for, make_deal, make_member, make_order
from tests.races.together import at_the_edge, together


def open_deal(members: int, **values: Any) -> tuple[int, list[int]]:
    """A committed deal and as many members: their ids."""
    with transaction():
        deal = make_deal(**values)
        return deal.id, [make_member(deal.leader, f"邻居 {n}").id for n in range(members)]


def buy(deal_id: int, member_id: int, pieces: int = 1, key: str | None = None) -> int:
    """One member's order, as a page takes it: the id."""

    def act() -> int:
        deal = db.session.get_one(Deal, deal_id)
        form = form_for(deal, pieces, key=key)
        return place_order(db.session.get_one(Member, member_id), deal, form, now=NOON).id

    return at_the_edge(act)


def sold(deal_id: int) -> int:
    return db.session.scalars(sa.select(DealItem.sold).where(DealItem.deal_id == deal_id)).one()


def count_orders(deal_id: int) -> int:
    return db.session.scalars(
        sa.select(sa.func.count()).select_from(Order).where(Order.deal_id == deal_id)
    ).one()


def test_two_hundred_buyers_of_fifty_units_get_exactly_fifty(shared_app: Flask) -> None:
    deal_id, members = open_deal(200, stock=50)

    answers = together(shared_app, [lambda m=m: buy(deal_id, m) for m in members])

    assert answers.errors == []
    assert len(answers.yes) == len(set(answers.yes)) == 50
    assert [type(refusal) for refusal in answers.refused] == [SoldOut] * 150
    assert (sold(deal_id), count_orders(deal_id)) == (50, 50)
    assert invariants.broken() == {}


def test_control_stock_that_is_looked_at_before_it_is_taken_is_sold_twice(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal_id, members = open_deal(20, stock=5)
    everybody, page = threading.Barrier(20), threading.local()

    def reserve(wanted: Any, key: str, *, now: datetime) -> None:
        [(line, pieces)] = wanted
        if page.sold + pieces > 5:
            raise SoldOut(item="", left=5 - page.sold)
        db.session.execute(
            sa.update(DealItem).where(DealItem.id == line.item_id).values(sold=page.sold + pieces)
        )

    def look_then_buy(member_id: int) -> int:
        page.sold = sold(deal_id)
        db.session.rollback()
        everybody.wait(60)
        return buy(deal_id, member_id)

    monkeypatch.setattr(stock, "reserve", reserve)
    answers = together(shared_app, [lambda m=m: look_then_buy(m) for m in members])

    assert len(answers.yes) == 20  # of 5 units
    assert any(claim.startswith("I2 ") for claim in invariants.broken())


def test_the_same_form_sent_fifty_times_at_once_is_one_order(shared_app: Flask) -> None:
    deal_id, [member_id] = open_deal(1, stock=60)

    answers = together(shared_app, [lambda: buy(deal_id, member_id, key="one")] * 50)

    assert answers.errors == []
    assert len(answers.yes) == 50
    assert len(set(answers.yes)) == 1
    assert (sold(deal_id), count_orders(deal_id)) == (1, 1)
    assert invariants.broken() == {}


def test_control_a_form_without_its_key_is_fifty_orders(shared_app: Flask) -> None:
    deal_id, [member_id] = open_deal(1, stock=60)

    answers = together(shared_app, [lambda: buy(deal_id, member_id)] * 50)

    assert len(set(answers.yes)) == sold(deal_id) == count_orders(deal_id) == 50


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [({"limit_per_item": 3}, LimitReached), ({"limit_per_person": 3}, DealLimitReached)],
    ids=["of an item", "of the deal"],
)
def test_twenty_forms_of_one_member_at_once_never_pass_a_limit(
    shared_app: Flask, limits: dict[str, int], refusal: type
) -> None:
    deal_id, [member_id] = open_deal(1, **limits)

    answers = together(shared_app, [lambda: buy(deal_id, member_id)] * 20)

    assert answers.errors == []
    assert len(answers.yes) == sold(deal_id) == 3
    assert [type(refused) for refused in answers.refused] == [refusal] * 17
    assert invariants.broken() == {}


def test_control_a_limit_checked_before_the_transaction_is_passed(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal_id, [member_id] = open_deal(1, limit_per_item=3)
    everybody, check = threading.Barrier(20), placing.check_limits

    def look_then_buy() -> int:
        deal, member = db.session.get_one(Deal, deal_id), db.session.get_one(Member, member_id)
        items = {item.id: item for item in deal.items}
        check(member, deal, items, dict.fromkeys(items, 1))
        db.session.rollback()
        everybody.wait(60)
        return buy(deal_id, member_id)

    monkeypatch.setattr(placing, "check_limits", lambda *_: None)
    answers = together(shared_app, [look_then_buy] * 20)

    assert len(answers.yes) == sold(deal_id) == 20  # where 3 are allowed


def pending_orders(count: int, **values: Any) -> tuple[int, list[int]]:
    with transaction():
        deal = make_deal(**values)
        return deal.id, [make_order(deal).id for _ in range(count)]


def vouch_for(order_id: int) -> int | None:
    def act() -> int | None:
        order = db.session.get_one(Order, order_id)
        vouch(order, by_id=None, now=NOON)
        return order.roll_no

    return at_the_edge(act)


def numbers(deal_id: int) -> list[int]:
    taken = sa.select(Order.roll_no).where(Order.deal_id == deal_id, Order.roll_no.is_not(None))
    return sorted(number for number in db.session.scalars(taken) if number)


def test_thirty_orders_vouched_for_at_once_are_numbered_without_gaps(shared_app: Flask) -> None:
    deal_id, orders = pending_orders(30)

    answers = together(shared_app, [lambda o=o: vouch_for(o) for o in [*orders, *orders]])

    assert answers.errors == []
    assert sorted(answers.yes) == numbers(deal_id) == list(range(1, 31))
    assert len(answers.refused) == 30  # each the second time
    assert invariants.broken() == {}


def test_a_buyer_who_comes_too_late_leaves_no_gap_in_the_numbers(shared_app: Flask) -> None:
    deal_id, members = open_deal(30, stock=10, pay_at_pickup=True)

    answers = together(shared_app, [lambda m=m: buy(deal_id, m) for m in members])

    assert answers.errors == []
    assert numbers(deal_id) == list(range(1, 11))
    assert invariants.broken() == {}


def test_control_numbers_drawn_outside_the_transaction_have_gaps(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal_id, members = open_deal(30, stock=10, pay_at_pickup=True)
    drawn, page = iter(range(1, 1000)), threading.local()

    def enter(order: Order, kind: str, *, now: datetime, actor_id: int | None = None) -> None:
        move(order, "placed", kind, now=now, actor_id=actor_id, values={"roll_no": page.number})

    def draw_then_buy(place: int, member_id: int) -> int:
        page.number = next(drawn)
        return buy(deal_id, member_id, pieces=11 if place % 2 else 1)

    monkeypatch.setattr(roll, "enter", enter)
    answers = together(
        shared_app, [lambda p=p, m=m: draw_then_buy(p, m) for p, m in enumerate(members)]
    )

    assert answers.errors == []
    assert numbers(deal_id) != list(range(1, len(answers.yes) + 1))
    assert any(claim.startswith("I16 ") for claim in invariants.broken())
