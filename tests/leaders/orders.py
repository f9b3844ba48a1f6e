"""A leader at her desk with a deal that is open now, by the clock that pages read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts.models import Leader, RoleGrant, User
from groupbuy.core import clock
from groupbuy.core.crypto import lookup_hash
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from tests import factories
from tests.members.test_cart import ZH, sign_in

EN = {"Accept-Language": "en"}
CONTACT = {"name": "李静", "phone": "13800138000", "building": "6", "unit": "2", "room": "1102"}

__all__ = ["CONTACT", "EN", "ZH", "at_desk", "helper_of", "member", "open_deal", "order"]


def open_deal(**values: Any) -> Deal:
    """A deal that opened an hour ago."""
    return factories.make_deal(opens_at=clock.now() - timedelta(hours=1), **values)


def member(leader: Leader, name: str = "李静", phone: str = "13800138000", **values: Any):
    """A member with a phone; `account` makes them somebody who signs in."""
    found = factories.make_member(leader, name)
    found.phone, found.phone_hash = phone, lookup_hash(phone)
    if values.get("account"):
        found.user_id = factories.make_user(name).id
    db.session.flush()
    return found


def order(deal: Deal, *pieces: int, vouched: bool = False, **values: Any) -> Order:
    """An order placed now."""
    make = factories.make_placed if vouched else factories.make_order
    return make(deal, *pieces, now=clock.now(), **values)


def at_desk(app: Flask, leader: Leader | User) -> FlaskClient:
    """A browser in which `leader`, or a helper, is signed in, and reads English."""
    user = leader if isinstance(leader, User) else leader.user
    user.locale = "en"
    db.session.commit()
    client = app.test_client()
    sign_in(client, user)
    return client


def helper_of(leader: Leader, **rights: bool) -> User:
    """Somebody who may do what `rights` name."""
    user = factories.make_user("王阿姨")
    db.session.add(
        RoleGrant(
            user_id=user.id,
            role="helper",
            leader_id=leader.id,
            rights=rights,
            created_at=clock.now(),
        )
    )
    db.session.flush()
    return user
