"""Addresses people keep: none twice, never more than twenty, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.accounts import addresses
from groupbuy.accounts.addresses import MOST, TooManyAddresses
from groupbuy.accounts.models import Address
from groupbuy.extensions import db
from tests.checks import count, refused
from tests.conftest import NOON
from tests.factories import make_user

MINUTE = timedelta(minutes=1)


def contact(room: str = "501", **values: str) -> dict[str, str]:
    home = {"name": "王芳", "phone": "13900000001", "building": "7号楼", "unit": "2单元"}
    return home | {"room": room} | values


def rooms(user) -> list[str]:
    return [address.contact["room"] for address in addresses.of(user)]


@pytest.fixture
def user(app: Flask):
    return make_user()


def test_the_default_comes_first_and_then_what_was_used_last(user):
    first = addresses.add(user, contact("101"), now=NOON)
    addresses.add(user, contact("102"), now=NOON + MINUTE)
    assert addresses.default(user).contact["room"] == "102"
    addresses.make_default(user, first)
    addresses.add(user, contact("103"), now=NOON + 2 * MINUTE)
    assert rooms(user) == ["101", "103", "102"]
    assert addresses.default(user) is first


def test_there_is_one_default(user):
    one, other = (addresses.add(user, contact(room), now=NOON) for room in ("101", "102"))
    addresses.make_default(user, one)
    addresses.make_default(user, other)
    assert count(Address, Address.is_default) == 1
    assert addresses.default(user) is other


def test_the_contact_of_an_order_is_kept_once_and_counts_as_used(user):
    addresses.remember(user, contact("101"), now=NOON)
    addresses.remember(user, contact("102"), now=NOON + MINUTE)
    addresses.remember(user, contact("101"), now=NOON + 2 * MINUTE)
    assert rooms(user) == ["101", "102"]


def test_a_part_left_out_is_the_same_as_one_left_empty(user):
    addresses.remember(user, {"name": "王芳", "phone": "13900000001"}, now=NOON)
    addresses.remember(user, contact("", building="", unit=""), now=NOON)
    assert count(Address) == 1


def test_an_order_always_finds_room_but_never_at_the_cost_of_the_default(user):
    oldest = addresses.add(user, contact("0"), now=NOON)
    addresses.make_default(user, oldest)
    for number in range(1, MOST):
        addresses.add(user, contact(str(number)), now=NOON + number * MINUTE)
    addresses.remember(user, contact("new"), now=NOON + 30 * MINUTE)
    assert len(rooms(user)) == MOST
    assert {"0", "new"} <= set(rooms(user))
    assert "1" not in rooms(user)


def test_joined_accounts_may_hold_too_many_until_the_next_order(user):
    for number in range(MOST + 3):
        db.session.add(
            Address(
                user_id=user.id,
                contact=contact(str(number)),
                is_default=False,
                used_at=NOON + number * MINUTE,
            )
        )
    db.session.flush()
    addresses.remember(user, contact("new"), now=NOON + 60 * MINUTE)
    assert len(rooms(user)) == MOST
    assert rooms(user)[-1] == "4"


def test_the_twenty_first_by_hand_is_refused_but_one_that_is_known_is_not(user):
    for number in range(MOST):
        addresses.add(user, contact(str(number)), now=NOON)
    with refused(TooManyAddresses, "20"):
        addresses.add(user, contact("new"), now=NOON)
    known = addresses.add(user, contact("3"), now=NOON + MINUTE)
    assert rooms(user)[0] == "3" == known.contact["room"]
    assert len(rooms(user)) == MOST


def test_changing_one_into_another_leaves_one_that_is_still_the_default(user):
    one = addresses.add(user, contact("101"), now=NOON)
    other = addresses.add(user, contact("102"), now=NOON)
    addresses.make_default(user, other)
    addresses.change(user, one, contact("102"), now=NOON)
    assert addresses.of(user) == [one]
    assert one.is_default


def test_nobody_finds_the_address_of_somebody_else(user):
    address = addresses.add(user, contact(), now=NOON)
    stranger = make_user("李雷")
    assert addresses.own(user, address.id) is address
    assert addresses.own(stranger, address.id) is None
    assert addresses.of(stranger) == []
    addresses.remember(stranger, contact(), now=NOON)
    assert len(addresses.of(user)) == len(addresses.of(stranger)) == 1


def test_what_is_stored_cannot_be_read(user):
    addresses.add(user, contact(), now=NOON)
    stored = db.session.connection().exec_driver_sql("SELECT contact FROM address").scalar_one()
    assert "王芳" not in str(stored)
    assert "13900000001" not in str(stored)


def test_a_deleted_address_is_gone(user):
    address = addresses.add(user, contact(), now=NOON)
    addresses.delete(address)
    assert count(Address) == 0
