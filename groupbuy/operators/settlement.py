"""Settling with leaders and suppliers: cash to confirm, payouts, rates and limits."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from groupbuy import listing, settlement_page
from groupbuy.access import policy
from groupbuy.accounts.models import Leader
from groupbuy.catalog.models import Supplier
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.core.money import format_percent, format_yuan
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.forms import SumForm
from groupbuy.operators import item_rates, rows, sheets
from groupbuy.operators.forms import Because
from groupbuy.operators.item_rates import deal_or_404
from groupbuy.operators.settlement_forms import PaidForm, RateForm, TermsForm
from groupbuy.orders import online_limits
from groupbuy.settlement import balances, cash, payouts, rates
from groupbuy.settlement.models import CashHandover, Payout

bp = Blueprint("op_settlement", __name__, url_prefix="/operator/settlement")
bp.add_app_template_filter(format_percent, "percent")
bp.register_blueprint(item_rates.bp)
bp.register_blueprint(sheets.bp)
_MOST = 100  # of what waits; the oldest first, so none is forgotten


@bp.get("")
@policy("operator")
def index() -> Response:
    """Cash to confirm, payouts to decide and to pay, and what every leader has."""
    return _page()


@bp.post("/cash/<handover_id>/confirm")
@policy("operator")
def confirm(handover_id: str) -> Response:
    """The cash was counted."""
    handover = rows.any_or_404(CashHandover, handover_id)
    said = _("%(money)s in cash are confirmed.", money=format_yuan(handover.amount_fen))
    return _decide(lambda: cash.confirm(handover, **_by()), said)


@bp.post("/cash/<handover_id>/refuse")
@policy("operator")
def refuse_cash(handover_id: str) -> Response:
    """The cash is not there."""
    handover, form = rows.any_or_404(CashHandover, handover_id), Because()
    if not form.validate_on_submit():
        return _page(422, form.because.errors)
    because = form.because.data
    return _decide(lambda: cash.refuse(handover, because, **_by()), _("Refused; they see why."))


@bp.post("/payouts/<payout_id>/approve")
@policy("operator")
def approve(payout_id: str) -> Response:
    """A second person agrees to a payout."""
    payout = rows.any_or_404(Payout, payout_id)
    said = _("%(money)s can be paid now.", money=format_yuan(payout.amount_fen))
    return _decide(lambda: payouts.approve(payout, **_by()), said)


@bp.post("/payouts/<payout_id>/pay")
@policy("operator")
def pay(payout_id: str) -> Response:
    """The bank has paid it."""
    payout, form = rows.any_or_404(Payout, payout_id), PaidForm()
    if not form.validate_on_submit():
        return _page(422, form.reference.errors)
    reference = form.reference.data
    said = _("%(money)s noted as paid.", money=format_yuan(payout.amount_fen))
    return _decide(lambda: payouts.pay(payout, reference, **_by()), said)


@bp.post("/payouts/<payout_id>/refuse")
@policy("operator")
def refuse_payout(payout_id: str) -> Response:
    """It is not paid."""
    payout, form = rows.any_or_404(Payout, payout_id), Because()
    if not form.validate_on_submit():
        return _page(422, form.because.errors)
    because = form.because.data
    return _decide(lambda: payouts.refuse(payout, because, **_by()), _("Refused; they see why."))


@bp.get("/leaders/<leader_id>")
@policy("operator")
def leader(leader_id: str) -> Response:
    """Rate and limit of a leader, rates of their deals, and what their suppliers are owed."""
    return _leader_page(rows.any_or_404(Leader, leader_id))


@bp.post("/leaders/<leader_id>/terms")
@policy("operator")
def terms(leader_id: str) -> Response:
    """Commission and limits; deals that have closed keep their rate."""
    who, form = rows.any_or_404(Leader, leader_id), TermsForm()
    if not form.validate_on_submit():
        return _leader_page(who, 422, form)
    with transaction():
        rates.set_for_leader(who, form.commission.data or 0, **_by())
        cash.set_limit(who, form.cash_limit.data, **_by())
        online_limits.set_for_leader(who, form.order_limit.data, **_by())
    flash(_("Saved. The commission counts for deals that close from now on."), "success")
    return redirect(url_for(".leader", leader_id=who.id), 303)


@bp.post("/deals/<slug>/rate")
@policy("operator")
def deal_rate(slug: str) -> Response:
    """The commission of one deal; empty: as its leader has it."""
    deal, form = deal_or_404(slug), RateForm()
    if not form.validate_on_submit():
        return _leader_page(deal.leader, 422, errors=form.rate.errors)
    bp = form.rate.data
    back = url_for(".leader", leader_id=deal.leader_id)
    return _decide(lambda: rates.set_for_deal(deal, bp, **_by()), _("Saved."), back)


@bp.post("/suppliers/<supplier_id>/payout")
@policy("operator")
def ask_for_supplier(supplier_id: str) -> Response:
    """A supplier shall be paid; somebody else approves it."""
    supplier, form = rows.any_or_404(Supplier, supplier_id), SumForm()
    if not form.validate_on_submit():
        owner = db.session.get_one(Leader, supplier.leader_id)
        return _leader_page(owner, 422, errors=form.amount.errors or [_("Please try again.")])
    fen, key = form.fen, str(form.key.data)
    said = _("%(money)s wait for somebody else to approve them.", money=format_yuan(fen))
    return _decide(
        lambda: payouts.ask_for_supplier(supplier, fen, form_key=key, **_by()),
        said,
        url_for(".leader", leader_id=supplier.leader_id),
    )


def _page(status: int = 200, errors: Any = ()) -> Response:
    found = sa.select(Leader)
    wanted = listing.asked("q")
    if wanted:
        found = found.where(Leader.name.contains(wanted, autoescape=True))
    leaders = listing.newest_first(found, Leader.id)
    waiting = sa.select(Payout).where(Payout.state.in_(payouts.OPEN_STATES))
    both = joinedload(Payout.leader), joinedload(Payout.supplier)
    reported = sa.select(CashHandover).where(CashHandover.state == "reported")
    cash_of = reported.options(joinedload(CashHandover.leader)).order_by(CashHandover.id)
    page = render_template(
        "operators/settlement.html",
        leaders=leaders,
        told=balances.of_leaders([each.id for each in leaders.rows]),
        handovers=db.session.scalars(cash_of.limit(_MOST)).all(),
        payouts=db.session.scalars(waiting.options(*both).order_by(Payout.id).limit(_MOST)).all(),
        errors=errors,
        wanted=wanted,
        me=current_user.id,
        now=clock.now(),
    )
    return make_response(page, status)


def _leader_page(
    who: Leader, status: int = 200, form: TermsForm | None = None, errors: Any = ()
) -> Response:
    kept = TermsForm(
        None,
        commission=who.commission_bp,
        cash_limit=who.cash_limit_fen,
        order_limit=who.order_limit_fen,
    )
    suppliers = sa.select(Supplier).where(Supplier.leader_id == who.id).order_by(Supplier.id)
    undecided = sa.select(Deal).where(Deal.leader_id == who.id, Deal.state.in_(("draft", "open")))
    page = render_template(
        "operators/settlement_leader.html",
        leader=who,
        form=form or kept,
        errors=errors,
        its=balances.of_leaders([who.id])[who.id],
        suppliers=db.session.scalars(suppliers.limit(_MOST)).all(),
        owed=balances.of_suppliers(who),
        undecided=db.session.scalars(undecided.order_by(Deal.id.desc()).limit(_MOST)).all(),
        **settlement_page.deals_of(who),
        now=clock.now(),
        key=secrets.token_urlsafe(18),
        site_limit_fen=current_app.config["ORDER_LIMIT_FEN"],
    )
    return make_response(page, status)


def _by() -> dict[str, Any]:
    return {"by_id": current_user.id, "now": clock.now()}


def _decide(act: Callable[[], Any], said: str, back: str = "") -> Response:
    """Do it in a transaction and say so, or say why not."""
    try:
        with transaction():
            act()
    except RuleBroken as refusal:
        return _page(refusal.status, [refusal.sentence])
    flash(said, "success")
    return redirect(back or url_for(".index"), 303)
