"""What the form of a new deal begins with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import BooleanField

from groupbuy import desk
from groupbuy.access import policy
from groupbuy.accounts.models import PickupPoint
from groupbuy.accounts.presenting import set_deal_defaults
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.forms import ChoiceField, Form, QuantityField
from groupbuy.leaders.ways_field import WaysField

bp = Blueprint("lead_deal_defaults", __name__, url_prefix="/lead/settings/deals")


class DefaultsForm(Form):
    """The rules that most deals of one leader share."""

    pay_at_pickup = BooleanField(_l("Neighbours pay when they collect"))
    hold_minutes = QuantityField(_l("Minutes an unpaid order holds its goods"))
    limit_per_person = QuantityField(_l("Pieces per person at most"))
    share_by = ChoiceField(_l("When too little arrives"))
    ways = WaysField()


def _form(**known: Any) -> DefaultsForm:
    form = DefaultsForm(**known)
    form.share_by.choices = [
        ("payment", _("Who paid first gets all, the last ones less")),
        ("prorata", _("Everybody gets a fair part")),
    ]
    return form


@bp.get("")
@policy("leader")
def show() -> Response:
    """As they are."""
    known = {"share_by": "payment", **desk.leader().deal_defaults}
    return _page(_form(**known), {str(each) for each in known.get("point_ids", ())})


@bp.post("")
@policy("leader")
def save() -> Response:
    """Set them anew."""
    form, ticked = _form(), set(request.form.getlist("point_ids"))
    if not form.validate_on_submit():
        return _page(form, ticked, 422)
    chosen = [point.id for point in _points() if str(point.id) in ticked]
    with transaction():
        by = {"by_id": current_user.id, "now": clock.now()}
        set_deal_defaults(desk.leader(), _typed(form, chosen), **by)
    flash(_("Saved: the next deal begins like this."), "success")
    return redirect(url_for(".show"), 303)


def _typed(form: DefaultsForm, point_ids: list[int]) -> dict[str, Any]:
    """Plain values; what is left empty, or 0, is no limit and stays out.

    So do the ways to pay when it is all of them.
    """
    optional: dict[str, Any] = {
        "hold_minutes": form.hold_minutes.data,
        "limit_per_person": form.limit_per_person.data,
        "ways": form.ways.kept,
    }
    return {
        "point_ids": point_ids,
        "pay_at_pickup": form.pay_at_pickup.data,
        "share_by": form.share_by.data,
        **{name: value for name, value in optional.items() if value},
    }


def _points() -> list[PickupPoint]:
    own = sa.select(PickupPoint).where(PickupPoint.leader_id == desk.leader().id)
    active = own.where(PickupPoint.is_active).order_by(PickupPoint.id)
    return list(db.session.scalars(active))


def _page(form: DefaultsForm, ticked: set[str], status: int = 200) -> Response:
    page = render_template(
        "leaders/settings_deals.html", form=form, points=_points(), ticked=ticked
    )
    return make_response(page, status)
