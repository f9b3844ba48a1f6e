"""Changing and cancelling one's own order, with the difference shown before anything is done."""

from __future__ import annotations

import re
from datetime import datetime

from flask import (
    Blueprint,
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
from werkzeug.wrappers import Response
from wtforms import HiddenField
from wtforms.widgets import TextArea

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.tokens import public_id
from groupbuy.forms import Choice, Form, RowsField, TextField
from groupbuy.members.order_lines import OrderLines, read_lines
from groupbuy.members.order_reading import bag_of, stage_of
from groupbuy.members.person import me, own_order_or_404
from groupbuy.money_words import arrival_words
from groupbuy.orders.changing import cancel_order, change_order
from groupbuy.orders.form import OrderForm
from groupbuy.orders.models import Order
from groupbuy.orders.preview import Difference, cost_of, difference

bp = Blueprint("order_changing", __name__)
_VERSION = re.compile("[0-9]{1,9}")


class ChangeForm(Form):
    """Where to collect and the note; the goods are read apart."""

    point = RowsField(_l("Where do you collect?"), coerce=int)
    note = TextField(_l("A note to the leader (if you like)"), longest=500, widget=TextArea())
    key = HiddenField()
    version = HiddenField()


@bp.get("/o/<number>/change")
@policy("own")
def ask_change(number: str) -> Response:
    """The order as it is, ready to be changed."""
    order = own_order_or_404(number)
    known = {"point": order.point_id, "note": order.note, "version": str(order.version)}
    form = _form(order, key=public_id(24), **known)
    return _page(order, form, _lines_of(order))


@bp.post("/o/<number>/change")
@policy("own")
def change(number: str) -> Response:
    """Show the difference; change it when the person has confirmed that very difference."""
    order = own_order_or_404(number)
    form, lines = _form(order), read_lines(request.form)
    if not form.validate() or lines.problems:
        return _page(order, form, lines, status=422)
    shown = difference(order, lines.quantities)
    if request.form.get("confirmed") != str(shown.total_fen):
        return _page(order, form, lines, shown)
    try:
        with transaction():
            extra = _change(order, form, lines, shown, clock.now())
            target = (extra or order).number
    except RuleBroken as refusal:
        return _refused(order, form, lines, refusal)
    flash(_("Your order is changed."), "success")
    return redirect(url_for("orders.show", number=target), 303)


@bp.get("/o/<number>/cancel")
@policy("own")
def ask_cancel(number: str) -> str:
    """What cancelling means, in numbers."""
    order = own_order_or_404(number)
    now = clock.now()
    phase = order.deal.phase(now)
    return render_template(
        "members/order_cancel.html",
        order=order,
        deal=order.deal,
        changeable=order.state in ("pending", "placed") and phase == "open",
        stage=stage_of(order, bag_of(order), phase),
        arrival_words=arrival_words,
        now=now,
    )


@bp.post("/o/<number>/cancel")
@policy("own")
def cancel(number: str) -> Response:
    """Cancel the order while the window is open."""
    order = own_order_or_404(number)
    try:
        with transaction():
            cancel_order(order, now=clock.now(), actor_id=_actor_id())
    except RuleBroken as refusal:
        session["last_error"] = refusal.sentence[:300]
        flash(refusal.sentence, "error")
    else:
        flash(_("Your order is cancelled."), "success")
    return redirect(url_for("orders.show", number=number), 303)


def _change(
    order: Order, form: ChangeForm, lines: OrderLines, shown: Difference, now: datetime
) -> Order | None:
    wanted = OrderForm(
        lines.quantities,
        int(form.point.data or 0),
        form.key.data or "",
        form.note.data,
        if_short=lines.if_short,
        substitute_fen=lines.substitute_fen,
        wishes=lines.wishes,
        expected_fen=shown.total_fen,
    )
    seen = _version(form.version.data or "")
    return change_order(order, wanted, version=seen, now=now, actor_id=_actor_id())


def _version(text: str) -> int:
    """The version of the order that the form shows; 0, which none ever has, for anything else."""
    return int(text) if _VERSION.fullmatch(text) else 0


def _form(order: Order, **known: object) -> ChangeForm:
    form = ChangeForm(**known)
    form.point.choices = [Choice(point.id, point.name) for point in order.deal.points]
    return form


def _lines_of(order: Order) -> OrderLines:
    """The order as the form would say it."""
    lines = OrderLines()
    for line in order.lines:
        if line.kept_pieces:
            has = lines.quantities.get(line.item_id, 0)
            lines.quantities[line.item_id] = has + line.kept_pieces
            lines.if_short[line.item_id] = line.if_short
            lines.wishes[line.item_id] = line.note
            if line.substitute_fen is not None:
                lines.substitute_fen[line.item_id] = line.substitute_fen
    return lines


def _actor_id() -> int | None:
    user = me().user
    return user.id if user else None


def _refused(order: Order, form: ChangeForm, lines: OrderLines, refusal: RuleBroken) -> Response:
    session["last_error"] = refusal.sentence[:300]
    at_field = isinstance(refusal, BadInput) and form.refuse(refusal)
    problem = "" if at_field or lines.blame(refusal) else refusal.sentence
    # What comes next is compared with the order as it is now, and shown before it is done.
    form.version.data = str(order.version)
    return _page(order, form, lines, problem=problem, status=refusal.status)


def _page(
    order: Order,
    form: ChangeForm,
    lines: OrderLines,
    shown: Difference | None = None,
    *,
    problem: str = "",
    status: int = 200,
) -> Response:
    now = clock.now()
    phase = order.deal.phase(now)
    items = list({line.item_id: line.item for line in order.lines if line.kept_pieces}.values())
    for item in items:
        lines.quantities.setdefault(item.id, 0)
    page = render_template(
        "members/order_change.html",
        order=order,
        deal=order.deal,
        form=form,
        lines=lines,
        items=items,
        kinds=sum(pieces > 0 for pieces in lines.quantities.values()),
        pieces=sum(lines.quantities.values()),
        costs={item.id: cost_of(order, item, lines.quantities[item.id]) for item in items},
        shown=shown,
        problem=problem,
        changeable=order.state in ("pending", "placed") and phase == "open",
        now=now,
    )
    return make_response(page, status)
