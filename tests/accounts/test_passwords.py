"""Passwords: kept as hashes, renewed when outdated, refused as slowly for nobody as for one."""

from __future__ import annotations

import time

import pytest
from argon2 import PasswordHasher
from flask import Flask

from groupbuy.accounts import passwords, signing_in
from groupbuy.accounts.models import User
from groupbuy.accounts.reach import Reach
from groupbuy.accounts.signing_in import WrongPassword
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from tests.factories import make_user

RIGHT = "correct horse"
PHONE = "13812340001"
WANG = Reach("phone", PHONE)


def wang() -> User:
    user = make_user("王芳", PHONE)
    passwords.set_password(user, RIGHT)
    db.session.flush()
    return user


def test_only_the_right_password_is_right():
    kept = passwords.hash_password(RIGHT)
    assert passwords.is_right(RIGHT, kept)
    for typed in ("", "Correct horse", RIGHT + " ", "x" * 100_000, "\udc80" * 9):
        assert not passwords.is_right(typed, kept)


def test_without_a_hash_or_with_a_broken_one_nothing_is_right():
    assert not passwords.is_right(RIGHT, None)
    assert not passwords.is_right(RIGHT, "not a hash")


def test_what_strangers_are_checked_against_is_as_hard_as_todays_hashes():
    assert not passwords.is_outdated(passwords.NOBODYS)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 201, "12345678\udc80"])
def test_a_password_too_short_too_long_or_unreadable_is_refused(password: str):
    with pytest.raises(BadInput):
        passwords.hash_password(password)


def test_a_hash_with_old_parameters_is_replaced_when_its_owner_comes(app: Flask):
    user = wang()
    user.password_hash = PasswordHasher(time_cost=1).hash(RIGHT)
    db.session.flush()
    old = user.password_hash
    assert signing_in.by_password(signing_in.check(WANG, RIGHT)) is user
    assert user.password_hash != old
    assert passwords.is_right(RIGHT, user.password_hash)


def test_a_password_changed_while_it_was_checked_lets_nobody_in(app: Flask):
    user = wang()
    checked = signing_in.check(WANG, RIGHT)
    passwords.set_password(user, "another horse")
    db.session.flush()
    with pytest.raises(WrongPassword):
        signing_in.by_password(checked)


def test_every_failure_is_the_same(app: Flask):
    user = wang()
    said = set()
    for reach, typed in ((WANG, "wrong horse"), (Reach("phone", "13900000000"), RIGHT)):
        with pytest.raises(WrongPassword) as refusal:
            signing_in.check(reach, typed)
        said.add(refusal.value.sentence)
    user.advance("disabled")
    with pytest.raises(WrongPassword) as refusal:
        signing_in.check(WANG, RIGHT)
    assert said == {refusal.value.sentence}


def test_a_stranger_is_refused_no_sooner_than_somebody_known(app: Flask):
    wang()

    def seconds(reach: Reach) -> float:
        best = []
        for _ in range(3):
            started = time.perf_counter()
            with pytest.raises(WrongPassword):
                signing_in.check(reach, "wrong horse")
            best.append(time.perf_counter() - started)
        return min(best)

    known, stranger = seconds(WANG), seconds(Reach("email", "nobody@example.com"))
    assert stranger > known / 2
