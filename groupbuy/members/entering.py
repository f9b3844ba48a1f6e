"""Entering the code, and what it opens."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import claiming, codes, consent, linking, signing_in
from groupbuy.accounts.codes import ProofGone
from groupbuy.accounts.models import User
from groupbuy.accounts.passwords import hash_password
from groupbuy.accounts.reach import Reach, user_of
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.members import doors, letting_in, proving
from groupbuy.members.proving import Proving
from groupbuy.members.sign_in_forms import (
    EnterCode,
    NewAccount,
    NewAccountWithPassword,
    NewPassword,
    says,
)
from groupbuy.members.where_to import HOME

bp = Blueprint("entering", __name__)


@bp.get("/sign-in/code")
@policy("public")
def show() -> Response:
    """Where the code is typed in; in the middle of nothing, the ways in."""
    going = proving.under_way()
    return _page(going, EnterCode()) if going else _from_the_start()


@bp.post("/sign-in/code")
@policy("public")
@doors.entries_from
def enter() -> Response:
    """Try the code; a wrong one costs a try, whoever it is for.

    Whose code was right here before has used it up, but was kept from going on: they go on now.
    """
    going, form, now = proving.under_way(), EnterCode(), clock.now()
    if going is None:
        return _from_the_start()
    if not form.validate_on_submit():
        return _page(going, form, 422)
    if going.proof:
        return _proven(going)
    with transaction():
        proof = codes.prove(going.reach, str(form.code.data), now=now)
    if proof is None:
        form.code.errors = [_("This code is wrong or too old. Look again, or ask for a new one.")]
        return _page(going, form, 422)
    return _proven(proving.proven(going, proof))


def _proven(going: Proving) -> Response:
    try:
        if going.why == "link" and current_user.is_authenticated:
            return _link(going)
        known = user_of(going.reach)
        if known is None:
            return redirect(url_for("entering.name"), 303)
        if going.why == "forgotten":
            return redirect(url_for("entering.password"), 303)
        return _sign_in(going)
    except RuleBroken as refusal:
        return _failed(refusal)


def _sign_in(going: Proving) -> Response:
    now = clock.now()
    with transaction():
        _redeem(going)
        user = signing_in.by_reach(going.reach)
        found = _claim(user, going.reach)
        letting_in.let_in(user, now=now)
    answer = letting_in.go_on(user, found)
    if going.why == "register":
        flash(_("You already have an account: you are signed in to it."), "success")
    return answer


def _link(going: Proving) -> Response:
    now, before = clock.now(), current_user.id
    with transaction():
        _redeem(going)
        user = linking.link(current_user._get_current_object(), going.reach, now=now)
        found = _claim(user, going.reach)
        if user.id != before:
            letting_in.let_in(user, now=now)
    proving.forget()
    if user.id != before:
        return letting_in.go_on(user, found)
    letting_in.say_found(found)
    flash(_("%(address)s is now yours to sign in with.", address=going.reach.masked), "success")
    return redirect(HOME, 303)


@bp.get("/sign-in/name")
@policy("public")
def name() -> Response:
    """The last step of somebody new."""
    going = proving.under_way()
    return _name_page(going, _new_account(going)) if going and going.proof else _from_the_start()


@bp.post("/sign-in/name")
@policy("public")
@doors.entries_from
def register() -> Response:
    """Make the account. Whoever has got one meanwhile is signed in to it."""
    going, now = proving.under_way(), clock.now()
    if going is None or not going.proof:
        return _from_the_start()
    form = _new_account(going)
    if not form.validate_on_submit():
        return _name_page(going, form, 422)
    kept = hash_password(form.password.data) if "password" in form else None
    try:
        with transaction():
            _redeem(going)
            user = signing_in.register(going.reach, str(form.name.data), kept, now=now)
            consent.agree(user, consent.DOCUMENTS, now=now)
            found = _claim(user, going.reach)
            letting_in.let_in(user, now=now)
    except RuleBroken as refusal:
        return _failed(refusal)
    return letting_in.go_on(user, found)


@bp.get("/sign-in/new-password")
@policy("public")
def password() -> Response:
    """A new password for the forgotten one."""
    going = proving.under_way()
    return _password_page(NewPassword()) if going and going.proof else _from_the_start()


@bp.post("/sign-in/new-password")
@policy("public")
@doors.entries_from
def replace() -> Response:
    """Take the new password; every device that was signed in is signed out."""
    going, form, now = proving.under_way(), NewPassword(), clock.now()
    if going is None or not going.proof:
        return _from_the_start()
    if not form.validate_on_submit():
        return _password_page(form, 422)
    kept = hash_password(form.password.data)
    try:
        with transaction():
            _redeem(going)
            user = signing_in.by_reach(going.reach)
            signing_in.replace_password(user, kept, now=now)
            found = _claim(user, going.reach)
            letting_in.let_in(user, now=now)
    except RuleBroken as refusal:
        return _failed(refusal)
    answer = letting_in.go_on(user, found)
    flash(_("The new password counts. All other devices are signed out."), "success")
    return answer


def _redeem(going: Proving) -> None:
    if going.proof is None:
        raise ProofGone
    codes.redeem(going.proof, going.reach, now=clock.now())


def _claim(user: User, reach: Reach) -> int:
    """Only a phone that was proven just now finds the orders made with it."""
    return claiming.claim(user) if reach.kind == "phone" else 0


def _failed(refusal: RuleBroken) -> Response:
    proving.forget()
    flash(refusal.sentence, "error")
    if current_user.is_authenticated:
        return redirect(HOME, 303)
    return _from_the_start()


def _from_the_start() -> Response:
    return redirect(url_for("sign_in.show"), 303)


def _new_account(going: Proving) -> NewAccount:
    return NewAccount() if going.why == "sign_in" else NewAccountWithPassword()


def _page(going: Proving, form: EnterCode, status: int = 200) -> Response:
    page = render_template("members/sign_in_code.html", form=form, reach=going.reach, why=going.why)
    return make_response(page, status)


def _name_page(going: Proving, form: NewAccount, status: int = 200) -> Response:
    page = render_template("members/sign_in_name.html", form=form, reach=going.reach, says=says)
    return make_response(page, status)


def _password_page(form: NewPassword, status: int = 200) -> Response:
    return make_response(render_template("members/sign_in_new_password.html", form=form), status)
