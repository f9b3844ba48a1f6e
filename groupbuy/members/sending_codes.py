"""Sending a code: made in a transaction, sent after it, the same for known and unknown people."""

from __future__ import annotations

import logging

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from groupbuy.accounts import codes
from groupbuy.accounts.codes import TooManyCodes, TooSoon
from groupbuy.accounts.reach import Reach
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.members import proving
from groupbuy.members.sign_in_forms import To
from groupbuy.notices import direct

log = logging.getLogger(__name__)


def send(why: str, form: To) -> Response | None:
    """Send a code to what `form.to` says and go on to entering it; None when `form` says why not.

    A code that is still on its way is as good as a new one.
    """
    if not form.validate_on_submit():
        return None
    problem = _send(form.reach)
    if problem and not isinstance(problem, TooSoon):
        form.to.errors = [str(problem)]
        return None
    proving.begin(why, form.reach)
    if problem:
        flash(str(problem), "info")
    return redirect(url_for("entering.show"), 303)


def send_again() -> None:
    """Send another code to where the last one went, and say how that was."""
    going = proving.under_way()
    if going is None:
        return
    if problem := _send(going.reach):
        flash(str(problem), "error")
    else:
        proving.begin(going.why, going.reach)
        flash(_("A new code is on its way. The one before no longer works."), "success")


def _send(reach: Reach) -> object | None:
    """What stood in the way, if anything did."""
    try:
        with transaction():
            code = codes.make_code(reach, now=clock.now())
        direct.send_code(reach.kind, reach.address, code)
    except (TooSoon, TooManyCodes) as refusal:
        return refusal
    except direct.NotDelivered as failure:
        log.warning("a code by %s was not delivered: %s", reach.kind, failure)
        return _("The code could not be sent. Try again in a minute, or sign in another way.")
    return None
