"""What of a leader's money waits for an operator: cash reported, payouts asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from groupbuy.accounts.models import Leader
from groupbuy.core import clock
from groupbuy.settlement import balances, cash, crediting, payouts
from tests import factories


def money_of(leader: Leader) -> dict[str, str]:
    """Cash that was reported, and commission and goods to be paid: one asked, one approved."""
    now, user_id = clock.now(), leader.user_id
    crediting.credit(now=now + timedelta(days=3))
    by: dict[str, Any] = {"by_id": user_id, "now": now}
    given = cash.report(leader, 1, "", form_key="c", **by)
    asked = payouts.ask_commission(leader, 1, form_key="a", **by)
    approved = payouts.ask_commission(leader, 1, form_key="b", **by)
    payouts.approve(approved, by_id=factories.make_user("钱敏").id, now=now)
    owed = next(id for id, owed in balances.of_suppliers(leader).items() if owed.left)
    return {
        "my_cash": f"{given.id}",
        "my_asked": f"{asked.id}",
        "my_owed_supplier": f"{owed}",
        "my_approved": f"{approved.id}",
    }
