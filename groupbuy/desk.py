"""At whose desk somebody sits: a console shows one leader's work at a time."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa
from flask import abort, g, session
from flask_login import current_user

from groupbuy.accounts.models import Leader
from groupbuy.accounts.staff import Post, posts_of
from groupbuy.core.text import id_or_none
from groupbuy.deals.board import is_slug
from groupbuy.deals.models import Deal
from groupbuy.extensions import db

Row = TypeVar("Row")


def posts() -> list[Post]:
    """Every desk that whoever asks may sit at, their own first."""
    if "posts" not in g:
        signed_in = current_user.is_authenticated
        g.posts = list(posts_of(current_user._get_current_object())) if signed_in else []
    found: list[Post] = g.posts
    return found


def desk_or_none() -> Post | None:
    """The desk chosen in this browser, else the first."""
    chosen = session.get("desk")
    return next((post for post in posts() if post.leader.id == chosen), next(iter(posts()), None))


def desk() -> Post:
    """Where whoever asks works. Only behind a policy that says they do."""
    return desk_or_none() or abort(404)


def leader() -> Leader:
    """The leader whose desk it is: every row a console page touches is looked up through them."""
    return desk().leader


def deal_or_404(slug: str) -> Deal:
    """The leader's own deal, a draft too; somebody else's is as missing as one that never was."""
    if not is_slug(slug):
        abort(404)
    own = sa.select(Deal).where(Deal.slug == slug, Deal.leader_id == leader().id)
    deal: Deal | None = db.session.scalars(own).one_or_none()
    return deal or abort(404)


def own_or_404(kind: type[Row], typed_id: str) -> Row:
    """The leader's own row of `kind` by its id as it stands in the address, or 404."""
    row_id = id_or_none(typed_id)
    if row_id is None:
        abort(404)
    model: Any = kind
    own = sa.select(model).where(model.id == row_id, model.leader_id == leader().id)
    found: Row | None = db.session.scalars(own).one_or_none()
    return found or abort(404)
