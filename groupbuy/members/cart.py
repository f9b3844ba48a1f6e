"""Putting goods aside on the deal page: whole without script, in place with it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.text import parse_quantity
from groupbuy.deals import board
from groupbuy.deals.models import Deal, DealItem
from groupbuy.members.basket import basket, put
from groupbuy.members.cart_sum import sum_up
from groupbuy.orders.cart import fit

bp = Blueprint("cart", __name__)


@bp.post("/d/<slug>/cart")
@policy("public")
def change(slug: str) -> Response | str:
    """Take over what the boxes say, then the one step of the button that was pressed."""
    deal = board.published(slug) or abort(404)
    now = clock.now()
    if deal.phase(now) != "open":
        return _refuse(deal, _("This deal takes no orders now."))
    items = {item.id: item for item in deal.items}
    try:
        wanted = _wanted(items, {item_id: held.pieces for item_id, held in basket(deal).items()})
    except ValueError:
        return _refuse(deal, _("A quantity is a whole number from 0 to 9999."))
    fits = {items[item_id]: fit(items[item_id], pieces) for item_id, pieces in wanted.items()}
    put(deal, {item: fitting.pieces for item, fitting in fits.items()}, now=now)
    whys = [fitting.why for fitting in fits.values() if fitting.why]
    leaving = "go" in request.form or "buy" in request.form
    if request.headers.get("HX-Request") and not leaving:
        return _fragments(deal, list(fits), whys)
    for why in whys:
        flash(why, "error")
    if leaving:
        return _go(url_for("checkout.show", slug=slug))
    anchor = f"i{next(iter(wanted))}" if len(wanted) == 1 else None
    return _go(url_for("members.deal", slug=slug, _anchor=anchor))


def _wanted(items: Mapping[int, DealItem], has: Mapping[int, int]) -> dict[int, int]:
    """Item id -> pieces, of what changed. Raises ValueError; foreign items are passed over."""
    wanted: dict[int, int] = {}
    for item_id in items:
        typed = request.form.get(f"q-{item_id}", "").strip()
        pieces = parse_quantity(typed) if typed else has.get(item_id, 0)
        step = str(item_id)
        pieces += (request.form.get("add") == step) - (request.form.get("less") == step)
        if request.form.get("buy") == step:
            pieces = max(pieces, 1)
        if pieces != has.get(item_id, 0):
            wanted[item_id] = max(0, pieces)
    return wanted


def _fragments(deal: Deal, changed: list[DealItem], whys: list[str]) -> str:
    """The steppers that changed and the dock, each put in its place by the script."""
    held = basket(deal)
    return render_template(
        "members/_cart_changed.html",
        deal=deal,
        changed=changed,
        held=held,
        cart=sum_up(deal.items, held),
        whys=whys,
    )


def _refuse(deal: Deal, sentence: str) -> Response:
    flash(sentence, "error")
    return _go(url_for("members.deal", slug=deal.slug))


def _go(address: str) -> Response:
    """To another page, also for the script, which would put a followed page into this one."""
    answer = redirect(address, 303)
    if request.headers.get("HX-Request"):
        answer.headers["HX-Redirect"] = answer.headers.pop("Location")
        answer.status_code = 204
    return answer
