"""What figures, accounts and facts of the ledger are called, for people."""

from __future__ import annotations

from flask_babel import gettext as _


def figure_names() -> dict[str, str]:
    """Figure of a sheet -> its name, in the order in which a sheet shows them."""
    return {
        "received": _("Money that came in"),
        "refunds": _("Refunds"),
        "gross": _("Sales"),
        "given_back": _("Given back after the handover"),
        "discounts": _("Discounts"),
        "fees": _("Fees of payment"),
        "commission": _("Commission"),
        "goods": _("Cost of goods"),
        "net": _("Left after all that"),
        "held": _("Commission on hold"),
        "credited": _("Commission credited"),
        "cash": _("Cash in the leader's hands"),
        "customers": _("Still owed to customers"),
    }


def account_name(account: str) -> str:
    """An account of the ledger; one that is not known here shows its own name."""
    names = {
        "cash:wechat": _("WeChat Pay"),
        "cash:alipay": _("Alipay"),
        "cash:sandbox": _("Demo payment"),
        "cash:leader": _("Cash in the leader's hands"),
        "cash:bank": _("Bank"),
        "order": _("Owed to the customer"),
        "refunds_in_flight": _("Refunds on their way"),
        "sales": _("Sales"),
        "goods": _("Cost of goods"),
        "supplier": _("Owed to the supplier"),
        "commission_expense": _("Commission"),
        "commission_held": _("Commission on hold"),
        "commission": _("Commission credited"),
        "fees": _("Fees of payment"),
        "suspense": _("Money nobody knows the order of"),
    }
    return names.get(account, account)


def kind_name(kind: str) -> str:
    """What happened; what is not known here shows its own name."""
    names = {
        "payment": _("Money came in"),
        "refund_requested": _("Refund decided"),
        "refund_succeeded": _("Refund arrived"),
        "handed_over": _("Handed over to the neighbour"),
        "handover_undone": _("Handover undone"),
        "given_back": _("Given back"),
        "door": _("Left at the door"),
        "neighbour": _("Left with a neighbour"),
        "kept": _("Kept for them"),
        "disposed": _("Not collected"),
        "refunded": _("Not collected, money back"),
        "paid_later": _("Paid after it was over"),
        "commission_credited": _("Commission credited"),
        "goods": _("Goods shared out"),
    }
    return names.get(kind, kind)
