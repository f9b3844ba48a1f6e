"""Following a leader, and what an address must look like to be one."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts.following import (
    approved_leader,
    follow,
    followed_leaders,
    is_following,
    unfollow,
)
from groupbuy.accounts.models import Follow
from groupbuy.extensions import db
from tests.conftest import NOON
from tests.factories import make_leader, make_user


def test_following_twice_is_following_once(app: Flask):
    user, leader = make_user(), make_leader()
    assert not is_following(user, leader)
    for _ in range(2):
        follow(user, leader, now=NOON)
    assert is_following(user, leader)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Follow)) == 1


def test_unfollowing_twice_ends_only_ones_own(app: Flask):
    user, other, leader = make_user(), make_user(), make_leader()
    follow(user, leader, now=NOON)
    follow(other, leader, now=NOON)
    for _ in range(2):
        unfollow(user, leader)
    assert not is_following(user, leader)
    assert is_following(other, leader)


def test_a_disabled_leader_is_followed_by_nobody_to_see(app: Flask):
    user, here, gone = make_user(), make_leader(), make_leader()
    follow(user, here, now=NOON)
    follow(user, gone, now=NOON)
    gone.advance("disabled")
    assert list(followed_leaders(user)) == [here]
    assert approved_leader(gone.slug) is None
    assert approved_leader(here.slug) == here


def test_what_no_address_can_be_never_reaches_the_database(app: Flask):
    for odd in ("", "\x00", "林姐", "a" * 41, "a/b", "\ud800"):
        assert approved_leader(odd) is None
