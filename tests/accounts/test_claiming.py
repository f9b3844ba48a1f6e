"""Orders of guests become those of whoever proves the phone number."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts.claiming import claim
from groupbuy.accounts.membership import guest_membership, membership
from groupbuy.accounts.models import Member, User
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_order, make_user
from tests.races.together import at_the_edge, together

PHONE = "13812340001"


def guest(browser: str = "b1", phone: str = PHONE, **values) -> Member:
    leader = values.get("leader") or make_leader()
    return guest_membership(leader.id, browser, "王芳", phone, now=NOON)


def test_every_guest_with_the_number_is_claimed_whichever_browser_and_leader(app: Flask):
    deal = make_deal()
    first, second, elsewhere = guest(leader=deal.leader), guest("b2", leader=deal.leader), guest()
    for member in (first, first, second):
        make_order(deal, 1, member=member)
    user = make_user(phone=PHONE)
    assert claim(user) == 3
    assert {first.user_id, second.user_id, elsewhere.user_id} == {user.id}
    assert claim(user) == 0


def test_nobody_elses_orders_are_claimed(app: Flask):
    stranger = guest(phone="13900000000")
    other = make_user(phone="13700000000")
    taken = membership(make_leader().id, other, now=NOON)
    taken.phone_hash = guest().phone_hash
    db.session.flush()
    user = make_user(phone=PHONE)
    claim(user)
    assert stranger.user_id is None
    assert taken.user_id == other.id


def test_a_browser_that_types_a_claimed_number_again_is_somebody_unknown(app: Flask):
    leader = make_leader()
    claimed = guest(leader=leader)
    claim(make_user(phone=PHONE))
    again = guest(leader=leader)
    assert (again.id != claimed.id, again.user_id) == (True, None)
    assert guest(leader=leader) is again


def test_a_claimed_member_keeps_where_an_import_found_it(app: Flask):
    brought = guest()
    brought.source_ref = "import:7"
    db.session.flush()
    claim(make_user(phone=PHONE))
    assert (brought.source_ref, brought.user_id is None) == ("import:7", False)


def test_an_account_without_a_number_claims_nothing(app: Flask):
    guest().phone_hash = None
    user = make_user()
    user.phone = user.phone_hash = None
    db.session.flush()
    assert claim(user) == 0


@pytest.mark.races
def test_of_several_who_claim_at_once_one_gets_each_order(shared_app: Flask):
    with transaction():
        deal = make_deal()
        for number in range(5):
            make_order(deal, 1, member=guest(f"b{number}", leader=deal.leader))
        user_id = make_user(phone=PHONE).id
    act = lambda: at_the_edge(lambda: claim(db.session.get_one(User, user_id)))  # noqa: E731
    answers = together(shared_app, [act] * 6)
    assert answers.errors == []
    assert sum(answers) == 5
    owners = db.session.scalars(sa.select(Member.user_id).distinct()).all()
    assert owners == [user_id]
