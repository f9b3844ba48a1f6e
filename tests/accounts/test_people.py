"""Adding people: who they are, what they may do, and that the same again changes nothing."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask

from groupbuy.accounts import people
from groupbuy.accounts.models import Leader, RoleGrant, User
from groupbuy.accounts.people import OtherName, PersonDisabled, PersonForm, add_person
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from tests import factories
from tests.conftest import NOON

PHONE = "13812340001"
PASSWORD = "correct horse"


def _add(role: str = "operator", **values: str) -> people.Added:
    return add_person(
        PersonForm(**{"name": "陈知行", "phone": PHONE} | values, role=role), now=NOON
    )


def _count(model: type) -> int:
    return db.session.scalars(sa.select(sa.func.count()).select_from(model)).one()


def _counts() -> list[int]:
    return [_count(model) for model in (User, RoleGrant, Leader, ActionLog)]


@pytest.mark.parametrize("role", people.GIVEN_ROLES)
def test_a_person_is_added_with_a_role(app: Flask, role: str) -> None:
    added = _add(role)
    assert added.created
    assert added.granted
    assert not added.password_set
    assert people.roles_of(added.user) == [role]
    assert added.user.phone == PHONE
    assert added.user.password_hash is None


@pytest.mark.parametrize("role", people.GIVEN_ROLES)
def test_the_same_person_and_role_again_changes_nothing(app: Flask, role: str) -> None:
    first = _add(role)
    before = _counts()
    again = _add(role, phone="+86 138-1234-0001", name=" 陈知行 ")
    assert again.user is first.user
    assert again[1:] == (False, False, False)
    assert _counts() == before


def test_somebody_known_gets_a_further_role(app: Flask) -> None:
    _add("support")
    added = _add("leader")
    assert not added.created
    assert added.granted
    assert people.roles_of(added.user) == ["leader", "support"]


def test_a_new_leader_is_approved_and_has_an_address(app: Flask) -> None:
    added = _add("leader")
    leader = people.leader_of(added.user)
    assert leader is not None
    assert (leader.state, leader.name) == ("approved", "陈知行")
    assert leader.slug
    assert [grant.leader_id for grant in added.user.grants] == [leader.id]


def test_the_role_approves_whoever_had_applied_as_leader(app: Flask) -> None:
    user = _add("support").user
    applied = Leader(user_id=user.id, slug="mine", name="陈", community="", state="applied")
    applied.created_at = NOON
    db.session.add(applied)
    db.session.flush()
    _add("leader")
    assert (applied.state, applied.slug) == ("approved", "mine")
    assert _count(Leader) == 1


def test_an_account_that_already_is_of_a_supplier_is_not_granted_the_role_twice(
    app: Flask,
) -> None:
    supplier = factories.make_supplier(factories.make_leader())
    user = factories.make_user("阿海", PHONE)
    grant = RoleGrant(user_id=user.id, role="supplier", supplier_id=supplier.id, created_at=NOON)
    db.session.add(grant)
    db.session.flush()
    assert not _add("supplier", name="阿海").granted


def test_another_name_for_a_known_phone_is_refused_without_telling_the_name(app: Flask) -> None:
    _add()
    before = _counts()
    with pytest.raises(OtherName) as refusal:
        _add("leader", name="王芳")
    assert "陈" in refusal.value.sentence
    assert "知行" not in refusal.value.sentence
    assert _counts() == before


def test_somebody_disabled_is_given_no_role(app: Flask) -> None:
    _add("support").user.advance("disabled")
    with pytest.raises(PersonDisabled):
        _add("operator")


@pytest.mark.parametrize("phone", ["", "12345", "23900000001", "138123400011", "١٣٩٠٠٠٠٠٠٠١"])
def test_what_is_no_mobile_number_is_refused(app: Flask, phone: str) -> None:
    with pytest.raises(BadInput) as refusal:
        _add(phone=phone)
    assert refusal.value.field == "phone"
    assert _count(User) == 0


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "陈\u202e行", "陈\udc80"])
def test_a_name_that_cannot_be_read_is_refused(app: Flask, name: str) -> None:
    with pytest.raises(BadInput) as refusal:
        _add(name=name)
    assert refusal.value.field == "name"
    assert _count(User) == 0


def test_a_password_is_kept_only_as_a_hash_and_replaced_by_a_later_one(app: Flask) -> None:
    user = _add(password=PASSWORD).user
    assert user.password_hash is not None
    assert PASSWORD not in user.password_hash
    assert PasswordHasher().verify(user.password_hash, PASSWORD)
    again = _add(password="another horse")
    assert again[1:] == (False, False, True)
    assert PasswordHasher().verify(user.password_hash, "another horse")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 201, "12345678\udc80"])
def test_a_password_too_short_too_long_or_unreadable_is_refused(app: Flask, password: str) -> None:
    with pytest.raises(BadInput) as refusal:
        _add(password=password)
    assert refusal.value.field == "password"
    assert _count(User) == 0


def test_what_was_changed_is_logged_without_phone_or_password(app: Flask) -> None:
    user = _add(password=PASSWORD).user
    _add(password="another horse")
    logged = db.session.scalars(sa.select(ActionLog).order_by(ActionLog.id)).all()
    assert [entry.action for entry in logged] == ["person_added", "password_replaced"]
    assert {entry.subject for entry in logged} == {f"user:{user.id}"}
    assert logged[0].detail == {"role": "operator", "created": True, "password_set": True}


def test_only_those_with_a_role_are_listed(app: Flask) -> None:
    _add("support")
    people.find_or_add("王芳", "13812340002", now=NOON)
    assert [user.name for user in people.with_roles()] == ["陈知行"]


@pytest.mark.races
@pytest.mark.parametrize("known", [False, True])
def test_a_leader_added_by_several_at_once_is_one_leader(shared_app: Flask, known: bool) -> None:
    if known:
        with transaction():
            people.find_or_add("陈知行", PHONE, now=NOON)
    barrier = threading.Barrier(4)
    granted = []

    def add() -> None:
        with shared_app.app_context():
            barrier.wait()
            with transaction():
                granted.append(_add("leader").granted)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(granted) == [False, False, False, True]
    assert _counts() == [1, 1, 1, 1]
