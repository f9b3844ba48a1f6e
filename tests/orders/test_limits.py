"""A limit is one person's, however many members the leader knows them as."""

from __future__ import annotations

from typing import Any

import pytest

from groupbuy.accounts.models import Leader, Member
from groupbuy.extensions import db
from groupbuy.orders.limits import DealLimitReached, LimitReached
from tests import factories
from tests.checks import refused
from tests.conftest import NOON
from tests.orders.asking import change


def member(leader: Leader, **values: Any) -> Member:
    new = Member(leader_id=leader.id, name="张伟", created_at=NOON, **values)
    db.session.add(new)
    db.session.flush()
    return new


def test_a_guest_in_two_browsers_is_one_person_by_phone(app):
    deal = factories.make_deal(limit_per_item=3)
    first, second = (member(deal.leader, phone_hash="of one phone") for _ in range(2))
    factories.make_order(deal, 2, member=first)
    with refused(LimitReached) as caught:
        factories.make_order(deal, 2, member=second)
    assert (caught.value.facts["has"], caught.value.facts["limit"]) == (2, 3)
    assert factories.make_order(deal, 1, member=second)


def test_a_guest_who_signed_in_later_is_one_person_by_user(app):
    deal = factories.make_deal(limit_per_person=3)
    user = factories.make_user()
    before = member(deal.leader, phone_hash="an old phone", user_id=user.id)
    after = member(deal.leader, phone_hash="a new phone", user_id=user.id)
    factories.make_order(deal, 3, member=before)
    with refused(DealLimitReached):
        factories.make_order(deal, 1, member=after)


def test_more_pieces_in_a_change_count_the_other_orders_of_the_person(app):
    deal = factories.make_deal(limit_per_person=3)
    first, second = (member(deal.leader, phone_hash="of one phone") for _ in range(2))
    factories.make_order(deal, 2, member=first)
    order = factories.make_order(deal, 1, member=second)
    with refused(DealLimitReached):
        change(order, 2)


@pytest.mark.parametrize("limits", [{"limit_per_item": 1}, {"limit_per_person": 1}])
def test_members_without_phone_and_user_are_everyone_for_themselves(app, limits):
    deal = factories.make_deal(**limits)
    for _ in range(2):
        assert factories.make_order(deal, member=member(deal.leader))


def test_another_phone_is_another_person(app):
    deal = factories.make_deal(limit_per_person=1)
    for phone in ("one", "another"):
        assert factories.make_order(deal, member=member(deal.leader, phone_hash=phone))
