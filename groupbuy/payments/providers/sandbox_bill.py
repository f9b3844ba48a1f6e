"""The bill of the sandbox: a line of JSON for each payment and refund, as its books have them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.payments.providers.models import SandboxRefund, SandboxTrade
from groupbuy.payments.providers.reports import BillRow

_HEAD = "sandbox bill"


def bill(first: datetime, until: datetime) -> bytes:
    """All that was paid and given back from `first` to before `until`, as read_bill reads it."""
    rows = [
        BillRow("payment", t.paid_at, t.out_trade_no, t.transaction_no or "", "", "PAID", fen, 0)
        for t in db.session.scalars(
            sa.select(SandboxTrade)
            .where(SandboxTrade.paid_at >= first, SandboxTrade.paid_at < until)
            .order_by(SandboxTrade.id)
        )
        if t.paid_at and (fen := t.amount_fen)
    ]
    backs = (
        sa.select(SandboxRefund, SandboxTrade)
        .join(SandboxTrade, SandboxTrade.id == SandboxRefund.trade_id)
        .where(SandboxRefund.done_at >= first, SandboxRefund.done_at < until)
        .order_by(SandboxRefund.id)
    )
    for back, of in db.session.execute(backs):
        numbers = (of.out_trade_no, of.transaction_no or "", back.out_refund_no)
        rows.append(BillRow("refund", back.done_at, *numbers, "DONE", back.amount_fen, 0))
    lines = [json.dumps([row.kind, row.at.isoformat(), *row[2:]]) for row in rows]
    head = f"{_HEAD} {first.isoformat()}"  # the bills of two empty days differ
    return "".join(f"{line}\n" for line in [head, *lines]).encode()


def read_bill(content: bytes) -> list[BillRow]:
    """What a bill of the sandbox says. Raises ValueError when it is none."""
    head, *lines = content.decode().splitlines() or [""]
    if not head.startswith(_HEAD):
        raise ValueError("no bill of the sandbox")
    try:
        return [_row(*json.loads(line)) for line in lines]
    except (TypeError, AttributeError, OverflowError):
        raise ValueError("an unknown line") from None


def _row(kind: Any, at: Any, *told: Any) -> BillRow:
    """Raises ValueError, TypeError or OverflowError for what is no line of a bill."""
    *numbers, state, fen, fee = told
    moment = datetime.fromisoformat(at)
    if kind not in ("payment", "refund") or type(fen) is not int or type(fee) is not int:
        raise ValueError("an unknown line")
    out_trade_no, transaction_no, out_refund_no = map(str, numbers)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    numbers_told = (out_trade_no, transaction_no, out_refund_no)
    return BillRow(kind, moment.astimezone(UTC), *numbers_told, str(state), fen, fee)
