"""One tap in WeChat: there and back, with a state that only this browser knows."""

from __future__ import annotations

import hmac
import logging
import secrets
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import wechat
from groupbuy.access import policy
from groupbuy.accounts import linking, signing_in
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.core.text import label
from groupbuy.extensions import db
from groupbuy.members import doors, letting_in
from groupbuy.members.where_to import HOME
from groupbuy.wechat import WeChatPerson, WeChatRefused

bp = Blueprint("by_wechat", __name__)
log = logging.getLogger(__name__)

STATE_GOOD_FOR = timedelta(minutes=10)


@bp.get("/sign-in/wechat")
@policy("public")
def ask() -> Response:
    """Off to WeChat. Somebody who is signed in comes back with WeChat linked."""
    if not wechat.configured():
        abort(404)
    state = secrets.token_urlsafe(24)
    session["wechat"] = [state, clock.now().timestamp()]
    back = url_for("by_wechat.back", _external=True)
    return redirect(wechat.authorize_url(back, state), 303)


@bp.get("/sign-in/wechat/back")
@policy("public")
@doors.entries_from
def back() -> Response:
    """Whom WeChat sends back is signed in, or linked to the account that asked."""
    if not wechat.configured():
        abort(404)
    if not _is_ours(request.args.get("state", "")):
        return _refuse(_("That took too long. Please tap once more."))
    if "code" not in request.args:
        return _refuse(_("You did not allow it in WeChat. You can sign in another way."))
    db.session.rollback()  # the answer may take seconds; nobody's connection waits for it
    try:
        person = wechat.openid_of(request.args["code"])
        return _link(person) if current_user.is_authenticated else _sign_in(person)
    except WeChatRefused as refusal:
        log.warning("sign-in by WeChat: %s", refusal)
        return _refuse(_("WeChat did not answer as it should. Try again, or sign in another way."))
    except RuleBroken as refusal:
        return _refuse(refusal.sentence)


# The one GET that writes: WeChat sends people back by a link. The state, good once and only in the
# browser that asked, does what a form's token does elsewhere.
back.writes_on_get = True  # type: ignore[attr-defined]


def _is_ours(state: str) -> bool:
    """Whether this browser asked with `state`, not long ago and not yet answered."""
    ours, asked_at = session.pop("wechat", ("", 0))
    in_time = clock.now().timestamp() - asked_at < STATE_GOOD_FOR.total_seconds()
    return in_time and hmac.compare_digest(ours.encode(), state.encode(errors="replace"))


def _sign_in(person: WeChatPerson) -> Response:
    now, name = clock.now(), label(person.nickname or "", 100) or _("WeChat user")
    with transaction():
        user = signing_in.by_wechat(person.openid, name, now=now)
        letting_in.let_in(user, now=now)
    return letting_in.go_on(user)


def _link(person: WeChatPerson) -> Response:
    with transaction():
        linking.link_wechat(current_user._get_current_object(), person.openid, now=clock.now())
    flash(_("From now on one tap in WeChat signs you in."), "success")
    return redirect(HOME, 303)


def _refuse(sentence: str) -> Response:
    flash(sentence, "error")
    return redirect(HOME if current_user.is_authenticated else url_for("sign_in.show"), 303)
