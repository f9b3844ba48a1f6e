"""Agreeing to the documents, by those who came in without, or to an older version."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, session
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import consent
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.members.sign_in_forms import Agreeing, says
from groupbuy.members.where_to import safe_next

bp = Blueprint("agreeing", __name__)


@bp.get("/agree")
@policy("signed_in")
def show() -> Response:
    """What is left to agree to, or on to where they were going."""
    missing = consent.missing(current_user)
    return _page(_form(missing)) if missing else _go_on()


@bp.post("/agree")
@policy("signed_in")
def agree() -> Response:
    """Note it, once every box is ticked."""
    missing = consent.missing(current_user)
    form = _form(missing)
    if not form.validate_on_submit():
        return _page(form, 422)
    user = current_user._get_current_object()
    with transaction():
        consent.agree(user, missing, now=clock.now())
    return _go_on()


def _form(missing: list[str]) -> Agreeing:
    form = Agreeing()
    for known in {"rules", "privacy"} - set(missing):
        del form[known]
    return form


def _go_on() -> Response:
    return redirect(safe_next(session.pop("next", None)), 303)


def _page(form: Agreeing, status: int = 200) -> Response:
    page = render_template("members/sign_in_agree.html", form=form, says=says)
    return make_response(page, status)
