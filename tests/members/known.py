"""Browsers of people who are known."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from groupbuy.accounts.devices import sign_in_device
from groupbuy.accounts.models import Member, User
from groupbuy.core import clock
from groupbuy.extensions import db


def browser(app: Any, user: User | None = None, *guest: Member, lang: str = "en") -> FlaskClient:
    """A browser that reads English, signed in as `user` or known as the members `guest`."""
    client: FlaskClient = app.test_client()
    with client.session_transaction() as session:
        if user is not None:
            session["_user_id"] = sign_in_device(user, "Android Chrome", now=clock.now())
            session["_fresh"] = True
        session["guest"] = [member.id for member in guest]
        session["lang"] = lang
    db.session.commit()
    return client
