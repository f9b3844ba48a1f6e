"""Comparing a provider's bill with what is booked here: each difference becomes a case.

A bill is kept line by line as it was read, and its fees are booked. Nothing else is booked from a
bill: money is believed only when its provider is asked about it or told of it, signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core import action_log
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.extensions import db
from groupbuy.payments import cases, ledger
from groupbuy.payments.ledger import Leg
from groupbuy.payments.models import BillImport, BillLine, Payment, Refund
from groupbuy.payments.providers import WAYS, online
from groupbuy.payments.providers.reports import BillRow

T = TypeVar("T")
# Around midnight a payment may stand on one side's bill of a day and on the other's of the next.
EDGE = timedelta(minutes=10)
MOST_ROWS = 100_000
_SOME = 500  # numbers in one question to the database


class SameBill(RuleBroken):
    """The same file was read before; nothing of it is done again."""

    message = _l("This bill was read in already, on %(day)s.")


class Difference(NamedTuple):
    """What does not agree: the `kind` of its case, its key, what is known, and whose it is."""

    kind: str
    key: str
    detail: dict[str, object]
    payment: Payment | None = None
    refund: Refund | None = None


def import_bill(way: str, data: bytes, *, by_id: int, now: datetime) -> BillImport:
    """Read in the bill of `way`, book its fees, and open a case for each difference.

    Raises BadInput for what is no bill of that way, or SameBill.
    """
    rows = _read(way, data)
    sha256 = hashlib.sha256(data).hexdigest()
    same = sa.select(BillImport).where(BillImport.way == way, BillImport.sha256 == sha256)
    known = db.session.scalars(same).one_or_none()
    if known:
        raise SameBill(day=f"{known.imported_at:%Y-%m-%d}")
    bill = BillImport(
        way=way,
        first_at=min((row.at for row in rows), default=None),
        last_at=max((row.at for row in rows), default=None),
        sha256=sha256,
        imported_at=now,
        imported_by_id=by_id,
        differences=0,
    )
    db.session.add(bill)
    db.session.flush()
    _keep(bill, rows, now)
    for found in compare(way, rows):
        _open(bill, found, now)
        bill.differences += 1
    action_log.note(
        "bill_imported",
        f"bill:{bill.id}",
        actor_id=by_id,
        now=now,
        way=way,
        rows=len(rows),
        differences=bill.differences,
    )
    db.session.flush()
    return bill


def compare(way: str, rows: Sequence[BillRow]) -> Iterator[Difference]:
    """Where the bill and the books disagree, in the order of the bill, then what it lacks."""
    payments = _payments(way, {row.out_trade_no for row in rows})
    refunds = _refunds(way, {row.out_refund_no for row in rows if row.kind == "refund"})
    for row in rows:
        if row.kind == "payment":
            yield from _about_payment(row, payments.get(row.out_trade_no))
        else:
            yield from _about_refund(row, refunds.get(row.out_refund_no))
    yield from _missing_there(way, rows)


def _read(way: str, data: bytes) -> list[BillRow]:
    if way not in WAYS or not online(way):
        raise BadInput("way", _l("Choose whose bill it is."))
    try:
        rows: list[BillRow] = WAYS[way].read_bill(data)
    except ValueError as wrong:
        said = _l("This is not a bill of theirs, or not the whole of it: %(why)s.")
        raise BadInput("bill", said, why=str(wrong)[:200]) from wrong
    if len(rows) > MOST_ROWS:
        raise BadInput("bill", _l("The bill is too long: read in one day at a time."))
    return rows


def _keep(bill: BillImport, rows: Sequence[BillRow], now: datetime) -> None:
    """Each line as it was told. Fees are booked by line, once, whichever bill tells of them."""
    told = [
        {"import_id": bill.id, "position": place, **row._asdict()}
        for place, row in enumerate(rows, start=1)
    ]
    for some in _slices(told):
        db.session.execute(sa.insert(BillLine), some)
    keys = [_fee_key(bill.way, row) for row in rows if row.fee_fen]
    known = _known_fees(keys)
    for row in rows:
        key = _fee_key(bill.way, row)
        if row.fee_fen and key not in known:
            known.add(key)
            legs = (Leg("fees", 0, row.fee_fen), Leg(f"cash:{bill.way}", 0, -row.fee_fen))
            ledger.enter("fee", key, legs, now=now)


def _fee_key(way: str, row: BillRow) -> str:
    """A payment has one fee, and so has each refund, however many bills tell of it."""
    number = row.out_refund_no or row.transaction_no
    return f"fee:{way}:{row.kind}:{number}"[:100]


def _known_fees(keys: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for some in _slices(keys):
        column = ledger.LedgerTxn.idem_key
        known.update(db.session.scalars(sa.select(column).where(column.in_(some))))
    return known


def _about_payment(row: BillRow, payment: Payment | None) -> Iterator[Difference]:
    told = _told(row)
    if payment is None:
        yield Difference("bill_unknown_payment", row.transaction_no or row.out_trade_no, told)
    elif payment.state != "confirmed" or payment.transaction_no != row.transaction_no:
        booked = told | {"state_here": payment.state, "no_here": payment.transaction_no}
        yield Difference("bill_not_booked", row.transaction_no, booked, payment)
    elif payment.amount_fen != row.amount_fen:
        other = told | {"fen_here": payment.amount_fen}
        yield Difference("bill_other_sum", row.transaction_no, other, payment)


def _about_refund(row: BillRow, refund: Refund | None) -> Iterator[Difference]:
    told = _told(row)
    if refund is None:
        yield Difference("bill_unknown_refund", row.out_refund_no or row.transaction_no, told)
    elif refund.amount_fen != row.amount_fen:
        other = told | {"fen_here": refund.amount_fen}
        yield Difference("bill_other_sum", row.out_refund_no, other, refund.payment, refund)
    elif refund.by_hand or refund.state == "failed":
        other = told | {"state_here": "by hand" if refund.by_hand else refund.state}
        yield Difference("bill_refunded_too", row.out_refund_no, other, refund.payment, refund)


def _missing_there(way: str, rows: Sequence[BillRow]) -> Iterator[Difference]:
    """What was booked within the span of the bill, well away from its ends, but is not in it."""
    if not rows:
        return
    first, last = min(row.at for row in rows) + EDGE, max(row.at for row in rows) - EDGE
    paid = {row.transaction_no for row in rows if row.kind == "payment"}
    booked = sa.select(Payment).where(
        Payment.way == way, Payment.state == "confirmed", Payment.paid_at.between(first, last)
    )
    for payment in db.session.scalars(booked.order_by(Payment.id)):
        if payment.transaction_no not in paid:
            detail: dict[str, object] = {"fen": payment.amount_fen, "no": payment.out_trade_no}
            yield Difference("bill_lacks_payment", payment.out_trade_no, detail, payment)
    back = {row.out_refund_no for row in rows if row.kind == "refund"}
    done = sa.select(Refund).join(Refund.payment).where(Payment.way == way, ~Refund.by_hand)
    done = done.where(Refund.state == "succeeded", Refund.finished_at.between(first, last))
    for refund in db.session.scalars(done.order_by(Refund.id)):
        if refund.out_refund_no not in back and not _told_before(refund):
            detail = {"fen": refund.amount_fen, "no": refund.out_refund_no}
            payment = refund.payment
            yield Difference("bill_lacks_refund", refund.out_refund_no, detail, payment, refund)


def _told_before(refund: Refund) -> bool:
    """A provider may date a refund by its asking, so it can stand in an earlier bill."""
    line = sa.select(BillLine.id).where(BillLine.out_refund_no == refund.out_refund_no)
    return db.session.scalar(line.limit(1)) is not None


def _open(bill: BillImport, found: Difference, now: datetime) -> None:
    key = f"{bill.way}:{found.key}"[:140]
    refers = found.refund or found.payment
    cases.open_case(
        found.kind,
        key,
        now=now,
        detail={"way": bill.way, "bill": bill.id, **found.detail},
        leader_id=refers.leader_id if refers else None,
        payment_id=found.payment.id if found.payment else None,
        refund_id=found.refund.id if found.refund else None,
    )


def _told(row: BillRow) -> dict[str, object]:
    numbers = {
        "out_trade_no": row.out_trade_no,
        "transaction_no": row.transaction_no,
        "out_refund_no": row.out_refund_no,
    }
    return {"fen": row.amount_fen, "at": row.at.isoformat(), "state": row.state, **numbers}


def _payments(way: str, numbers: set[str]) -> dict[str, Payment]:
    found: dict[str, Payment] = {}
    for some in _slices(sorted(numbers)):
        own = sa.select(Payment).where(Payment.way == way, Payment.out_trade_no.in_(some))
        found |= {payment.out_trade_no: payment for payment in db.session.scalars(own)}
    return found


def _refunds(way: str, numbers: set[str]) -> dict[str, Refund]:
    found: dict[str, Refund] = {}
    for some in _slices(sorted(numbers)):
        own = sa.select(Refund).join(Refund.payment).where(Payment.way == way)
        own = own.where(Refund.out_refund_no.in_(some))
        found |= {refund.out_refund_no: refund for refund in db.session.scalars(own)}
    return found


def _slices(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), _SOME):
        yield rows[start : start + _SOME]
