"""People and bags at the gate, in the present: pages read the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from groupbuy.accounts.models import Leader, RoleGrant, User
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.pickup import bags
from groupbuy.pickup.models import Pickup
from tests import factories
from tests.members.test_cart import ZH, sign_in
from tests.pickup import rows
from tests.pickup.rows import bags_of

ALL = {"all": "1"}


def evening(*orders: tuple[int, ...], came: bool = True, **values: Any) -> Deal:
    """A deal whose bags stand at the gate now; a household for each of `orders`.

    Its orders are placed in the tests' future, because rules never act in the past.
    """
    now = clock.now()
    leader = values.pop("leader", None) or factories.make_leader()
    starts_at = values.pop("starts_at", now - timedelta(minutes=30))
    ends_at = values.pop("ends_at", now + timedelta(hours=2))
    width = max(len(order) for order in orders)
    skus = [
        factories.make_sku(leader, storage_class=kind, price_fen=1000)
        for kind in ("ambient", "fresh", "frozen")[:width]
    ]
    deal = rows.closed_deal(*orders, skus=skus, leader=leader, **values)
    if came:
        rows.arrive(deal)
    deal.pickup_starts_at, deal.pickup_ends_at = starts_at, ends_at
    db.session.commit()
    return deal


def helper(leader: Leader, *points: int, name: str = "王阿姨", **rights: Any) -> User:
    """Somebody who helps `leader`, by default with handing over, at `points` or everywhere."""
    user = factories.make_user(name)
    given: dict[str, Any] = rights or {"pickup": True}
    if points:
        given["points"] = list(points)
    db.session.add(
        RoleGrant(
            user_id=user.id,
            role="helper",
            leader_id=leader.id,
            rights=given,
            created_at=clock.now(),
        )
    )
    db.session.commit()
    return user


def at_gate(app: Flask, who: Leader | User) -> FlaskClient:
    """A browser in which they are signed in."""
    user = who if isinstance(who, User) else db.session.get_one(User, who.user_id)
    client = app.test_client()
    sign_in(client, user)
    return client


def boxes(bag: Pickup, **but: int) -> dict[str, str]:
    """Every check box of the bag's page, ticked."""
    return {
        f"give-{bag.id}-{line.id}": str(line.open_pieces)
        for line in bags.lines_of(bag)
        if line.open_pieces
    }


def give(client: FlaskClient, bag: Pickup | str, nonce: str = "n1", **fields: str) -> TestResponse:
    """Press the button on the bag's page with everything ticked, or with `fields`."""
    key = bag if isinstance(bag, str) else bag.id
    form = fields or (ALL if isinstance(bag, str) else boxes(bag))
    return client.post(f"/g/bags/{key}/hand-over", data={"nonce": nonce, **form}, headers=ZH)


def page(client: FlaskClient, path: str) -> TestResponse:
    return client.get(path, headers=ZH)


def one_bag(*pieces: int, **values: Any) -> Pickup:
    [bag] = bags_of(evening(pieces or (2,), **values))
    return bag


def order_of(bag: Pickup) -> Order:
    return db.session.query(Order).filter_by(deal_id=bag.deal_id, member_id=bag.member_id).one()
