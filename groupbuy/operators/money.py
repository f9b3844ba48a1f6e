"""Money that does not move on by itself, and what an operator does about it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import money_words
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.money_jobs import ask_about
from groupbuy.operators import rows
from groupbuy.orders import unplaced
from groupbuy.payments import following
from groupbuy.payments.models import MoneyCase, Payment, RefundProposal
from groupbuy.payments.providers import online, ways_on
from groupbuy.payments.stuck import MOST, stuck
from groupbuy.pickup import proposing

bp = Blueprint("op_money", __name__, url_prefix="/operator/money")
Page = str | Response | tuple[str, int]


@bp.get("")
@policy("operator")
def index() -> str:
    """Everything that is stuck, the oldest first."""
    return _page()


@bp.post("/payments/<payment_id>/ask")
@policy("operator")
def ask(payment_id: str) -> Response:
    """Ask the provider about an attempt now."""
    payment = rows.any_or_404(Payment, payment_id)
    if payment.way not in ways_on() or not online(payment.way):
        flash(_("Nobody can be asked: this way to pay is not set up here."), "error")
        return redirect(url_for(".index"), 303)
    told = ask_about(payment.id, now=clock.now())
    if told is None:
        flash(_("The provider does not answer. We ask again by ourselves."), "error")
    else:
        words = {"paid": _("It is paid."), "closed": _("It is closed: nobody can pay it.")}
        flash(words.get(told.state, _("It is not paid so far.")), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/cases/<case_id>/close")
@policy("operator")
def close(case_id: str) -> Page:
    """The case is dealt with; why is written down."""
    case = rows.any_or_404(MoneyCase, case_id)

    def act() -> str:
        unplaced.close(case, _because(), by_id=current_user.id, now=clock.now())
        return _("The case is closed.")

    return _do(act)


@bp.post("/cases/<case_id>/sent-back")
@policy("operator")
def sent_back(case_id: str) -> Page:
    """The operator gave the money back on the provider's site."""
    case = rows.any_or_404(MoneyCase, case_id)

    def act() -> str:
        fen = unplaced.sent_back(case, _because(), by_id=current_user.id, now=clock.now())
        return _("%(money)s noted as sent back.", money=format_yuan(fen))

    return _do(act)


@bp.post("/cases/<case_id>/book")
@policy("operator")
def book(case_id: str) -> Page:
    """The money is for an order, by its number."""
    case = rows.any_or_404(MoneyCase, case_id)

    def act() -> str:
        by = {"by_id": current_user.id, "now": clock.now()}
        outcome = unplaced.book(case, request.form.get("number", ""), _because(), **by)
        if outcome == "paid":
            return _("It is booked to the order.")
        return _("The order did not wait for this money, so it goes back by itself.")

    return _do(act)


@bp.post("/proposals/<proposal_id>/approve")
@policy("operator")
def approve(proposal_id: str) -> Page:
    """A second person agrees to a refund."""
    proposal = rows.any_or_404(RefundProposal, proposal_id)

    def act() -> str:
        fen = proposing.approve(proposal, by_id=current_user.id, now=clock.now())
        return _("The order costs %(money)s less.", money=format_yuan(fen))

    return _do(act)


@bp.post("/proposals/<proposal_id>/refuse")
@policy("operator")
def refuse(proposal_id: str) -> Page:
    """A second person does not agree."""
    proposal = rows.any_or_404(RefundProposal, proposal_id)

    def act() -> str:
        proposing.refuse(proposal, by_id=current_user.id, now=clock.now())
        return _("The proposal is refused, nothing went back.")

    return _do(act)


def _because() -> str:
    return request.form.get("because", "")


def _do(act: Callable[[], str]) -> Page:
    """Do it in one transaction; a refusal is said over the board as it is now."""
    try:
        with transaction():
            said = act()
    except RuleBroken as refusal:
        flash(refusal.sentence, "error")
        return _page(), refusal.status
    flash(said, "success")
    return redirect(url_for(".index"), 303)


def _page() -> str:
    now = clock.now()
    found, proposals = stuck(now), proposing.waiting()
    return render_template(
        "operators/money.html",
        stuck=found,
        suspended={case.id: unplaced.suspended_fen(case) for case in found.cases},
        proposals=proposals,
        orders=proposing.orders_of(proposals),
        names=rows.names_of({each.proposed_by_id for each in proposals}),
        leaders=dict(rows.leader_choices()),
        way_words=money_words.way_words,
        trouble_words=money_words.trouble_words,
        case_words=money_words.case_words,
        case_facts=lambda detail: money_words.case_facts(detail, now),
        refund_states=money_words.refund_words(),
        state_of=following.state_of,
        most=MOST,
        now=now,
    )
