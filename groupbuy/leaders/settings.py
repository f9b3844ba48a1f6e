"""How a leader presents themselves, what new deals begin with, and at whose desk one sits."""

from __future__ import annotations

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import desk
from groupbuy.access import policy
from groupbuy.accounts import presenting
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.text import id_or_none
from groupbuy.forms import LineField, needed
from groupbuy.leaders.group_form import GroupForm

bp = Blueprint("lead_settings", __name__, url_prefix="/lead/settings")


class SettingsForm(GroupForm):
    """The group, and the end of its address."""

    slug = LineField(
        _l("Address of your page"), [needed(_l("Your page needs an address."))], longest=40
    )


@bp.get("")
@policy("leader")
def show() -> Response:
    """As it is."""
    return _page(SettingsForm(obj=desk.leader()))


@bp.post("")
@policy("leader")
def save() -> Response:
    """Name, community, contacts, address."""
    form = SettingsForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        with transaction():
            by = {"by_id": current_user.id, "now": clock.now()}
            presenting.change_leader(desk.leader(), form.group(), _address(form), **by)
    except BadInput as refusal:
        form.refuse(refusal)
        return _page(form, 422)
    flash(_("Saved."), "success")
    return redirect(url_for(".show"), 303)


@bp.get("/desks")
@policy("staff")
def desks() -> str:
    """For whom one works; with `?to=gate` only desks at which one may hand over."""
    found = [post for post in desk.posts() if not _to_the_gate() or post.may("pickup")]
    return render_template("leaders/desks.html", posts=found, seat=desk.desk().leader.id)


@bp.post("/desks")
@policy("staff")
def choose_desk() -> Response:
    """Sit down at another desk, in this browser."""
    chosen = id_or_none(request.form.get("desk", ""))
    post = next((each for each in desk.posts() if each.leader.id == chosen), None) or abort(404)
    session["desk"] = post.leader.id
    flash(_("This is the desk of %(name)s.", name=post.leader.name), "success")
    if _to_the_gate() and post.may("pickup"):
        return redirect(url_for("gate.scan"), 303)
    may_see_today = post.is_leader or post.may("orders")
    return redirect(url_for("lead_today.show" if may_see_today else ".more"), 303)


@bp.get("/more")
@policy("staff")
def more() -> str:
    """On a phone: every place to go."""
    return render_template("leaders/more.html")


def _to_the_gate() -> bool:
    return request.args.get("to") == "gate"


def _address(form: SettingsForm) -> str:
    return str(form.slug.data).lower()


def _page(form: SettingsForm, status: int = 200) -> Response:
    return make_response(render_template("leaders/settings.html", form=form), status)
