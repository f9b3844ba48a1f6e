"""From the cart to an order: one form, one key, one order however often it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.accounts import addresses, consent
from groupbuy.accounts.membership import guest_membership, known_as, membership
from groupbuy.accounts.models import Member, User
from groupbuy.core import clock
from groupbuy.core.db import retrying, transaction
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import parse_phone
from groupbuy.core.tokens import public_id
from groupbuy.deals import board
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.stand import Stand, stand, unread
from groupbuy.deals.stock import SoldOut
from groupbuy.deals.window import DealClosed, NotOpenYet
from groupbuy.extensions import db
from groupbuy.members import basket
from groupbuy.members.checkout_form import CheckoutForm, checkout_form
from groupbuy.members.order_lines import OrderLines, read_lines
from groupbuy.members.order_reading import last_order_from
from groupbuy.members.pay_ways import fitting
from groupbuy.members.person import me, own_orders, remember_guest
from groupbuy.orders import cart
from groupbuy.orders.form import OrderForm
from groupbuy.orders.models import Order
from groupbuy.orders.placing import place_order
from groupbuy.orders.ways import CashOnlyAbove, online_limit_fen

bp = Blueprint("checkout", __name__)


@dataclass
class Checkout:
    """A form on its way: what is wanted, by whom, and what stands in the way."""

    stand: Stand
    form: CheckoutForm
    lines: OrderLines
    problem: str = ""


@bp.get("/d/<slug>/checkout")
@policy("public")
def show(slug: str) -> Response:
    """The goods in the cart, what they cost, and what has to be said to order them."""
    deal = board.published(slug) or abort(404)
    about = stand(slug) or abort(404)
    if deal.phase(clock.now()) != "open":
        return _page(Checkout(about, _form(about), OrderLines()), 409)
    held = basket.basket(deal)
    lines = OrderLines(quantities={item_id: one.pieces for item_id, one in held.items()})
    session.setdefault("browser", public_id(20))
    form = _form(about, key=public_id(24), **_remembered(about))
    return _page(Checkout(about, form, lines, _dearer(deal, held)))


@bp.post("/d/<slug>/checkout")
@policy("public")
def order(slug: str) -> Response:
    """Order what the form says, or say at its fields why not."""
    about, now = stand(slug) or abort(404), clock.now()
    lines = read_lines(request.form)
    if gone := about.sold_out(lines.quantities):
        return _nothing_left(about, gone)
    sent = Checkout(about, _form(about), lines)
    if not sent.form.validate() or lines.problems:
        return _page(sent, 422)
    said = _("Your order is noted.")  # in the language of who asks
    try:
        number, member = retrying(lambda: _in_one_transaction(sent, now))
    except RuleBroken as refusal:
        return _refused(sent, refusal)
    if not me().user:
        basket.take_out(about.id, lines.quantities)
        remember_guest(member)
    flash(said, "success")
    online = sent.form.way.data != "cash"
    return redirect(url_for("pay.show" if online else "orders.show", number=number), 303)


def _nothing_left(about: Stand, gone: list[str]) -> Response:
    """A short no for the many who come too late: there is no form left to keep.

    Unless this is the second tap of somebody who got the last piece.
    """
    made = own_orders().where(Order.deal_id == about.id, Order.form_key == request.form.get("key"))
    if earlier := db.session.scalars(made).first():
        return redirect(url_for("orders.show", number=earlier.number), 303)
    sentence = _(
        "Nothing is left of: %(items)s. Nothing was ordered and nothing has to be paid.",
        items=_(", ").join(gone),
    )
    session["last_error"] = sentence[:300]
    page = render_template("members/checkout_sold_out.html", about=about, sentence=sentence)
    return make_response(page, SoldOut.status)


def _in_one_transaction(sent: Checkout, now: datetime) -> tuple[str, Member]:
    """The order's number and whose it is: read here, after the end both would be read again."""
    with transaction():
        member = _member(sent, now)
        return _order(sent, member, now).number, member


