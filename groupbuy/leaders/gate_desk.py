"""Where somebody stands who hands over: at whose bags, at which point, and what they are shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from flask import current_app, request, session
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.accounts.models import PickupPoint
from groupbuy.accounts.staff import Post
from groupbuy.core import reading
from groupbuy.core.text import id_or_none
from groupbuy.desk import desk, posts
from groupbuy.extensions import db
from groupbuy.pickup.finding import Opened, look_up
from groupbuy.pickup.handover import UNDO_WITHIN, UnknownCode
from groupbuy.pickup.models import Handover, Pickup

_TOKEN = re.compile("[a-z2-7]{26}")
LAST = "last_handover"  # the cookie with its number
KEY = re.compile(f"{_TOKEN.pattern}|[0-9]{{1,18}}")  # what stands in the address of a bag


def opened_by(key: str) -> tuple[Opened, Post]:
    """The bag behind `key`, an id or what a QR code holds, and the post that may hand it over.

    Whoever helps several leaders is found at the one whose bag it is. Raises UnknownCode, the
    same for bags of others and for none.
    """
    opened = _opened(key)
    post = opened and post_at(opened.pickup.leader_id)
    if opened is None or post is None:
        raise UnknownCode
    return opened, post


def post_at(leader_id: int) -> Post | None:
    """Where whoever asks hands over bags of this leader; None: nowhere."""
    at = (post for post in posts() if post.leader.id == leader_id and post.may("pickup"))
    return next(at, None)


def place_of(post: Post) -> frozenset[int] | None:
    """The points at which whoever asks hands over now: the one they chose, else all they may."""
    chosen = session.get("gate_point")
    if isinstance(chosen, int) and post.serves(chosen) and post.leader.id == desk().leader.id:
        return frozenset([chosen])
    return post.point_ids


def points_of(post: Post) -> Sequence[PickupPoint]:
    """The points somebody may stand at."""
    own = sa.select(PickupPoint).where(
        PickupPoint.leader_id == post.leader.id, PickupPoint.is_active
    )
    if post.point_ids is not None:
        own = own.where(PickupPoint.id.in_(post.point_ids))
    return db.session.scalars(own.order_by(PickupPoint.id)).all()


def remember(answer: Response, done: Handover) -> None:
    """Let this browser find the way back to what it handed over last, as long as there is one.

    Not in the session, which takes long to sign; who may see a handover is asked anyway.
    """
    answer.set_cookie(
        LAST,
        str(done.id),
        max_age=UNDO_WITHIN,
        path="/g",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def last_handover(now: datetime) -> Handover | None:
    """What whoever asks handed over last with this browser, as long as it can be undone."""
    last_id = id_or_none(request.cookies.get(LAST, ""))
    done = db.session.get(Handover, last_id) if last_id is not None else None
    if done is None or done.by_id != current_user.id or done.undone_at:
        return None
    return done if now - done.at < UNDO_WITHIN else None


def _opened(key: str) -> Opened | None:
    if _TOKEN.fullmatch(key):
        return look_up(None, key)
    bag_id = id_or_none(key)
    pickup = reading.get(Pickup, bag_id) if bag_id is not None else None
    return Opened(pickup, None) if pickup else None
