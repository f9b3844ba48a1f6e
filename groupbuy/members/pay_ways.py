"""The ways to pay that somebody can use where they are: in WeChat, on a phone, at a computer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext as _

from groupbuy.members.sign_in import in_wechat
from groupbuy.orders.ways import name_of, taken


class Offer(NamedTuple):
    """One way, the provider's method that fits this device, and what people read of it."""

    way: str
    method: str
    name: str
    guide: str


def offers(ways: Sequence[str] | None) -> list[Offer]:
    """What of `ways` (None: all the site has) can be used here; cash comes first."""
    found = []
    for way in taken(ways):
        method = _METHODS[way]()
        if method:
            found.append(Offer(way, method, name_of(way), _guide(way, method)))
    return found


def offer_of(ways: Sequence[str] | None, way: Any) -> Offer | None:
    """The one offer that is called `way`."""
    return next((offer for offer in offers(ways) if offer.way == way), None)


def arrival_of(way: str) -> str:
    """When money that goes back arrives."""
    return {
        "wechat": _("WeChat change arrives at once, a bank card in 1 to 3 working days."),
        "alipay": _("Alipay: at once, a bank card within 3 days."),
        "sandbox": _("Demo payment: at once."),
        "cash": _("The leader gives it to you in cash."),
    }[way]


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
