"""“Me”: the way to everything that belongs to whoever asks, and how they want to read."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from flask import Blueprint, abort, current_app, redirect, render_template, request, session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from groupbuy import wechat
from groupbuy.access import policy
from groupbuy.accounts import choices
from groupbuy.accounts.following import followed_leaders
from groupbuy.accounts.models import Member, User
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db, limiter
from groupbuy.members.order_reading import GROUPS
from groupbuy.members.person import me
from groupbuy.members.sign_in import in_wechat
from groupbuy.members.where_to import HOME, safe_next
from groupbuy.notices import inbox
from groupbuy.orders.models import Order
from groupbuy.pickup.models import Pickup

bp = Blueprint("me_pages", __name__, url_prefix="/me")
_SIZES = {"large": True, "ordinary": False}
_ID = re.compile("[0-9]{1,18}")


def myself() -> User:
    """Whoever is signed in, on a page that only they can open."""
    user: Any = me().user
    return user if user is not None else abort(404)


def id_or_404(text: str) -> int:
    """The id of a row as it stands in an address; what no id looks like never gets further."""
    return int(text) if _ID.fullmatch(text) else abort(404)


@bp.get("")
@policy("own")
def show() -> str:
    """Who they are and what is theirs; a guest sees what this browser knows."""
    user = me().user
    return render_template(
        "members/me.html",
        user=user,
        counts=_counts(),
        unread=inbox.unread(user.id) if user else 0,
        leaders=len(followed_leaders(user)) if user else 0,
        can_link_wechat=in_wechat() and wechat.configured(),
        now=clock.now(),
    )


@bp.post("/reading")
@policy("public")
@limiter.limit("60 per minute")
def reading() -> Response:
    """Another language or size of letters: here, and wherever else they are signed in."""
    language, size = request.form.get("language"), request.form.get("type")
    if language is not None and language not in choices.LANGUAGES:
        abort(422)
    if size is not None and size not in _SIZES:
        abort(422)
    if user := me().user:
        with transaction():
            if language:
                choices.set_language(user, choices.LANGUAGES[language])
            if size:
                choices.set_large_type(user, _SIZES[size])
    session.permanent = True
    if language:
        session["lang"] = language
    if size:
        session["large_type"] = _SIZES[size]
    return redirect(safe_next(request.form.get("next")), 303)


@bp.app_template_global()
def here() -> str:
    """The address of this page, to come back to; without a language, which may be about to change.

    A page that only answers a POST cannot be come back to: then it is the person's own page.
    """
    if request.method not in ("GET", "HEAD") and not _can_be_opened():
        return HOME
    asked = [(name, text) for name, text in request.args.items(multi=True) if name != "lang"]
    return quote(request.path, safe="/:@") + (f"?{urlencode(asked)}" if asked else "")


def _can_be_opened() -> bool:
    try:
        current_app.create_url_adapter(request).match(method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return False
    return True


def _counts() -> dict[str, int]:
    """How many orders are in each group that something is still to come of; bags, where ready."""
    mine = me().is_member()
    by_state = (
        sa.select(Order.state, sa.func.count())
        .join(Member, Member.id == Order.member_id)
        .where(mine, Order.state.in_(("pending", "placed", "confirmed")))
        .group_by(Order.state)
    )
    states = {row[0]: row[1] for row in db.session.execute(by_state)}
    bags = (
        sa.select(sa.func.count()).select_from(Pickup).join(Member, Member.id == Pickup.member_id)
    )
    return {
        "pending": states.get("pending", 0),
        "coming": sum(states.get(state, 0) for state in GROUPS["coming"]),
        "ready": db.session.scalars(bags.where(mine, Pickup.state == "ready")).one(),
    }
