"""Roles given and taken, people kept out and let in."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts import devices, people, standing
from groupbuy.accounts.staff import is_operator
from groupbuy.core.errors import BadInput, WrongState
from tests.conftest import NOON
from tests.factories import make_leader, make_user
from tests.operators.desks import logged, make_operator


def test_a_role_is_given_and_taken_at_once(app: Flask):
    operator, user = make_operator(), make_user()
    by = {"by_id": operator.id, "now": NOON}
    standing.grant_role(user, "operator", **by)
    standing.grant_role(user, "operator", **by)
    assert is_operator(user)
    standing.revoke_role(user, user.grants[0].id, **by)
    assert not is_operator(user)
    assert len(logged("role_granted")) == len(logged("role_revoked")) == 1
    with pytest.raises(standing.NoSuchRole):
        standing.revoke_role(user, 10**17, **by)


@pytest.mark.parametrize("role", ["leader", "helper", "supplier", "admin", ""])
def test_only_roles_that_belong_to_nobody_are_given_here(app: Flask, role):
    user = make_user()
    with pytest.raises(BadInput):
        standing.grant_role(user, role, by_id=make_operator().id, now=NOON)
    assert people.roles_of(user) == []


def test_a_leader_keeps_the_role_and_somebody_elses_grant_is_no_way_in(app: Flask):
    operator, leader, user = make_operator(), make_leader(), make_user()
    grant = leader.user.grants[0]
    for whose in (leader.user, user):
        with pytest.raises(standing.NoSuchRole):
            standing.revoke_role(whose, grant.id, by_id=operator.id, now=NOON)
    assert people.roles_of(leader.user) == ["leader"]


def test_who_is_kept_out_is_signed_out_everywhere(app: Flask):
    operator, user = make_operator(), make_user()
    tokens = [devices.sign_in_device(user, "Chrome", now=NOON) for _ in range(2)]
    by = {"by_id": operator.id, "now": NOON}
    assert standing.disable_person(user, "刷单", **by) == 2
    assert [devices.user_behind(token) for token in tokens] == [None, None]
    with pytest.raises(WrongState):
        standing.disable_person(user, "刷单", **by)
    with pytest.raises(people.PersonDisabled):
        standing.grant_role(user, "support", **by)
    standing.enable_person(user, **by)
    assert [devices.user_behind(token) for token in tokens] == [None, None]  # an old cookie is void
    assert [entry.detail for entry in logged("person_disabled")] == [
        {"because": "刷单", "devices": 2}
    ]


def test_nobody_locks_themselves_out(app: Flask):
    operator = make_operator()
    by = {"by_id": operator.id, "now": NOON}
    with pytest.raises(standing.NotOneself):
        standing.disable_person(operator, "手滑", **by)
    with pytest.raises(standing.NotOneself):
        standing.revoke_role(operator, operator.grants[0].id, **by)
    assert is_operator(operator)
