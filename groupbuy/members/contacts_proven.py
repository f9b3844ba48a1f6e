"""The phone and the e-mail address of somebody signed in; each counts once a code proved it."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts.reach import Reach
from groupbuy.members import doors
from groupbuy.members.sending_codes import send
from groupbuy.members.sign_in_forms import ToEmail, ToPhone

bp = Blueprint("contacts_proven", __name__)


@bp.get("/me/phone")
@policy("signed_in")
def phone() -> Response:
    """The number now, and a place for another."""
    return _page("phone", ToPhone())


@bp.post("/me/phone")
@policy("signed_in")
@doors.codes_from
@doors.codes_to
def prove_phone() -> Response:
    """Send a code to the number."""
    form = ToPhone()
    return send("link", form) or _page("phone", form, 422)


@bp.get("/me/email")
@policy("signed_in")
def email() -> Response:
    """The address now, and a place for another."""
    return _page("email", ToEmail())


@bp.post("/me/email")
@policy("signed_in")
@doors.codes_from
@doors.codes_to
def prove_email() -> Response:
    """Send a code to the address."""
    form = ToEmail()
    return send("link", form) or _page("email", form, 422)


def _page(kind: str, form: ToPhone | ToEmail, status: int = 200) -> Response:
    known = current_user.phone if kind == "phone" else current_user.email
    reach = Reach("phone" if kind == "phone" else "email", known) if known else None
    page = render_template("members/contact_proven.html", form=form, kind=kind, known=reach)
    return make_response(page, status)
