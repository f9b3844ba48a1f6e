"""Another password for somebody who is signed in."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import signing_in
from groupbuy.accounts.passwords import hash_password
from groupbuy.accounts.signing_in import NotTheirPassword
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.members import doors, letting_in
from groupbuy.members.me import myself
from groupbuy.members.sign_in_forms import ChangePassword

bp = Blueprint("me_password", __name__)


@bp.get("/me/password")
@policy("signed_in")
def show() -> Response:
    """The password until now, if there is one, and the next."""
    return _page(_form())


@bp.post("/me/password")
@policy("signed_in")
@doors.passwords_from
@doors.passwords_of
def change() -> Response:
    """Take the new password: whoever knew the old one, or holds an old cookie, is out."""
    form, user, now = _form(), myself(), clock.now()
    if not form.validate_on_submit():
        return _page(form, 422)
    before = user.password_hash
    try:
        signing_in.check_own(user, form.current.data if before else "")
        kept = hash_password(form.password.data)
        with transaction():
            signing_in.change_password(user, before, kept, now=now)
            letting_in.let_in(user, now=now)
    except NotTheirPassword as refusal:
        if "current" not in form:  # one was chosen elsewhere a moment ago
            form = ChangePassword()
        form.current.errors = [refusal.sentence]
        return _page(form, 422)
    answer = letting_in.go_on(user)
    flash(_("The new password counts. All other devices are signed out."), "success")
    return answer


def _form() -> ChangePassword:
    form = ChangePassword()
    if myself().password_hash is None:
        del form.current
    return form


def _page(form: ChangePassword, status: int = 200) -> Response:
    return make_response(render_template("members/me_password.html", form=form), status)
