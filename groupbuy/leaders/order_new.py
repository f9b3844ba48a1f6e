"""An order for somebody who called, or stood at the door: staff fill in the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts.models import Member
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import label, mask_name
from groupbuy.core.tokens import public_id
from groupbuy.deals.models import Deal
from groupbuy.desk import deal_or_404, own_or_404
from groupbuy.extensions import db
from groupbuy.leaders.order_forms import NewOrderForm, new_order_form
from groupbuy.orders import by_staff
from groupbuy.orders.form import OrderForm
from groupbuy.orders.models import Order
from groupbuy.orders.placing import place_order
from groupbuy.orders.searching import contact_of
from groupbuy.orders.vouching import vouch

bp = Blueprint("new", __name__, url_prefix="/new")


@bp.get("")
@policy("staff:orders")
def ask(slug: str) -> Response:
    """Who it is for: somebody found by `who`, chosen as `member`, or somebody new."""
    deal = deal_or_404(slug)
    member = own_or_404(Member, request.args["member"]) if request.args.get("member") else None
    filled: dict[str, Any] = {"key": public_id(24), "member": member.id if member else ""}
    last = _last_order(member)
    if last and last.contact:
        known = contact_of(last)
        filled |= {name: known[name] for name in ("building", "unit", "room")}
    if last and last.point_id in {point.id for point in deal.points}:
        filled["point"] = last.point_id
    return _page(deal, member, new_order_form(deal, known=bool(member), **filled))


@bp.post("")
@policy("staff:orders")
def place(slug: str) -> Response:
    """Place the order, and vouch for it when the money is there."""
    deal = deal_or_404(slug)
    chosen = request.form.get("member", "")
    member = own_or_404(Member, chosen) if chosen else None
    form = new_order_form(deal, known=bool(member))
    if not form.validate():
        return _page(deal, member, form, 422)
    try:
        with transaction():
            number, name = _place(deal, member, form)
    except RuleBroken as refusal:
        if not _blame(form, refusal):
            flash(refusal.sentence, "error")
        return _page(deal, member, form, refusal.status)
    flash(_("The order for %(name)s is noted.", name=name), "success")
    return redirect(url_for("lead_orders.one.show", slug=slug, number=number), 303)


def _place(deal: Deal, member: Member | None, form: NewOrderForm) -> tuple[str, str]:
    """The new order's number, and the masked name of whose it is."""
    now, by_id = clock.now(), current_user.id
    if member is None:
        name, phone = str(form.name.data), str(form.phone.data)
        member = by_staff.member_with(deal.leader_id, name, phone, now=now)
    wanted = OrderForm(
        form.quantities,
        int(form.point.data or 0),
        form.key.data or "",
        form.note.data,
        contact=_contact(member, form),
        answers=form.answers,
        expected_fen=_expected_fen(form.quantities),
    )
    order = place_order(member, deal, wanted, now=now, actor_id=by_id)
    if form.paid.data and order.state == "pending":
        vouch(order, by_id=by_id, now=now)
    by_staff.log_order_for(order, by_id=by_id, now=now)
    return order.number, mask_name(member.name)


def _expected_fen(quantities: Mapping[int, int]) -> int | None:
    """What it comes to at the prices that stood on the page; None when one of them is missing."""
    shown = {item_id: request.form.get(f"price-{item_id}", "") for item_id in quantities}
    if not all(price.isascii() and price.isdigit() and len(price) < 16 for price in shown.values()):
        return None
    return sum(int(shown[item_id]) * pieces for item_id, pieces in quantities.items())


def _contact(member: Member, form: NewOrderForm) -> dict[str, str]:
    """Typed for somebody new; of a known member name and phone are those of their last order."""
    last = _last_order(member)
    known = contact_of(last) if last else {"name": member.name, "phone": member.phone or ""}
    typed = {name: text for name, text in form.contact.items() if text or name in _HOME}
    return known | typed


_HOME = ("building", "unit", "room")


def _last_order(member: Member | None) -> Order | None:
    if member is None:
        return None
    latest = sa.select(Order).where(Order.member_id == member.id).order_by(Order.id.desc())
    found: Order | None = db.session.scalars(latest.limit(1)).first()
    return found


def _blame(form: NewOrderForm, refusal: RuleBroken) -> bool:
    """Put a refusal under the field it is about; False when there is none."""
    item = form._fields.get(f"q-{refusal.facts.get('item_id')}")
    if item is not None:
        item.errors = [*item.errors, refusal.sentence]
        return True
    return isinstance(refusal, BadInput) and form.refuse(refusal)


def _page(deal: Deal, member: Member | None, form: NewOrderForm, status: int = 200) -> Response:
    who = label(request.args.get("who", ""), 40)
    now = clock.now()
    page = render_template(
        "leaders/order_new.html",
        deal=deal,
        now=now,
        is_open=deal.phase(now) == "open",
        member=member,
        who=who,
        found=by_staff.members_like(deal.leader_id, who),
        form=form,
    )
    return make_response(page, status)
