"""Comparing a provider's bill with what is booked here: each difference becomes a case.

A bill is kept line by line as it was read, and its fees are booked. Nothing else is booked from a
bill: money is believed only when its provider is asked about it, which a bill can set off, or
tells of it, signed.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple, TypeVar

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.core import action_log
from groupbuy.core.clock import local
from groupbuy.core.db import Id, UtcDateTime, text_of
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.locks import lock_exclusive, lock_shared
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments import cases, ledger
from groupbuy.payments.ledger import Leg
from groupbuy.payments.models import BillImport, BillLine, LedgerTxn, Payment, Refund
from groupbuy.payments.providers import WAYS, online_ways, ways_on
from groupbuy.payments.providers.reports import BillRow

T = TypeVar("T")
# Around midnight a payment may stand on one side's bill of a day and on the other's of the next.
EDGE = timedelta(minutes=10)
MOST_ROWS = 100_000
_SOME = 500  # numbers in one question to the database
_MOST_FEN = 10**12
_LOCK = 0x42494C4C  # "BILL"


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


def ways_with_bills() -> list[str]:
    """Whose bills are read: real money's even after it was given up, the sandbox's where it is."""
    return [way for way in online_ways() if way != "sandbox" or way in ways_on()]


def import_bill(way: str, data: bytes, *, by_id: int, now: datetime) -> BillImport:
    """Read in the bill of `way`, book its fees, and open a case for each difference.

    Raises BadInput for what is no bill of that way, or SameBill.
    """
    rows = _read(way, data)
    lock_exclusive(_LOCK, 0)
    sha256 = hashlib.sha256(data).hexdigest()
    same = sa.select(BillImport).where(BillImport.way == way, BillImport.sha256 == sha256)
    known = db.session.scalars(same).one_or_none()
    if known:
        raise SameBill(day=f"{local(known.imported_at):%Y-%m-%d}")
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
    _keep(bill, rows)
    _book_fees(bill, now)
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


def let_bills_end() -> None:
    """Wait for a bill that is being read in, and let none begin before commit: it books fees."""
    lock_shared(_LOCK, 0)


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
    if way not in ways_with_bills():
        raise BadInput("way", _l("Choose whose bill it is."))
    try:
        rows: list[BillRow] = WAYS[way].read_bill(data)
        for place, row in enumerate(rows, start=1):
            if not _can_be_kept(row):
                raise ValueError(f"row {place}")
    except UnicodeDecodeError as wrong:
        raise BadInput("bill", _l("This is not a bill of theirs.")) from wrong
    except ValueError as wrong:
        said = _l("This is not a bill of theirs, or not the whole of it: %(why)s.")
        raise BadInput("bill", said, why=str(wrong)[:200]) from wrong
    if len(rows) > MOST_ROWS:
        raise BadInput("bill", _l("The bill is too long: read in one day at a time."))
    return rows


def _can_be_kept(row: BillRow) -> bool:
    """Whether both databases take it."""
    texts = (row.out_trade_no, row.transaction_no, row.out_refund_no, row.state)
    fits = all(len(text) <= most for text, most in zip(texts, (64, 64, 64, 40), strict=True))
    plain = not any(unicodedata.category(letter)[0] == "C" for letter in "".join(texts))
    return fits and plain and 0 <= row.amount_fen < _MOST_FEN and abs(row.fee_fen) < _MOST_FEN


def _keep(bill: BillImport, rows: Sequence[BillRow]) -> None:
    """Each line as it was told."""
    told = [
        {"import_id": bill.id, "position": place, **row._asdict()}
        for place, row in enumerate(rows, start=1)
    ]
    for some in _slices(told):
        db.session.execute(sa.insert(BillLine), some)


def _book_fees(bill: BillImport, now: datetime) -> None:
    """A payment has one fee, and so has each refund, however many bills tell of it.

    On the sheet of its deal, when it is for a payment of ours.
    """
    refund_no = BillLine.out_refund_no
    number = sa.case((refund_no != "", refund_no), else_=BillLine.transaction_no)
    costing = (BillLine.import_id == bill.id, BillLine.fee_fen != 0)
    once = sa.select(sa.func.min(BillLine.position)).where(*costing).group_by(BillLine.kind, number)
    key = sa.literal(f"fee:{bill.way}:") + text_of(BillLine.kind) + ":" + number
    before = db.session.scalar(sa.select(sa.func.max(LedgerTxn.id))) or 0
    known = sa.exists().where(LedgerTxn.idem_key == key, LedgerTxn.id <= before)
    its = (Payment.way == bill.way, Payment.out_trade_no == BillLine.out_trade_no)
    facts = (
        sa.select(
            key.label("idem_key"),
            sa.literal("fee").label("kind"),
            sa.literal(now, UtcDateTime).label("at"),
            Order.leader_id,
            Order.deal_id,
            Order.id.label("order_id"),
            sa.cast(sa.null(), Id).label("actor_id"),
            BillLine.fee_fen,
        )
        .outerjoin(Payment, sa.and_(*its))
        .outerjoin(Order, Order.id == Payment.order_id)
        .where(*costing, BillLine.position.in_(once), ~known)
    ).subquery()
    fen = facts.c.fee_fen
    ledger.write(facts, Leg("fees", 0, fen), Leg(f"cash:{bill.way}", 0, -fen))


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
    """What was booked on the days of the bill, but is not in it. A bill is of whole days."""
    if not rows:
        return
    first, last = _midnight(min(row.at for row in rows)), _midnight(max(row.at for row in rows))
    first, last = first + EDGE, last + timedelta(days=1) - EDGE
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


def _midnight(at: datetime) -> datetime:
    """When the day of `at` began, here."""
    return datetime.combine(local(at).date(), time(), local(at).tzinfo)


def _told_before(refund: Refund) -> bool:
    """A provider may date a refund by its asking, so it can stand in an earlier bill."""
    line = sa.select(BillLine.id).where(BillLine.out_refund_no == refund.out_refund_no)
    return db.session.scalar(line.limit(1)) is not None


def _open(bill: BillImport, found: Difference, now: datetime) -> None:
    key = f"{bill.way}:{found.key}"[:140]
    if found.kind == "bill_not_booked" and found.payment and found.payment.state != "confirmed":
        found.payment.next_ask_at = now  # so the poller asks about it, and books it
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
