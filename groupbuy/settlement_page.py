"""Settlement sheets as their leader and an operator see them: figures, entries, a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import request
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy import deal_file, listing
from groupbuy.accounts.models import Leader
from groupbuy.core import action_log, clock
from groupbuy.core.db import transaction
from groupbuy.core.text import id_or_none
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.settlement import settling, sheet, words, workbook
from groupbuy.settlement.models import Settlement

_MOST = 50
_NOT_YET = ("draft", "open", "closing")


def has_sheet(deal: Deal) -> bool:
    """Whether there can be anything on the sheet of `deal`."""
    return deal.state not in _NOT_YET


def deals_of(leader: Leader) -> dict[str, Any]:
    """What _settlement_deals.html shows: deals that are over, their figures, the settled ones."""
    over = sa.select(Deal).where(Deal.leader_id == leader.id, Deal.state.not_in(_NOT_YET))
    deals = listing.newest_first(over, Deal.id)
    ids = [deal.id for deal in deals.rows]
    settled = sa.select(Settlement.deal_id).where(Settlement.deal_id.in_(ids))
    return {
        "deals": deals,
        "told": sheet.figures_of(ids),
        "settled": set(db.session.scalars(settled)),
    }


def facts(deal: Deal) -> dict[str, Any]:
    """What _settlement_sheet.html shows; `of` in the address opens the entries behind a number."""
    of, opens = request.args.get("of", ""), (*sheet.BY_NAME, "net")
    of = of if of in opens else ""
    before = id_or_none(request.args.get("before", ""))
    found = sheet.entries(deal, of, before=before, most=_MOST + 1) if of else []
    settled = settling.of(deal)
    told = settled.figures if settled else sheet.figures(deal)
    until = told["hold_until"]
    return {
        "deal": deal,
        "settled": settled,
        "told": told,
        "later": sheet.figures(deal, after_entry_id=settled.last_entry_id) if settled else None,
        "names": words.figure_names(),
        "opens": opens,
        "of": of,
        "behind": found[:_MOST],
        "older": found[_MOST - 1].id if len(found) > _MOST else None,
        "words": words,
        "numbers": _numbers(found),
        "hold_until": datetime.fromisoformat(until) if until else None,
        "now": clock.now(),
    }


def download(deal: Deal) -> Response:
    """The sheet as a workbook; who took it is written down."""
    now = clock.now()
    written = workbook.build(deal, now=now)
    answer = deal_file.send(written.file, deal, now)
    who = {"actor_id": current_user.id, "leader_id": deal.leader_id}
    rows = {"entries": written.entries}
    with transaction():
        action_log.note("settlement_exported", f"deal:{deal.id}", now=now, **who, **rows)
    return answer


def _numbers(found: Sequence[sheet.Entry]) -> dict[int, str]:
    """Order id -> number, of the orders that the entries are about."""
    ids = {entry.txn.order_id for entry in found if entry.txn.order_id}
    rows = db.session.execute(sa.select(Order.id, Order.number).where(Order.id.in_(ids)))
    return {row.id: row.number for row in rows}
