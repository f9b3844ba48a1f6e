"""Who helps a leader: chosen rights and points, at once."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts import helping
from groupbuy.accounts.people import PersonDisabled
from groupbuy.accounts.staff import posts_of
from groupbuy.core.errors import BadInput
from tests.conftest import NOON
from tests.factories import make_leader, make_point, make_user
from tests.operators.desks import logged


def test_a_helper_has_the_chosen_rights_at_the_chosen_points(app: Flask):
    leader, user = make_leader(), make_user("沈立夏")
    here, there = make_point(leader), make_point(leader)
    helping.add_helper(leader, user.phone, {"pickup"}, [here.id], now=NOON)
    [post] = posts_of(user)
    assert (post.is_leader, post.rights) == (False, frozenset({"pickup"}))
    assert (post.serves(here.id), post.serves(there.id)) == (True, False)
    assert [entry.detail for entry in logged("helper_added")] == [
        {"pickup": True, "points": [here.id]}
    ]


def test_a_change_and_an_end_count_at_once(app: Flask):
    leader, user = make_leader(), make_user()
    helping.add_helper(leader, user.phone, {"pickup"}, None, now=NOON)
    helping.change_helper(leader, user.id, {"orders", "count_in"}, None, now=NOON)
    [post] = posts_of(user)
    assert (post.rights, post.point_ids) == (frozenset({"orders", "count_in"}), None)
    helping.remove_helper(leader, user.id, now=NOON)
    assert list(posts_of(user)) == []
    assert len(logged("helper_changed")) == len(logged("helper_removed")) == 1
    with pytest.raises(helping.NoHelper):
        helping.remove_helper(leader, user.id, now=NOON)
    with pytest.raises(helping.NoHelper):
        helping.change_helper(leader, user.id, {"orders"}, None, now=NOON)


@pytest.mark.parametrize(
    ("phone", "rights", "points", "field"),
    [
        ("13911111111", {"pickup"}, None, "phone"),
        ("known", set(), None, "rights"),
        ("known", {"money"}, None, "rights"),
        ("known", {"pickup"}, [], "points"),
        ("known", {"pickup"}, [10**17], "points"),
        ("own", {"pickup"}, None, "phone"),
    ],
)
def test_what_is_missing_is_said_at_its_field(app: Flask, phone, rights, points, field):
    leader, user = make_leader(), make_user()
    numbers = {"known": user.phone, "own": leader.user.phone}
    with pytest.raises(BadInput) as refusal:
        helping.add_helper(leader, numbers.get(phone, phone), rights, points, now=NOON)
    assert refusal.value.field == field
    assert list(posts_of(user)) == []


def test_points_of_another_leader_are_none_of_hers(app: Flask):
    leader, user, foreign = make_leader(), make_user(), make_point(make_leader())
    own = make_point(leader)
    helping.add_helper(leader, user.phone, {"pickup"}, [own.id, foreign.id], now=NOON)
    assert posts_of(user)[0].point_ids == frozenset({own.id})


def test_nobody_is_added_twice_and_nobody_who_is_disabled(app: Flask):
    leader, user, out = make_leader(), make_user("沈立夏"), make_user()
    helping.add_helper(leader, user.phone, {"pickup"}, None, now=NOON)
    with pytest.raises(helping.HelpsAlready, match="沈"):
        helping.add_helper(leader, user.phone, {"orders"}, None, now=NOON)
    out.advance("disabled")
    with pytest.raises(PersonDisabled):
        helping.add_helper(leader, out.phone, {"orders"}, None, now=NOON)
    assert [helper.user_id for helper in helping.helpers_of(leader)] == [user.id]
    assert helping.helpers_of(make_leader()) == []
