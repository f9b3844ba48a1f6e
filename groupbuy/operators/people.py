"""People: what they may do, where they are signed in, and whether they may sign in at all."""

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
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from groupbuy import listing
from groupbuy.access import policy
from groupbuy.accounts import devices, people, standing
from groupbuy.accounts.models import ROLES, Member, RoleGrant, User
from groupbuy.core import action_log, clock, crypto
from groupbuy.core.db import transaction
from groupbuy.core.text import id_or_none, parse_phone
from groupbuy.extensions import db
from groupbuy.operators import rows
from groupbuy.operators.forms import Because
from groupbuy.operators.settlement_forms import LimitForm
from groupbuy.orders import online_limits

bp = Blueprint("op_people", __name__, url_prefix="/operator/people")


@bp.get("")
@policy("operator")
def index() -> str:
    """By a whole number, a part of the name, a role."""
    wanted, role = listing.asked("q"), listing.asked_one_of("role", ROLES)
    found = sa.select(User).options(selectinload(User.grants))
    if wanted:
        found = found.where(_is_called(wanted))
    if role:
        held = sa.select(RoleGrant.user_id).where(RoleGrant.role == role)
        found = found.where(User.id.in_(held))
    people_found = listing.newest_first(found, User.id)
    return render_template(
        "operators/people.html",
        found=people_found,
        wanted=wanted,
        role=role,
        roles=ROLES,
        now=clock.now(),
    )


@bp.get("/<user_id>")
@policy("operator")
def show(user_id: str) -> Response:
    """One person."""
    return _page(rows.any_or_404(User, user_id), Because())


@bp.post("/<user_id>/phone")
@policy("operator")
def reveal(user_id: str) -> Response:
    """Show the whole number, once, and note who looked."""
    user, form = rows.any_or_404(User, user_id), Because()
    with transaction():
        by = {"actor_id": current_user.id, "now": clock.now()}
        action_log.note("phone_revealed", f"user:{user.id}", **by)
    return _page(user, form, phone=user.phone or "")


@bp.post("/<user_id>/grant")
@policy("operator")
def grant(user_id: str) -> Response:
    """Give a role."""
    user, role = rows.any_or_404(User, user_id), request.form.get("role", "")
    with transaction():
        standing.grant_role(user, role, by_id=current_user.id, now=clock.now())
    flash(_("The role is given."), "success")
    return redirect(url_for(".show", user_id=user.id), 303)


@bp.post("/<user_id>/revoke")
@policy("operator")
def revoke(user_id: str) -> Response:
    """Take a role away."""
    user = rows.any_or_404(User, user_id)
    grant_id = id_or_none(request.form.get("grant", "")) or 0
    with transaction():
        standing.revoke_role(user, grant_id, by_id=current_user.id, now=clock.now())
    flash(_("The role is taken away; that counts at once."), "success")
    return redirect(url_for(".show", user_id=user.id), 303)


@bp.post("/<user_id>/disable")
@policy("operator")
def disable(user_id: str) -> Response:
    """Keep somebody out."""
    user, form = rows.any_or_404(User, user_id), Because()
    if not form.validate_on_submit():
        return _page(user, form, 422)
    with transaction():
        by = {"by_id": current_user.id, "now": clock.now()}
        ended = standing.disable_person(user, form.because.data, **by)
    told = ngettext(
        "They are out; %(num)d device was signed out.",
        "They are out; %(num)d devices were signed out.",
        ended,
    )
    flash(told, "success")
    return redirect(url_for(".show", user_id=user.id), 303)


@bp.post("/<user_id>/enable")
@policy("operator")
def enable(user_id: str) -> Response:
    """Let somebody in again."""
    user = rows.any_or_404(User, user_id)
    with transaction():
        standing.enable_person(user, by_id=current_user.id, now=clock.now())
    flash(_("They can sign in again."), "success")
    return redirect(url_for(".show", user_id=user.id), 303)


@bp.post("/members/<member_id>/limit")
@policy("operator")
def limit(member_id: str) -> Response:
    """What one order of theirs may cost online, at the group that knows them as this member."""
    member = rows.any_or_404(Member, member_id)
    user, form = member.user or abort(404), _limit_form(member)
    if not form.validate_on_submit():
        return _page(user, Because(), 422, limit=form)
    with transaction():
        by = {"by_id": current_user.id, "now": clock.now()}
        online_limits.set_for_member(member, form.limit.data, **by)
    flash(_("Saved. It counts for payments that begin from now on."), "success")
    return redirect(url_for(".show", user_id=user.id), 303)


def _limit_form(member: Member, **kept: Any) -> LimitForm:
    """There may be several on the page, so each field is named after its member."""
    return LimitForm(prefix=f"of-{member.id}", **kept)


def _limits_of(user: User, sent: LimitForm | None) -> list[tuple[Member, LimitForm]]:
    """A form for each group that knows `user`, `sent` among them."""
    known = sa.select(sa.func.min(Member.id)).where(Member.user_id == user.id)
    firsts = known.group_by(Member.leader_id).order_by(sa.func.min(Member.id)).limit(listing.MOST)
    members = sa.select(Member).where(Member.id.in_(firsts)).order_by(Member.id)
    forms = [
        (one, _limit_form(one, formdata=None, data={"limit": one.order_limit_fen}))
        for one in db.session.scalars(members)
    ]
    here = sent and sent.limit.name
    return [(one, sent if sent and form.limit.name == here else form) for one, form in forms]


def _is_called(wanted: str) -> sa.ColumnElement[bool]:
    try:
        return User.phone_hash == crypto.lookup_hash(parse_phone(wanted))
    except ValueError:
        return User.name.contains(wanted, autoescape=True)


def _page(
    user: User,
    form: Because,
    status: int = 200,
    *,
    phone: str = "",
    limit: LimitForm | None = None,
) -> Response:
    page = render_template(
        "operators/person.html",
        person=user,
        form=form,
        asking=status == 422 and limit is None,
        limits=_limits_of(user, limit),
        phone=phone,
        leader=people.leader_of(user),
        devices=devices.devices_of(user),
        leaders=dict(rows.leader_choices()),
        free_roles=[role for role in standing.FREE_ROLES if role not in people.roles_of(user)],
        now=clock.now(),
    )
    return make_response(page, status)
