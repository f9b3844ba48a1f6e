"""Letting a browser in as somebody, and out again."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from flask import flash, g, redirect, request, session, url_for
from flask_babel import ngettext
from flask_login import current_user, login_user
from werkzeug.wrappers import Response

from groupbuy.accounts import consent, devices
from groupbuy.accounts.models import User
from groupbuy.members import basket
from groupbuy.members.where_to import safe_next

# What a browser did before it was known who sits there. All else belongs to whoever was in before.
_KEPT = ("guest", "browser", "lang", "large_type")


def let_in(user: User, *, now: datetime) -> None:
    """Sign this browser in as `user`, with what was in its cart. In the transaction."""
    sign_out(now=now)
    devices.sign_in_device(user, request.user_agent.string, now=now)
    basket.adopt(user, now=now)


def sign_out(*, now: datetime) -> None:
    """End this browser's device, if it is signed in."""
    if current_user.is_authenticated:
        with suppress(devices.NoSuchDevice):  # ended from elsewhere a moment ago
            devices.end_device(current_user, current_user.device_id, now=now)


def go_on(user: User, found: int = 0) -> Response:
    """After the commit: a fresh session, and on to where they were going.

    `found` orders were made as a guest and are now theirs.
    """
    target = safe_next(session.get("next"))
    kept = {name: session[name] for name in _KEPT if name in session}
    session.clear()
    session.update(kept)
    session.permanent = True
    login_user(user)
    g.pop("person", None)
    say_found(found)
    if consent.missing(user):
        session["next"] = target
        return redirect(url_for("agreeing.show"), 303)
    return redirect(target, 303)


def say_found(found: int) -> None:
    """Tell somebody how many orders they had made as a guest."""
    if found:
        flash(
            ngettext(
                "%(num)d order that you made without signing in was found.",
                "%(num)d orders that you made without signing in were found.",
                found,
            ),
            "success",
        )
