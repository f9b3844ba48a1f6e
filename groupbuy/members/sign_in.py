"""The ways in, by password, and out."""

from __future__ import annotations

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from groupbuy import wechat
from groupbuy.access import policy
from groupbuy.accounts import signing_in
from groupbuy.accounts.signing_in import WrongPassword
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.members import doors, letting_in
from groupbuy.members.sign_in_forms import ByPassword, ToPhone
from groupbuy.members.where_to import safe_next
from groupbuy.notices import direct

bp = Blueprint("sign_in", __name__)


@bp.get("/sign-in")
@policy("public")
def show() -> Response | str:
    """The ways in; `next` is where to go afterwards."""
    if "next" in request.args:
        session["next"] = safe_next(request.args["next"])
    if current_user.is_authenticated:
        return redirect(safe_next(session.pop("next", None)), 303)
    return ways_in(ToPhone())


def ways_in(form: ToPhone) -> str:
    """The page of all ways, the phone's code first."""
    return render_template(
        "members/sign_in.html",
        form=form,
        by_sms=direct.sms_configured(),
        by_wechat=in_wechat() and wechat.configured(),
    )


def in_wechat() -> bool:
    """Whether the page is read inside WeChat, where one tap is enough."""
    return "MicroMessenger" in request.user_agent.string


@bp.get("/sign-in/password")
@policy("public")
def password() -> str:
    """For those who have chosen a password."""
    return render_template("members/sign_in_password.html", form=ByPassword())


@bp.post("/sign-in/password")
@policy("public")
@doors.passwords_from
@doors.passwords_to
def enter() -> Response | str:
    """Check the password, which is slow, then let them in."""
    form, now = ByPassword(), clock.now()
    if not form.validate_on_submit():
        return _refused(form)
    try:
        checked = signing_in.check(form.reach, str(form.password.data))
        with transaction():
            user = signing_in.by_password(checked)
            letting_in.let_in(user, now=now)
    except WrongPassword as refusal:
        form.password.errors = [refusal.sentence]
        return _refused(form)
    return letting_in.go_on(user)


@bp.post("/sign-out")
@policy("public")
def leave() -> Response:
    """End this device, and have the browser forget what it kept."""
    with transaction():
        letting_in.sign_out(now=clock.now())
    logout_user()
    session.clear()
    flash(_("You are signed out."), "success")
    answer = redirect(url_for(".show"), 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _refused(form: ByPassword) -> Response:
    return make_response(render_template("members/sign_in_password.html", form=form), 422)
