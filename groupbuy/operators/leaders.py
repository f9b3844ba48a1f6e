"""Leaders: who applied, who leads, whose desk is shut."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy import listing
from groupbuy.access import policy
from groupbuy.accounts import applying
from groupbuy.accounts.models import Leader, RoleGrant
from groupbuy.core import action_log, clock
from groupbuy.core.db import long_transaction, sum_of, transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.operators import rows
from groupbuy.operators.forms import Because
from groupbuy.orders.ending import cancel_open_deals
from groupbuy.orders.models import LIVE_STATES, Order

bp = Blueprint("op_leaders", __name__, url_prefix="/operator/leaders")
_STATES = ("applied", "approved", "disabled")
_RUNNING = ("open", "closing", "closed")


@bp.get("")
@policy("operator")
def index() -> str:
    """All of them, who waits for a decision on their own view."""
    state, wanted = listing.asked_one_of("state", _STATES), listing.asked("q")
    found = sa.select(Leader).options(joinedload(Leader.user))
    if state:
        found = found.where(Leader.state == state)
    if wanted:
        in_text = (column.contains(wanted, autoescape=True) for column in _SEARCHED)
        found = found.where(sa.or_(*in_text))
    counting = sa.select(Leader.state, sa.func.count()).group_by(Leader.state)
    return render_template(
        "operators/leaders.html",
        found=listing.newest_first(found, Leader.id),
        counts={row[0]: row[1] for row in db.session.execute(counting)},
        state=state,
        wanted=wanted,
        now=clock.now(),
    )


_SEARCHED = (Leader.name, Leader.community, Leader.slug)


@bp.get("/<leader_id>")
@policy("operator")
def show(leader_id: str) -> Response:
    """What they say of themselves, what runs, and what can be decided."""
    return _page(rows.any_or_404(Leader, leader_id), Because())


@bp.post("/<leader_id>/approve")
@policy("operator")
def approve(leader_id: str) -> Response:
    """Let an applicant open deals."""
    leader = rows.any_or_404(Leader, leader_id)
    with transaction():
        applying.approve(leader, by_id=current_user.id, now=clock.now())
    flash(_("%(name)s can open deals now and is told.", name=leader.name), "success")
    return redirect(url_for(".show", leader_id=leader.id), 303)


@bp.post("/<leader_id>/refuse")
@policy("operator")
def refuse(leader_id: str) -> Response:
    """Turn an application down."""
    leader, form = rows.any_or_404(Leader, leader_id), Because()
    if not form.validate_on_submit():
        return _page(leader, form, 422)
    with transaction():
        applying.refuse(leader, form.because.data, by_id=current_user.id, now=clock.now())
    flash(_("The application is refused; they are told why."), "success")
    return redirect(url_for(".show", leader_id=leader.id), 303)


@bp.post("/<leader_id>/disable")
@policy("operator")
def disable(leader_id: str) -> Response:
    """Shut the desk; with `deals=cancel` call its open deals off, else they only take no orders."""
    leader, form = rows.any_or_404(Leader, leader_id), Because()
    if not form.validate_on_submit():
        return _page(leader, form, 422)
    because = form.because.data or ""
    with long_transaction():
        applying.disable(leader, because, by_id=current_user.id, now=clock.now())
        called_off = request.form.get("deals") == "cancel" and _call_off(leader, because)
    flash(_("The desk is shut; they are told why."), "success")
    if called_off:
        said = ngettext("%(num)d deal is called off.", "%(num)d deals are called off.", called_off)
        flash(said, "success")
    return redirect(url_for(".show", leader_id=leader.id), 303)


@bp.post("/<leader_id>/enable")
@policy("operator")
def enable(leader_id: str) -> Response:
    """Open the desk again."""
    leader = rows.any_or_404(Leader, leader_id)
    with transaction():
        applying.enable(leader, by_id=current_user.id, now=clock.now())
    flash(_("The desk is open again."), "success")
    return redirect(url_for(".show", leader_id=leader.id), 303)


def _call_off(leader: Leader, because: str) -> int:
    """End the deals that take orders; returns how many."""
    now = clock.now()
    ended = cancel_open_deals(leader, because=because, now=now)
    for deal_id, orders in ended.items():
        by = {"actor_id": current_user.id, "leader_id": leader.id, "now": now}
        action_log.note("deal_cancel", f"deal:{deal_id}", because=because, orders=orders, **by)
    return len(ended)


def _page(leader: Leader, form: Because, status: int = 200) -> Response:
    selling = sa.select(Deal.id).where(Deal.leader_id == leader.id, Deal.state == "open")
    back = sa.select(sum_of(Order.paid_fen - Order.refunded_fen), sa.func.count())
    back_fen, ending = db.session.execute(
        back.where(Order.deal_id.in_(selling), Order.state.in_(("pending", "placed")))
    ).one()
    running = sa.select(Deal.id).where(Deal.leader_id == leader.id, Deal.state.in_(_RUNNING))
    live = sa.select(Order.id).where(Order.deal_id.in_(running), Order.state.in_(LIVE_STATES))
    helpers = sa.select(RoleGrant.id).where(
        RoleGrant.leader_id == leader.id, RoleGrant.role == "helper"
    )
    deals = sa.select(Deal.id).where(Deal.leader_id == leader.id)
    page = render_template(
        "operators/leader.html",
        leader=leader,
        form=form,
        asking=request.method == "POST",
        refused=applying.was_refused(leader),
        selling=_count(selling),
        ending=ending,
        back_fen=back_fen,
        running=_count(running),
        live=_count(live),
        helpers=_count(helpers),
        deals=_count(deals),
        now=clock.now(),
    )
    return make_response(page, status)


def _count(rows: sa.Select[int]) -> int:
    return db.session.scalars(sa.select(sa.func.count()).select_from(rows.subquery())).one()
