"""The cart of whoever asks: on the server for people who signed in, in the cookie for guests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from flask import session

from groupbuy.accounts import people
from groupbuy.accounts.models import User
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal, DealItem
from groupbuy.members.person import me
from groupbuy.orders import cart
from groupbuy.orders.cart import Held

# A cookie has 4 kB: the deals a guest looked at last, and no more kinds of each than a bag holds.
_MOST_DEALS, _MOST_KINDS = 3, 40


def basket(deal: Deal) -> dict[int, Held]:
    """Item id -> what this person put aside from `deal`."""
    if user := me().user:
        return cart.cart_of(user.id, deal)
    return guest_cart(deal.id)


def guest_cart(deal_id: int) -> dict[int, Held]:
    """What the cookie of this browser holds of a deal; empty once its person signed in."""
    held = session.get("carts", {}).get(str(deal_id), {})
    return {int(item_id): Held(*counted) for item_id, counted in held.items()}


def put(deal: Deal, wanted: Mapping[DealItem, int], *, now: datetime) -> None:
    """Make the cart hold so many pieces of these items of `deal`."""
    if user := me().user:
        user_id = user.id
        with transaction():
            people.hold(user_id)
            for item, pieces in wanted.items():
                cart.put(user_id, item, pieces, now=now)
        return
    held = {str(item_id): [*counted] for item_id, counted in basket(deal).items()}
    for item, pieces in wanted.items():
        held.pop(str(item.id), None)
        if pieces:
            held[str(item.id)] = [pieces, item.price_fen]
    _keep(deal.id, dict(list(held.items())[-_MOST_KINDS:]))


def take_out(deal_id: int, item_ids: Iterable[int]) -> None:
    """Forget what a guest has ordered; `cart.empty` does it for people who signed in."""
    gone = {str(item_id) for item_id in item_ids}
    held = session.get("carts", {}).get(str(deal_id), {})
    _keep(deal_id, {item_id: counted for item_id, counted in held.items() if item_id not in gone})


def adopt(user: User, *, now: datetime) -> None:
    """Hand this browser's carts to `user`, who has just signed in. Inside a transaction.

    The browser forgets them after the commit, in `letting_in.go_on`.
    """
    held = {
        int(item_id): Held(*counted)
        for counts in session.get("carts", {}).values()
        for item_id, counted in counts.items()
    }
    if held:
        cart.adopt(user.id, held, now=now)


def _keep(deal_id: int, held: dict[str, list[int]]) -> None:
    carts = dict(session.get("carts", {}))
    carts.pop(str(deal_id), None)
    if held:
        carts[str(deal_id)] = held
    session["carts"] = dict(list(carts.items())[-_MOST_DEALS:])
