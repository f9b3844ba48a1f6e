"""Placing an order takes few statements, and as many for fifty lines as for one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from groupbuy import invariants
from groupbuy.accounts.models import Member
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.deals.stock import SoldOut
from groupbuy.extensions import db
from groupbuy.orders.placing import place_order
from tests import factories
from tests.conftest import NOON
from tests.round_trips import round_trips

MOST = 12


def statements_of(deal_id: int, member_id: int, lines: int, **said: Any) -> list[str]:
    """What an order of so many lines asks of the database, from BEGIN to COMMIT.

    Member and deal are what the page has loaded, in this transaction, before it places the order.
    """
    form = factories.form_for(db.session.get_one(Deal, deal_id), *[1] * lines, **said)
    with round_trips() as seen, transaction():
        member, deal = db.session.get_one(Member, member_id), db.session.get_one(Deal, deal_id)
        loaded = len(seen)
        place_order(member, deal, form, now=NOON)
    return ["BEGIN", *seen[loaded:]]


@pytest.mark.parametrize(
    "values",
    [{}, {"limit_per_person": 999}, {"pay_at_pickup": True}],
    ids=["paid before", "with a limit", "paid at pickup"],
)
def test_an_order_of_any_number_of_lines_takes_at_most_twelve_statements(
    shared_app: Flask, values: dict[str, Any]
) -> None:
    with transaction():
        leader = factories.make_leader()
        skus = [factories.make_sku(leader) for _ in range(50)]
        deal = factories.make_deal(leader=leader, skus=skus, stock=999, **values)
        member_id, deal_id = factories.make_member(leader).id, deal.id

    counts = {
        lines: len(statements_of(deal_id, member_id, lines, note="放门口"))
        for lines in (1, 3, 20, 50)
    }

    assert len(set(counts.values())) == 1, counts
    assert counts[1] <= MOST
    assert invariants.broken() == {}


def test_what_is_sold_out_is_refused_before_anything_is_written(shared_app: Flask) -> None:
    with transaction():
        deal = factories.make_deal(stock=1)
        factories.make_order(deal)
        member_id, deal_id = factories.make_member(deal.leader).id, deal.id

    with round_trips() as seen, pytest.raises(SoldOut):
        statements_of(deal_id, member_id, 1)

    assert [said for said in seen if said.startswith(("INSERT", "UPDATE", "WITH"))] == []
