"""Where bags are handed over, and who helps."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import points as rules
from groupbuy.accounts.helping import helpers_of
from groupbuy.accounts.models import PickupPoint
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.deals.telling import tell_place_moved
from groupbuy.desk import leader, own_or_404
from groupbuy.extensions import db
from groupbuy.forms import Form, LineField, needed

bp = Blueprint("lead_points", __name__, url_prefix="/lead/points")


class PointForm(Form):
    """Where a point is and when somebody is there."""

    name = LineField(_l("Name"), [needed(_l("Give the point a name."))], longest=60)
    address = LineField(_l("Where it is"), longest=200)
    hours = LineField(_l("Usual hours"), longest=60)

    def point(self) -> rules.PointForm:
        """As the rules take it."""
        typed = self.name.data or "", self.address.data or "", self.hours.data or ""
        return rules.PointForm(*typed)


@bp.get("")
@policy("leader")
def index() -> str:
    """Points, those put away last, and helpers."""
    own = sa.select(PickupPoint).where(PickupPoint.leader_id == leader().id)
    ordered = own.order_by(PickupPoint.is_active.desc(), PickupPoint.id)
    points = db.session.scalars(ordered).all()
    return render_template(
        "leaders/points.html",
        points=points,
        using=rules.deals_using([point.id for point in points]),
        helpers=helpers_of(leader()),
        names={point.id: point.name for point in points},
    )


@bp.get("/new")
@policy("leader")
def new() -> Response:
    """An empty form."""
    return _page(PointForm(), None)


@bp.post("/new")
@policy("leader")
def add() -> Response:
    """Another point."""
    form = PointForm()
    return _save(
        form,
        None,
        lambda: rules.add_point(leader(), form.point(), by_id=current_user.id, now=clock.now()),
    )


@bp.get("/<point_id>")
@policy("leader")
def edit(point_id: str) -> Response:
    """One point."""
    point = own_or_404(PickupPoint, point_id)
    return _page(PointForm(obj=point), point)


@bp.post("/<point_id>")
@policy("leader")
def change(point_id: str) -> Response:
    """Describe it anew."""
    point, form = own_or_404(PickupPoint, point_id), PointForm()

    def describe() -> None:
        now = clock.now()
        if rules.change_point(point, form.point(), by_id=current_user.id, now=now):
            tell_place_moved(point, now=now)

    return _save(form, point, describe)


@bp.post("/<point_id>/put-away")
@policy("leader")
def put_away(point_id: str) -> Response:
    """No new deal offers it."""
    point = own_or_404(PickupPoint, point_id)
    with transaction():
        rules.put_away(point, by_id=current_user.id, now=clock.now())
    flash(_("“%(name)s” is put away: new deals do not offer it.", name=point.name), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/<point_id>/bring-back")
@policy("leader")
def bring_back(point_id: str) -> Response:
    """New deals may offer it again."""
    point = own_or_404(PickupPoint, point_id)
    with transaction():
        rules.bring_back(point, by_id=current_user.id, now=clock.now())
    flash(_("“%(name)s” is back.", name=point.name), "success")
    return redirect(url_for(".index"), 303)


def _save(form: PointForm, point: PickupPoint | None, rule: Callable[[], None]) -> Response:
    if not form.validate_on_submit():
        return _page(form, point, 422)
    try:
        with transaction():
            rule()
    except BadInput as refusal:
        form.refuse(refusal)
        return _page(form, point, 422)
    flash(_("Saved."), "success")
    return redirect(url_for(".index"), 303)


def _page(form: PointForm, point: PickupPoint | None, status: int = 200) -> Response:
    using = rules.deals_using([point.id]).get(point.id, []) if point else []
    page = render_template("leaders/points_edit.html", form=form, point=point, using=using)
    return make_response(page, status)
