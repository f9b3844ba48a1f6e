"""A leader at her desk, and a deal as she types it in."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from groupbuy.accounts.models import Leader
from groupbuy.core import clock
from groupbuy.deals.editing import publish
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from tests import factories
from tests.catalog.uploads import drawn, packed
from tests.members.test_cart import sign_in

EN = {"Accept-Language": "en"}


def desk(app: Flask, leader: Leader) -> FlaskClient:
    """A browser in which `leader` has signed in."""
    db.session.commit()
    client = app.test_client()
    sign_in(client, leader.user)
    with client.session_transaction() as session:
        session["lang"] = "en"
    return client


def local(hours: float) -> str:
    """So many hours from now, as a browser sends it."""
    return f"{clock.local(clock.now() + timedelta(hours=hours)):%Y-%m-%dT%H:%M}"


def press(client: FlaskClient, address: str, act: str, **fields: Any):
    return client.post(address, data={"act": act} | fields, headers=EN)


def whole(leader: Leader, **fields: Any) -> dict[str, Any]:
    """A form that can be published: one product of the leader's, one point."""
    sku, point = factories.make_sku(leader), factories.make_point(leader)
    db.session.commit()
    usual = {
        "title": "Weekend basket",
        "intro": "Fresh",
        "closes_at": local(30),
        "points": str(point.id),
        "minimum_kind": "none",
        "share_by": "payment",
        "ways": ["cash", "sandbox"],
        "items-0-sku": str(sku.id),
        "items-0-price": "12.50",
        "items-0-stock": "40",
        "items-0-limit": "3",
        "items-0-pack_size": "4",
    }
    return usual | fields


def only_deal() -> Deal:
    db.session.expire_all()
    return db.session.scalars(sa.select(Deal)).one()


def photo(name: str = "a.jpg", content: bytes | None = None) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content or packed(drawn())), name


def live(leader: Leader, **values: Any) -> Deal:
    now = clock.now()
    draft = factories.make_draft(leader, closes_at=now + timedelta(hours=9), **values)
    publish(draft, now=now)
    return draft
