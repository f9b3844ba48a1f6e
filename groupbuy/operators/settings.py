"""What an operator sets for the whole site; each has an effect at once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.money import format_yuan
from groupbuy.core.settings import change_setting, settings_now
from groupbuy.operators.forms import SiteForm

bp = Blueprint("op_settings", __name__, url_prefix="/operator/settings")


@bp.get("")
@policy("operator")
def show() -> Response:
    """As they are."""
    known = {name.lower(): value for name, value in settings_now().items()}
    for name in ("refund_limit_fen", "operator_refund_limit_fen"):
        known[name] = format_yuan(known[name]).strip("¥").replace(",", "")  # as it is typed
    return _page(SiteForm(**known))


@bp.post("")
@policy("operator")
def save() -> Response:
    """Set what changed."""
    form = SiteForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    with transaction():
        for name, value in _typed(form).items():
            if value is not None:  # a limit that was left empty stays what it is
                change_setting(name, value, by_id=current_user.id, now=clock.now())
    flash(_("Saved. It counts everywhere within a few seconds."), "success")
    return redirect(url_for(".show"), 303)


def _typed(form: SiteForm) -> dict[str, Any]:
    return {
        "SITE_NAME": form.site_name.data,
        "OPERATOR_NAME": form.operator_name.data,
        "OPERATOR_CONTACT": form.operator_contact.data,
        "REFUND_LIMIT_FEN": form.refund_limit_fen.data,
        "OPERATOR_REFUND_LIMIT_FEN": form.operator_refund_limit_fen.data,
        "APPLICATIONS_OPEN": form.applications_open.data,
    }


def _page(form: SiteForm, status: int = 200) -> Response:
    return make_response(render_template("operators/settings.html", form=form), status)
