"""Who helps a leader: added by phone number, with chosen rights and points."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import helping as rules
from groupbuy.accounts.models import PickupPoint, RoleGrant
from groupbuy.accounts.staff import RIGHTS
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.text import id_or_none
from groupbuy.desk import leader
from groupbuy.extensions import db
from groupbuy.forms import Form, PhoneField, needed

bp = Blueprint("lead_helpers", __name__, url_prefix="/lead/helpers")


class HelperForm(Form):
    """Whom; what they may do is read from the ticks."""

    phone = PhoneField(
        _l("Their mobile number"), [needed(_l("Type the number they registered with."))]
    )


class NoFields(Form):
    """Only the token."""


@bp.get("/new")
@policy("leader")
def new() -> Response:
    """Whom, what, where: handing over everywhere is what most helpers do."""
    return _page(HelperForm(), None, {"rights": {"pickup"}, "points": None})


@bp.post("/new")
@policy("leader")
def add() -> Response:
    """Let somebody help."""
    form, ticked = HelperForm(), _ticked()
    if not form.validate_on_submit():
        return _page(form, None, ticked, status=422)
    try:
        with transaction():
            rules.add_helper(leader(), str(form.phone.data), **_given(ticked), now=clock.now())
    except BadInput as refusal:
        form.refuse(refusal)
        return _page(form, None, ticked, refusal, 422)
    flash(_("They can help from now on; the desk is on their own page."), "success")
    return redirect(url_for("lead_points.index"), 303)


@bp.get("/<user_id>")
@policy("leader")
def edit(user_id: str) -> Response:
    """What one of them may do."""
    helper = _own_or_404(user_id)
    rights = {right for right in RIGHTS if helper.rights.get(right)}
    return _page(NoFields(), helper, {"rights": rights, "points": helper.rights.get("points")})


@bp.post("/<user_id>")
@policy("leader")
def change(user_id: str) -> Response:
    """Other rights or points."""
    helper, form, ticked = _own_or_404(user_id), NoFields(), _ticked()
    form.validate_on_submit()
    try:
        with transaction():
            rules.change_helper(leader(), helper.user_id, **_given(ticked), now=clock.now())
    except BadInput as refusal:
        return _page(form, helper, ticked, refusal, 422)
    flash(_("Saved; it counts from their next click."), "success")
    return redirect(url_for("lead_points.index"), 303)


@bp.post("/<user_id>/remove")
@policy("leader")
def remove(user_id: str) -> Response:
    """End it at once."""
    helper = _own_or_404(user_id)
    with transaction():
        rules.remove_helper(leader(), helper.user_id, now=clock.now())
    flash(_("They help no more; it counts from their next click."), "success")
    return redirect(url_for("lead_points.index"), 303)


def _own_or_404(typed_id: str) -> RoleGrant:
    own = sa.select(RoleGrant).where(
        RoleGrant.leader_id == leader().id,
        RoleGrant.role == "helper",
        RoleGrant.user_id == id_or_none(typed_id),
    )
    with_name = own.options(joinedload(RoleGrant.user))
    found: RoleGrant | None = db.session.scalars(with_name).one_or_none()
    return found or abort(404)


def _ticked() -> dict[str, Any]:
    """{"rights": names, "points": ids, or None for all}."""
    typed = [id_or_none(text) for text in request.form.getlist("points")]
    chosen = [point_id for point_id in typed if point_id is not None]
    everywhere = "all_points" in request.form
    return {
        "rights": set(request.form.getlist("rights")) & set(RIGHTS),
        "points": None if everywhere else chosen,
    }


def _given(ticked: dict[str, Any]) -> dict[str, Any]:
    return {"rights": ticked["rights"], "point_ids": ticked["points"]}


def _page(
    form: Form,
    helper: RoleGrant | None,
    ticked: dict[str, Any],
    refusal: BadInput | None = None,
    status: int = 200,
) -> Response:
    own = sa.select(PickupPoint).where(PickupPoint.leader_id == leader().id)
    points = db.session.scalars(own.where(PickupPoint.is_active).order_by(PickupPoint.id)).all()
    page = render_template(
        "leaders/points_helper.html",
        form=form,
        helper=helper,
        ticked=ticked,
        points=points,
        refused={refusal.field: refusal.sentence} if refusal else {},
    )
    return make_response(page, status)
