"""Signing in, registering and finding a forgotten password by a code that is sent."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.members import doors
from groupbuy.members.sending_codes import send, send_again
from groupbuy.members.sign_in import ways_in
from groupbuy.members.sign_in_forms import ToEither, ToPhone

bp = Blueprint("by_code", __name__)


@bp.post("/sign-in")
@policy("public")
@doors.codes_from
@doors.codes_to
def sign_in() -> Response:
    """Send a code to a phone; whoever is new gets an account by it."""
    form = ToPhone()
    return send("sign_in", form) or make_response(ways_in(form), 422)


@bp.get("/register")
@policy("public")
def new() -> str:
    """For those who want an e-mail address or a password."""
    return render_template("members/sign_in_register.html", form=ToEither())


@bp.post("/register")
@policy("public")
@doors.codes_from
@doors.codes_to
def register() -> Response:
    """Send a code first: it tells nobody but its owner whether a number is known here."""
    form = ToEither()
    again = "members/sign_in_register.html"
    return send("register", form) or make_response(render_template(again, form=form), 422)


@bp.get("/sign-in/forgotten")
@policy("public")
def forgotten() -> str:
    """For those who have forgotten their password, or want another."""
    return render_template("members/sign_in_forgotten.html", form=ToEither())


@bp.post("/sign-in/forgotten")
@policy("public")
@doors.codes_from
@doors.codes_to
def find() -> Response:
    """Send a code, whether or not there is such an account."""
    form = ToEither()
    again = "members/sign_in_forgotten.html"
    return send("forgotten", form) or make_response(render_template(again, form=form), 422)


@bp.post("/sign-in/code/again")
@policy("public")
@doors.codes_from
@doors.codes_to
def again() -> Response:
    """Send another code to the same address."""
    send_again()
    return redirect(url_for("entering.show"), 303)
