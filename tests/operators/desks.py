"""Somebody signed in who may do something: operators, leaders, applicants."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from groupbuy.accounts import people
from groupbuy.accounts.applying import LeaderForm
from groupbuy.accounts.models import User
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from tests.conftest import NOON
from tests.factories import make_user
from tests.members.test_cart import sign_in

GROUP = LeaderForm("林姐", "梧桐里", "住 7 号楼", "13900000088", "linjie", "每天")
GROUP_FIELDS = {
    "name": "林姐",
    "community": "梧桐里",
    "intro": "住 7 号楼",
    "contact_phone": "139 0000 0088",
    "wechat_id": "linjie",
    "contact_hours": "每天 9:00–21:00",
}


def make_operator(name: str = "陈知行") -> User:
    user = make_user(name)
    people.grant(user, "operator", now=NOON)
    db.session.commit()
    return user


def as_user(app: Any, user: User) -> FlaskClient:
    db.session.commit()  # what the test has made so far
    client = app.test_client()
    sign_in(client, user)
    return client


def logged(action: str) -> list[ActionLog]:
    entries = sa.select(ActionLog).where(ActionLog.action == action).order_by(ActionLog.id)
    return list(db.session.scalars(entries))
