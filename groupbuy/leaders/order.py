"""One order as staff see it: everything about it, and what they may do to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404
from groupbuy.forms import Form
from groupbuy.leaders.order_forms import CancelForm, ContactForm, NotesForm, contact_form
from groupbuy.leaders.order_reading import about_order
from groupbuy.leaders.order_rows import order_or_404
from groupbuy.orders import by_staff
from groupbuy.orders.models import Order
from groupbuy.orders.vouching import vouch

bp = Blueprint("one", __name__, url_prefix="/<number>")


@bp.get("")
@policy("staff:orders")
def show(slug: str, number: str) -> Response:
    """Where an order stands, and all that led there; the phone is masked."""
    deal = deal_or_404(slug)
    return _page(deal, order_or_404(deal, number))


@bp.post("/reveal")
@policy("staff:orders")
def reveal(slug: str, number: str) -> Response:
    """The same page with the whole phone number and the form to correct it; it is logged."""
    deal = deal_or_404(slug)
    order = order_or_404(deal, number)
    with transaction():
        by_staff.log_reveal(order, by_id=current_user.id, now=clock.now())
    return _page(deal, order, correcting=contact_form(order))


@bp.post("/notes")
@policy("staff:orders")
def notes(slug: str, number: str) -> Response:
    """Set the note for staff and the note to the member."""
    deal = deal_or_404(slug)
    order, form = order_or_404(deal, number), NotesForm()
    if not form.validate():
        return _page(deal, order, 422, notes=form)

    def write() -> str:
        texts = (form.staff_note.data or "", form.note_to_member.data or "")
        by_staff.write_notes(order, *texts, by_id=current_user.id, now=clock.now())
        return _("The notes are saved.")

    return _act(deal, order, write, notes=form)


@bp.post("/contact")
@policy("staff:orders")
def contact(slug: str, number: str) -> Response:
    """Correct who to call and where they live."""
    deal = deal_or_404(slug)
    order, form = order_or_404(deal, number), ContactForm()
    if not form.validate():
        return _page(deal, order, 422, correcting=form)

    def correct() -> str:
        who = {"by_id": current_user.id, "now": clock.now()}
        if by_staff.correct_contact(order, form.contact, **who):
            return _("The contact is corrected. The member sees it, too.")
        return _("The contact was like that already.")

    return _act(deal, order, correct, correcting=form)


@bp.post("/vouch")
@policy("staff:orders")
def vouch_for(slug: str, number: str) -> Response:
    """The money of this order is there."""
    deal = deal_or_404(slug)
    order = order_or_404(deal, number)

    def act() -> str:
        vouch(order, by_id=current_user.id, now=clock.now())
        return _(
            "%(money)s is booked: roll no. %(no)s.",
            money=format_yuan(order.paid_fen),
            no=order.roll_no,
        )

    return _act(deal, order, act)


@bp.get("/cancel")
@policy("staff:orders")
def ask_cancel(slug: str, number: str) -> str:
    """What cancelling would mean, in numbers, before it is done."""
    deal = deal_or_404(slug)
    return _question(deal, order_or_404(deal, number), CancelForm(formdata=None))


@bp.post("/cancel")
@policy("staff:orders")
def cancel(slug: str, number: str) -> Response:
    """Cancel it with a reason that the member is told."""
    deal = deal_or_404(slug)
    order, form = order_or_404(deal, number), CancelForm()
    if not form.validate():
        return make_response(_question(deal, order, form), 422)

    def act() -> str:
        why = str(form.because.data)
        back = by_staff.cancel_for(order, because=why, by_id=current_user.id, now=clock.now())
        if not back:
            return _("The order is cancelled, the member is told why.")
        return _("The order is cancelled: give %(money)s back.", money=format_yuan(back))

    return _act(deal, order, act)


def _act(deal: Deal, order: Order, act: Callable[[], str], **forms: Form) -> Response:
    """Do `act` in one transaction and go on to the page; a refusal is said where it belongs."""
    number = order.number
    try:
        with transaction():
            said = act()
    except RuleBroken as refusal:
        known = isinstance(refusal, BadInput) and any(f.refuse(refusal) for f in forms.values())
        if not known:
            flash(refusal.sentence, "error")
        return _page(deal, order, refusal.status, **forms)
    flash(said, "success")
    return redirect(url_for("lead_orders.one.show", slug=deal.slug, number=number), 303)


def _page(deal: Deal, order: Order, status: int = 200, **forms: Any) -> Response:
    written = {"staff_note": order.staff_note, "note_to_member": order.note_to_member}
    page = render_template(
        "leaders/order.html",
        deal=deal,
        now=clock.now(),
        order=order,
        about=about_order(order),
        notes=forms.get("notes") or NotesForm(formdata=None, data=written),
        correcting=forms.get("correcting"),
    )
    return make_response(page, status)


def _question(deal: Deal, order: Order, form: CancelForm) -> str:
    return render_template(
        "leaders/order_cancel.html",
        deal=deal,
        now=clock.now(),
        order=order,
        about=about_order(order),
        form=form,
    )