def _order(sent: Checkout, member: Member, now: datetime) -> Order:
    """The order, and what is remembered for the next one."""
    user, form, lines = me().user, sent.form, sent.lines
    deal = unread(sent.stand.id)
    wanted = OrderForm(
        lines.quantities,
        int(form.point.data or 0),
        form.key.data or "",
        form.note.data,
        if_short=lines.if_short,
        substitute_fen=lines.substitute_fen,
        wishes=lines.wishes,
        contact=form.contact,
        answers=form.answers,
        expected_fen=lines.expected_fen,
        way=form.way.data,
    )
    if user:
        addresses.remember(user, form.contact, now=now)
        cart.empty(user.id, deal, lines.quantities)
    if "agree" in form:
        person = user or member
        consent.agree(person, consent.missing(person), now=now)
    # Last, because everybody wants the rows it locks.
    return place_order(member, deal, wanted, now=now, actor_id=user.id if user else None)


def _member(sent: Checkout, now: datetime) -> Member:
    leader_id, form = sent.stand.leader_id, sent.form
    if user := me().user:
        return membership(leader_id, user, now=now)
    browser = session.get("browser")
    if not browser:  # a form without the cookie that came with it
        raise BadInput("key", _("This form cannot be read. Please open it again."))
    name, phone = str(form.name.data), str(form.phone.data)
    return guest_membership(leader_id, browser, name, phone, now=now)


def _form(about: Stand, **remembered: Any) -> CheckoutForm:
    return checkout_form(about, ask_consent=bool(consent.missing(_known(about))), **remembered)


def _known(about: Stand) -> User | Member | None:
    """Who orders, if that is known already: with another number a guest is somebody else."""
    if user := me().user:
        return user
    typed = request.form.get("phone")
    try:
        return me().guest_of(about.leader_id, parse_phone(typed) if typed is not None else None)
    except ValueError:
        return None


def _known_member(about: Stand) -> Member | None:
    """As whom the leader knows whoever orders, if at all; looking adds nobody."""
    known = _known(about)
    return known_as(about.leader_id, known) if isinstance(known, User) else known


def _remembered(about: Stand) -> dict[str, Any]:
    """Where they collected last time, and the contact: the default address, or a guest's last."""
    last = last_order_from(about.leader_id)
    points = {point.id for point in about.points}
    where = {"point": last.point_id} if last and last.point_id in points else {}
    if user := me().user:
        known = addresses.default(user)
        return where | (known.contact if known else {"name": user.name, "phone": user.phone or ""})
    return where | (last.contact or {} if last else {})


def _dearer(deal: Deal, held: dict[int, cart.Held]) -> str:
    """What to say when a price moved since it was put into the cart."""
    moved = [item for item in deal.items if item.id in held]
    names = [item.name for item in moved if item.price_fen != held[item.id].price_fen]
    if not names:
        return ""
    return _("The price changed since you chose: %(items)s.", items=_(", ").join(names))


def _refused(sent: Checkout, refusal: RuleBroken) -> Response:
    if isinstance(refusal, BadInput):
        known = sent.form.refuse(refusal)
    elif isinstance(refusal, CashOnlyAbove):
        known = sent.form.refuse(BadInput("way", refusal.sentence))
    else:
        known = sent.lines.blame(refusal)
    if not known:
        sent.problem = refusal.sentence
    session["last_error"] = refusal.sentence[:300]
    if isinstance(refusal, DealClosed | NotOpenYet):
        return _page(sent, 409)
    return _page(sent, refusal.status)


def _page(sent: Checkout, status: int = 200) -> Response:
    now, deal = clock.now(), board.published(sent.stand.slug) or abort(404)
    items: list[DealItem] = [i for i in deal.items if i.id in sent.lines.quantities]
    quantities = sent.lines.quantities
    costs = {item.id: item.price_fen * quantities[item.id] for item in items}
    total_fen = sum(costs.values())
    ways = fitting(deal.ways, total_fen, online_limit_fen(deal.leader, _known_member(sent.stand)))
    page = render_template(
        "members/checkout.html",
        deal=deal,
        form=sent.form,
        lines=sent.lines,
        problem=sent.problem,
        items=items,
        kinds=len(items),
        pieces=sum(quantities[item.id] for item in items),
        costs=costs,
        total_fen=total_fen,
        offers=ways.offers,
        limit_fen=ways.limit_fen,
        now=now,
        phase=deal.phase(now),
        person=me(),
    )
    return make_response(page, status)
