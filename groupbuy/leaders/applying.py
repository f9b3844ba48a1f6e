"""Asking to open deals oneself, and how that stands."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import BooleanField
from wtforms.validators import InputRequired

from groupbuy.access import policy
from groupbuy.accounts import applying, people
from groupbuy.accounts.models import Leader
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.settings import setting
from groupbuy.extensions import limiter
from groupbuy.leaders.group_form import GroupForm

bp = Blueprint("lead_apply", __name__, url_prefix="/lead/apply")


class ApplicationForm(GroupForm):
    """The group, and that they know what they take on."""

    agree = BooleanField(
        _l("I answer for what I sell, and keep neighbours' data to my deals."),
        [InputRequired(_l("Please agree, or nobody can be let in."))],
    )


@bp.get("")
@policy("signed_in")
def show() -> Response:
    """The form, or how their application stands."""
    leader = people.leader_of(_myself())
    return _page(_form(leader), leader)


@bp.post("")
@policy("signed_in")
@limiter.limit("10 per hour", deduct_when=lambda answer: answer.status_code == 303)
def send() -> Response:
    """Apply, or apply again after a refusal."""
    leader, form = people.leader_of(_myself()), ApplicationForm()
    if not form.validate_on_submit():
        return _page(form, leader, 422)
    with transaction():
        applying.apply(_myself(), form.group(), now=clock.now())
    flash(
        _("Thank you. The operator looks at it; you find the answer in your messages."), "success"
    )
    return redirect(url_for(".show"), 303)


def _myself() -> Any:
    return current_user._get_current_object()


def _form(leader: Leader | None) -> ApplicationForm:
    """What they wrote before, else what is known of them."""
    if leader is None:
        return ApplicationForm(contact_phone=_myself().phone or "")
    return ApplicationForm(obj=leader)


def _page(form: ApplicationForm, leader: Leader | None, status: int = 200) -> Response:
    refused = leader is not None and applying.was_refused(leader)
    page = render_template(
        "leaders/apply.html",
        form=form,
        leader=leader,
        refused=refused,
        is_open=setting("APPLICATIONS_OPEN"),
        now=clock.now(),
    )
    return make_response(page, status)
