"""A resident's orders: one in full, all of them by state, and ordering the same again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.stall import stall
from groupbuy.members import basket
from groupbuy.members.drawings import drawing_of
from groupbuy.members.order_reading import (
    GROUPS,
    SAME_AS,
    bag_of,
    money_of,
    orders_in,
    others_in_deal,
    stage_of,
)
from groupbuy.members.paging import page_asked
from groupbuy.members.pay_reading import can_be_paid_online, until
from groupbuy.members.pay_ways import fitting_for
from groupbuy.members.person import me, own_order_or_404, own_orders
from groupbuy.money_words import arrival_words, way_words
from groupbuy.orders.again import again_from
from groupbuy.orders.cart import fit
from groupbuy.orders.timeline import timeline

bp = Blueprint("orders", __name__)
_PER_PAGE = 20


@bp.get("/o/<number>")
@policy("own")
def show(number: str) -> str:
    """Where an order stands, in a sentence first."""
    order = own_order_or_404(number)
    now = clock.now()
    phase, bag = order.deal.phase(now), bag_of(order)
    return render_template(
        "members/order.html",
        order=order,
        deal=order.deal,
        phase=phase,
        bag=bag,
        stage=stage_of(order, bag, phase),
        steps=timeline(order),
        money_in_and_out=money_of(order),
        pay_online=can_be_paid_online(order, now)
        and any(offer.way != "cash" for offer in fitting_for(order).offers),
        pay_until=until(order),
        way_words=way_words,
        arrival_words=arrival_words,
        others=others_in_deal(order),
        pictures=stall(order.deal).pictures,
        drawings={line.id: drawing_of(line.item, "") for line in order.lines},
        changeable=order.state in ("pending", "placed") and phase == "open",
        person=me(),
        now=now,
    )


@bp.get("/me/orders")
@policy("own")
def mine() -> str:
    """Every order of whoever asks, by what they are waiting for."""
    asked = request.args.get("state", "all")
    group = SAME_AS.get(asked, asked)
    group = group if group in GROUPS else "all"
    return render_template(
        "members/orders.html",
        group=group,
        groups=GROUPS,
        orders=orders_in(group, own_orders(), page_asked(), _PER_PAGE),
        person=me(),
        now=clock.now(),
    )


@bp.post("/o/<number>/again")
@policy("own")
def again(number: str) -> Response:
    """Put the same goods into the cart of an open deal of the same leader."""
    order = own_order_or_404(number)
    now = clock.now()
    found = again_from(order, now)
    if found is None or not _fill(found.deal, found.wanted):
        flash(_("None of this can be ordered at the moment. Follow the leader to hear."), "error")
        return redirect(url_for("orders.show", number=number), 303)
    if found.missing:
        flash(_("Not in this deal: %(items)s.", items=_(", ").join(found.missing)), "error")
    flash(_("It is in your cart. Look it over and order."), "success")
    return redirect(url_for("checkout.show", slug=found.deal.slug), 303)


def _fill(deal: Deal, wanted: dict[DealItem, int]) -> bool:
    """Put what there is of `wanted` into the cart, never fewer than it holds; False for nothing."""
    held = {item_id: there.pieces for item_id, there in basket.basket(deal).items()}
    more = {item: pieces for item, pieces in wanted.items() if pieces > held.get(item.id, 0)}
    fits = {item: fit(item, pieces) for item, pieces in more.items()}
    basket.put(deal, {item: fitting.pieces for item, fitting in fits.items()}, now=clock.now())
    for fitting in fits.values():
        if fitting.why:
            flash(fitting.why, "error")
    return len(more) < len(wanted) or any(fitting.pieces for fitting in fits.values())
