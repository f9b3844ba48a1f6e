"""The ways to pay that somebody can use where they are: in WeChat, on a phone, at a computer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext as _

from groupbuy.members.sign_in import in_wechat
from groupbuy.money_words import way_words
from groupbuy.orders.models import Order
from groupbuy.orders.ways import online_limit_fen, taken


class Offer(NamedTuple):
    """One way, the provider's method that fits this device, and what people read of it."""

    way: str
    method: str
    name: str
    guide: str


class Fitting(NamedTuple):
    """The offers that take a sum, and the limit that keeps others back; None when it keeps none."""

    offers: list[Offer]
    limit_fen: int | None


def offers(ways: Sequence[str] | None) -> list[Offer]:
    """What of `ways` (None: all the site has) can be used here; cash comes first."""
    found = []
    for way in taken(ways):
        method = _METHODS[way]()
        if method:
            found.append(Offer(way, method, way_words(way), _guide(way, method)))
    return found


def offer_of(ways: Sequence[str] | None, way: Any) -> Offer | None:
    """The one offer that is called `way`."""
    return next((offer for offer in offers(ways) if offer.way == way), None)


def fitting(ways: Sequence[str] | None, due_fen: int, limit_fen: int) -> Fitting:
    """What of `offers(ways)` takes `due_fen` where at most `limit_fen` is paid online."""
    known = offers(ways)
    found = [offer for offer in known if offer.way == "cash" or due_fen <= limit_fen]
    return Fitting(found, limit_fen if len(found) < len(known) else None)


def fitting_for(order: Order) -> Fitting:
    """What takes the whole of `order`."""
    limit_fen = online_limit_fen(order.deal.leader, order.member)
    return fitting(order.deal.ways, order.due_fen, limit_fen)


def _on_phone() -> bool:
    return "Mobi" in request.user_agent.string


def _of_wechat() -> str:
    if in_wechat():
        return "jsapi"
    return "h5" if _on_phone() else "native"


def _of_alipay() -> str:
    """Its pages do not open inside WeChat."""
    if in_wechat():
        return ""
    return "wap" if _on_phone() else "page"


_METHODS = {
    "cash": lambda: "cash",
    "wechat": _of_wechat,
    "alipay": _of_alipay,
    "sandbox": lambda: "page",
}


def _guide(way: str, method: str) -> str:
    """One line of what happens; that of cash depends on the deal, so the page has it."""
    if way == "wechat":
        return {
            "jsapi": _("Without leaving WeChat."),
            "h5": _("WeChat opens, then you come back here."),
            "native": _("Scan a code with WeChat on your phone."),
        }[method]
    return {
        "cash": "",
        "alipay": _("Alipay opens, then you come back here."),
        "sandbox": _("To try it out: no real money moves."),
    }[way]
