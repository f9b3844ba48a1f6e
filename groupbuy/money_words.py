"""Words about ways to pay, refunds and cases, for the pages of everybody."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from groupbuy.core.money import format_yuan
from groupbuy.words import full_time

# A word of a provider's answer that is for machines.
_CODE = re.compile(r"(?<!\S)[A-Z0-9_.]+(?!\S)")


def way_words(way: str) -> str:
    """What a way to pay is called."""
    return {
        "cash": _("Cash"),
        "wechat": _("WeChat Pay"),
        "alipay": _("Alipay"),
        "sandbox": _("Demo payment"),
    }.get(way, way)


def arrival_words(way: str) -> str:
    """When money that goes back arrives."""
    return {
        "wechat": _("WeChat change arrives at once, a bank card in 1 to 3 working days."),
        "alipay": _("Alipay: at once, a bank card within 3 days."),
        "sandbox": _("Demo payment: at once."),
        "cash": _("In cash, from hand to hand."),
    }.get(way, "")


def trouble_words(error: str) -> str:
    """Why a provider did not give money back, from the code it said; the code is for operators."""
    known = {
        ("NOT_ENOUGH", "NOTENOUGH"): _(
            "The account the money goes back from holds too little; it has to be topped up."
        ),
        ("ABNORMAL", "BUYER_NOT_EXIST"): _(
            "Their account or card takes no money; it has to go back another way."
        ),
        ("HAS_FINISHED", "HAS_CLOSE", "TRADE_OVERDUE"): _(
            "The payment is too old to go back by itself; it has to go back another way."
        ),
    }
    for parts, said in known.items():
        if any(part in error.upper() for part in parts):
            return said
    said = " ".join(_CODE.sub(" ", error).split())
    if said:
        return _("The provider did not give it back: %(why)s", why=said)
    return _("The provider did not give it back.")


def refund_words() -> dict[str, str]:
    """What each state of payments.following.SHOWN is called."""
    return {
        "to_send": _("To send"),
        "sent": _("On its way back"),
        "failed": _("Failed"),
        "by_hand": _("Given by hand"),
        "arrived": _("Paid back"),
    }


def case_words(kind: str) -> str:
    """What a case is about; one that is not here shows its own name."""
    return {
        "unknown_payment": _("Money under a number that is not ours"),
        "wrong_payment": _("Another sum than was asked for, or paid twice under one number"),
        "unknown_refund": _("A refund that nobody asked for"),
        "wrong_refund": _("Another sum went back than was asked for"),
        "same_transaction": _("The same transaction was told for two payments"),
        "refunded_too": _("Given back by the provider, and here by hand"),
        "refund_failed": _("A refund was refused again and again"),
        "bill_unknown_payment": _("In the bill, but not known here"),
        "bill_unknown_refund": _("A refund in the bill that is not known here"),
        "bill_not_booked": _("Paid by the bill, not booked here"),
        "bill_other_sum": _("The bill has another sum"),
        "bill_refunded_too": _("Given back by the bill, and here by hand or not at all"),
        "bill_lacks_payment": _("Booked here, not in the bill"),
        "bill_lacks_refund": _("Given back here, not in the bill"),
    }.get(kind, kind)


def case_facts(detail: dict[str, Any], now: datetime) -> list[tuple[str, str]]:
    """What is known of a case, name and value, as people say it; its sum stands elsewhere."""
    names = {
        "way": _("Way to pay"),
        "no": _("Our number"),
        "out_trade_no": _("Our number"),
        "transaction_no": _("Their number"),
        "no_here": _("Their number, as it is booked"),
        "out_refund_no": _("Number of the refund"),
        "at": _("Time"),
        "fen_here": _("Booked here"),
        "asked": _("Asked for"),
        "state": _("State there"),
        "state_here": _("State here"),
        "error": _("Their answer"),
    }
    known = [(name, detail[name]) for name in names if detail.get(name)]
    if detail.get("currency", "CNY") != "CNY":
        known.append(("currency", detail["currency"]))
    names["currency"] = _("Currency")
    return [(names[name], _fact(name, value, now)) for name, value in known]


def _fact(name: str, value: Any, now: datetime) -> str:
    if name == "way":
        return way_words(value)
    if name in ("fen_here", "asked"):
        return format_yuan(value)
    if name == "error":
        return " ".join([trouble_words(value), *_CODE.findall(value)])
    if name == "at":
        return full_time(datetime.fromisoformat(value), now)
    return _state(value) if name in ("state", "state_here") else str(value)


def _state(state: str) -> str:
    """The states of payments and refunds that a case may tell of, ours and those of bills."""
    return {
        "PAID": _("Paid"),
        "SUCCESS": _("it went through"),
        "REFUND": _("given back"),
        "begun": _("begun, not paid"),
        "void": _("given up"),
        "confirmed": _("booked under another number"),
        "failed": _("Failed"),
        "by hand": _("Given by hand"),
    }.get(state, state)
