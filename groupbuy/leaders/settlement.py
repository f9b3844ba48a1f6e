"""Settling: what deals brought, the leader's commission, and the cash in their hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import settlement_page
from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.desk import deal_or_404, leader
from groupbuy.extensions import db
from groupbuy.forms import SumForm
from groupbuy.leaders.settlement_forms import CashForm
from groupbuy.payments import ledger
from groupbuy.settlement import cash, payouts
from groupbuy.settlement.models import CashHandover, Payout

bp = Blueprint("lead_settlement", __name__, url_prefix="/lead/settlement")
_SHOWN = 10  # handovers and payouts


@bp.get("")
@policy("leader")
def index() -> Response:
    """Deals with what they brought, commission, cash, and what was asked for and reported."""
    return _page(CashForm(None, prefix="cash-"), SumForm(None, prefix="payout-"))


@bp.post("/cash")
@policy("leader")
def report_cash() -> Response:
    """Cash was given to the operator."""
    form = CashForm(prefix="cash-")

    def report() -> CashHandover:
        by = {"by_id": current_user.id, "now": clock.now()}
        return cash.report(
            leader(), form.fen, form.note.data or "", form_key=str(form.key.data), **by
        )

    refused = _refused_by(form, report)
    if refused:
        return _page(form, SumForm(None, prefix="payout-"), refused)
    said = _("%(money)s reported. It counts as soon as the operator has confirmed it.")
    return _done(said % {"money": format_yuan(form.fen)})


@bp.post("/payout")
@policy("leader")
def ask_payout() -> Response:
    """Commission shall be paid."""
    form = SumForm(prefix="payout-")

    def ask() -> Payout:
        by = {"by_id": current_user.id, "now": clock.now()}
        return payouts.ask_commission(leader(), form.fen, form_key=str(form.key.data), **by)

    refused = _refused_by(form, ask)
    if refused:
        return _page(CashForm(None, prefix="cash-"), form, refused)
    said = _("You asked for %(money)s. You see here when it is paid.")
    return _done(said % {"money": format_yuan(form.fen)})


@bp.get("/<slug>")
@policy("leader")
def show(slug: str) -> str:
    """The sheet of one deal; `of` in the address opens the entries behind a number."""
    sheet = settlement_page.facts(deal_or_404(slug))
    return render_template("leaders/settlement_sheet.html", **sheet)


@bp.post("/<slug>/sheet.xlsx")
@policy("leader")
def download(slug: str) -> Response:
    """The sheet as a workbook. A POST because it writes down that it was taken."""
    return settlement_page.download(deal_or_404(slug))


def _page(cash_form: CashForm, payout_form: SumForm, status: int = 200) -> Response:
    who = leader()
    in_hand = cash.in_hand_fen(who)
    page = render_template(
        "leaders/settlement.html",
        **settlement_page.deals_of(who),
        in_hand=in_hand,
        too_much=cash.is_too_much(who, in_hand),
        reported=cash.reported_fen(who),
        held=-ledger.balance_fen("commission_held", who.id),
        own=payouts.owed_fen(who),
        left=payouts.left_fen(who),
        handovers=_last(CashHandover, CashHandover.leader_id == who.id),
        payouts=_last(Payout, Payout.leader_id == who.id, Payout.supplier_id.is_(None)),
        cash_form=cash_form.with_key(),
        payout_form=payout_form.with_key(),
        leader=who,
        now=clock.now(),
    )
    return make_response(page, status)


def _last(kind: Any, *conditions: Any) -> Any:
    found = sa.select(kind).where(*conditions).order_by(kind.id.desc()).limit(_SHOWN)
    return db.session.scalars(found).all()


def _refused_by(form: SumForm, act: Callable[[], Any]) -> int:
    """Do it in a transaction; 0, or with what is wrong at its field the status of the answer."""
    if not form.validate_on_submit():
        return 422
    try:
        with transaction():
            act()
    except BadInput as refusal:
        if not form.refuse(refusal):
            raise
        return refusal.status
    except RuleBroken as refusal:
        form.amount.errors = [*form.amount.errors, refusal.sentence]
        return refusal.status
    return 0


def _done(said: str) -> Response:
    flash(said, "success")
    return redirect(url_for(".index"), 303)
