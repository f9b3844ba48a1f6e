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
from groupbuy.core.db import on_postgresql, transaction
from groupbuy.core.inserts import insert_together
from groupbuy.deals import stock
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.stock import SoldOut
from groupbuy.extensions import db
from groupbuy.orders import limits, roll
from groupbuy.orders.limits import DealLimitReached, LimitReached
from groupbuy.orders.models import Order
from groupbuy.orders.placing import place_order
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

    def reserve(lines: Any, key: str, *, now: datetime, also: Any) -> None:
        [line] = lines
        grown = page.sold + 1
        if grown > 5:
            raise SoldOut(item="", left=5 - page.sold)
        insert_together(*also)
        db.session.execute(
            sa.update(DealItem).where(DealItem.id == line.item_id).values(sold=grown)
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
    everybody, check = threading.Barrier(20), limits.check_limits

    def look_then_buy() -> int:
        deal, member = db.session.get_one(Deal, deal_id), db.session.get_one(Member, member_id)
        items = {item.id: item for item in deal.items}
        check(member, deal, items, dict.fromkeys(items, 1))
        db.session.rollback()
        everybody.wait(60)
        return buy(deal_id, member_id)

    monkeypatch.setattr(limits, "check_limits", lambda *_: None)
    answers = together(shared_app, [look_then_buy] * 20)

    assert len(answers.yes) == sold(deal_id) == 20  # where 3 are allowed


def guests(deal_id: int, count: int) -> list[int]:
    """So many members of one phone: a guest in as many browsers."""
    with transaction():
        leader_id = db.session.get_one(Deal, deal_id).leader_id
        known = {"leader_id": leader_id, "phone_hash": "of one phone", "created_at": NOON}
        members = [Member(name=f"浏览器 {n}", **known) for n in range(count)]
        db.session.add_all(members)
        db.session.flush()
        return [member.id for member in members]


def test_one_phone_in_twenty_browsers_at_once_never_passes_a_limit(shared_app: Flask) -> None:
    deal_id, _nobody = open_deal(0, limit_per_person=3)
    browsers = guests(deal_id, 20)

    answers = together(shared_app, [lambda m=m: buy(deal_id, m) for m in browsers])

    assert answers.errors == []
    assert len(answers.yes) == sold(deal_id) == 3
    assert [type(refused) for refused in answers.refused] == [DealLimitReached] * 17
    assert invariants.broken() == {}


@pytest.mark.postgres
def test_control_with_only_the_member_locked_one_phone_passes_the_limit(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not on_postgresql():
        pytest.skip("SQLite has one writer: it needs no lock on a person")
    deal_id, _nobody = open_deal(0, limit_per_person=3)
    browsers = guests(deal_id, 6)
    everybody, check = threading.Barrier(6), limits.check_limits

    def lock_member(member: Member) -> None:
        one = sa.select(Member.id).where(Member.id == member.id)
        db.session.execute(one.with_for_update(key_share=True))

    def check_together(*asked: Any) -> None:
        check(*asked)
        everybody.wait(20)

    monkeypatch.setattr(limits, "lock_person", lock_member)
    monkeypatch.setattr(limits, "check_limits", check_together)
    answers = together(shared_app, [lambda m=m: buy(deal_id, m) for m in browsers])

    assert len(answers.yes) == sold(deal_id) == 6  # where 3 are allowed


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

    def draw_then_buy(place: int, member_id: int) -> int:
        page.number = next(drawn)
        return buy(deal_id, member_id, pieces=11 if place % 2 else 1)

    monkeypatch.setattr(roll, "next_number", lambda _deal_id: page.number)
    answers = together(
        shared_app, [lambda p=p, m=m: draw_then_buy(p, m) for p, m in enumerate(members)]
    )

    assert answers.errors == []
    assert numbers(deal_id) != list(range(1, len(answers.yes) + 1))
    assert any(claim.startswith("I16 ") for claim in invariants.broken())
