"""Words about ways to pay, refunds and cases, for the pages of staff."""

from __future__ import annotations

from flask_babel import gettext as _


def way_words(way: str) -> str:
    """What a way to pay is called."""
    names = {"wechat": _("WeChat Pay"), "alipay": _("Alipay"), "cash": _("Cash")}
    return names.get(way) or (_("Demo payment") if way == "sandbox" else way)


def arrival_words(way: str) -> str:
    """When money that goes back arrives."""
    return {
        "wechat": _("WeChat change arrives at once, a bank card in 1 to 3 working days."),
        "alipay": _("Alipay: at once, a bank card within 3 days."),
        "sandbox": _("Demo payment: at once."),
        "cash": _("From hand to hand, when they collect."),
    }.get(way, "")


def refund_words() -> dict[str, str]:
    """What each state of payments.following.SHOWN is called."""
    return {
        "to_send": _("To send"),
        "sent": _("On its way"),
        "failed": _("Failed"),
        "by_hand": _("Given by hand"),
        "arrived": _("Arrived"),
    }


def case_words(kind: str) -> str:
    """What a case is about; one that is not here shows its own name."""
    return {
        "unknown_payment": _("Money under a number that is not ours"),
        "wrong_payment": _("Another sum than was asked for, or paid twice under one number"),
        "unknown_refund": _("A refund that nobody asked for"),
        "wrong_refund": _("Another sum went back than was asked for"),
        "refund_failed": _("A refund was refused again and again"),
        "bill_unknown_payment": _("In the bill, but not known here"),
        "bill_unknown_refund": _("A refund in the bill that is not known here"),
        "bill_not_booked": _("Paid by the bill, not booked here"),
        "bill_other_sum": _("The bill has another sum"),
        "bill_refunded_too": _("Given back by the bill, and here by hand or not at all"),
        "bill_lacks_payment": _("Booked here, not in the bill"),
        "bill_lacks_refund": _("Given back here, not in the bill"),
    }.get(kind, kind)
