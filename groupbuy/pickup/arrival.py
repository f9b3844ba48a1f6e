"""Counting in what a supplier delivered, as often as needed until it is shared out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import contains_eager

from groupbuy.core.db import insert_once
from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.pickup.models import Arrival, ArrivalLine
from groupbuy.purchasing.models import PurchaseLine, PurchaseList, PurchaseRevision

MOST_PIECES = 10_000_000
FAR_OFF_PERCENT = 20

Counts = Mapping[int, tuple[int, int]]


class Sheet(NamedTuple):
    """One person's page of a list, by purchase line id: `counts` as typed, `seen` as shown to them.

    `again` holds the pieces received of lines that they counted a second time.
    """

    counts: Counts
    seen: Counts
    again: Mapping[int, int]


class NotAllCounted(RuleBroken):
    """Lines of the list have not been counted, so nobody knows what there is to share."""

    message = _l("Not counted in yet: %(items)s.")


class CountAgain(RuleBroken):
    """Counts are so far off the list that a slip of the finger is likelier; `lines` are theirs."""

    message = _l("More than 20 %% off the list: %(items)s. Please count again.")

    def __init__(self, lines: Sequence[PurchaseLine]) -> None:
        super().__init__(items=", ".join(line.name for line in lines))
        self.lines = lines


class CountedMeanwhile(RuleBroken):
    """Somebody else has counted the same lines since the page was opened; `lines` are those."""

    message = _l("Somebody else has counted meanwhile: %(items)s.")

    def __init__(self, lines: Sequence[PurchaseLine]) -> None:
        super().__init__(items=", ".join(line.name for line in lines))
        self.lines = lines


class ListWithdrawn(RuleBroken):
    """The deal was reopened, so nobody delivers by this list."""

    message = _l("The deal was reopened, so this list does not count until it closes again.")


class AlreadySharedOut(WrongState):
    """The counts were acted upon: orders, money and messages follow from them."""

    message = _l("This delivery has been shared out already; its counts are final.")


def count_in(
    purchase_list: PurchaseList, counts: Counts, *, by_id: int | None, now: datetime
) -> Arrival:
    """Record what came: `counts` maps purchase line id to pieces (received, damaged of them).

    Lines left out keep their last count, or stay uncounted. Raises AlreadySharedOut,
    ListWithdrawn, and BadInput naming the line for counts that cannot be, or when a line is not of
    the current revision.
    """
    lock_for_deciding(purchase_list.deal)  # no new revision while this one is counted
    db.session.refresh(purchase_list)
    if purchase_list.withdrawn_at:
        raise ListWithdrawn
    asked = {line.id: line for line in purchase_list.current.lines}
    for line_id, (received, damaged) in counts.items():
        _check(asked.get(line_id), received, damaged)
    arrival = _claim(purchase_list, now)
    arrival.counted_at, arrival.counted_by_id = now, by_id
    _forget_old_revisions(arrival, asked)
    known = {line.purchase_line_id: line for line in arrival.lines}
    for line_id, (received, damaged) in counts.items():
        line = known.get(line_id)
        if line is None:
            line = ArrivalLine(leader_id=arrival.leader_id, purchase_line_id=line_id)
            arrival.lines.append(line)
        line.received, line.damaged = received, damaged
    db.session.flush()
    return arrival


def count_together(
    purchase_list: PurchaseList, sheet: Sheet, *, by_id: int | None, now: datetime
) -> Arrival:
    """`count_in` for several people with a sheet each: writes only what they changed on theirs.

    Raises CountAgain for new counts far off the list that were not confirmed, CountedMeanwhile
    when a line is no longer as the sheet showed it, and what `count_in` raises.
    """
    lock_for_deciding(purchase_list.deal)
    db.session.refresh(purchase_list)
    asked = {line.id: line for line in purchase_list.current.lines}
    new = {n: count for n, count in sheet.counts.items() if sheet.seen.get(n) != count}
    for line_id, (received, damaged) in new.items():
        _check(asked.get(line_id), received, damaged)
    found = counted_of(purchase_list)
    late = [asked[n] for n, count in new.items() if found.get(n) not in (sheet.seen.get(n), count)]
    if late:
        raise CountedMeanwhile(late)
    doubtful = [
        asked[n]
        for n, (received, _damaged) in new.items()
        if received not in (found.get(n, (None,))[0], sheet.again.get(n))
        and is_far_off(asked[n].pieces, received)
    ]
    if doubtful:
        raise CountAgain(doubtful)
    return count_in(purchase_list, new, by_id=by_id, now=now)


def counted_of(purchase_list: PurchaseList) -> dict[int, tuple[int, int]]:
    """Purchase line id -> (received, damaged) of what has been counted so far."""
    counted = (
        sa.select(ArrivalLine.purchase_line_id, ArrivalLine.received, ArrivalLine.damaged)
        .join(Arrival, Arrival.id == ArrivalLine.arrival_id)
        .where(Arrival.list_id == purchase_list.id)
    )
    return {row.purchase_line_id: (row[1], row[2]) for row in db.session.execute(counted)}


def is_far_off(asked: int, received: int) -> bool:
    """Whether `received` pieces differ from those `asked` for by more than a fifth.

    >>> is_far_off(10, 8), is_far_off(10, 7), is_far_off(48, 60)
    (False, True, True)
    """
    return abs(received - asked) * 100 > asked * FAR_OFF_PERCENT


def far_off(arrival: Arrival) -> list[ArrivalLine]:
    """Counts so far from what the list asked that a slip of the finger is likelier."""
    off = sa.func.abs(ArrivalLine.received - PurchaseLine.pieces) * 100
    counted = (
        sa.select(ArrivalLine)
        .join(ArrivalLine.purchase_line)
        .where(ArrivalLine.arrival_id == arrival.id, off > PurchaseLine.pieces * FAR_OFF_PERCENT)
        .order_by(PurchaseLine.position)
        .options(contains_eager(ArrivalLine.purchase_line))
    )
    return list(db.session.scalars(counted))


def uncounted(arrival: Arrival) -> list[PurchaseLine]:
    """Lines of the current revision that have no count: not arrived, as far as is known."""
    missing = (
        sa.select(PurchaseLine)
        .join(PurchaseRevision)
        .join(PurchaseList)
        .where(
            PurchaseList.id == arrival.list_id,
            PurchaseRevision.revision == PurchaseList.current_revision,
            ~sa.exists().where(
                ArrivalLine.arrival_id == arrival.id,
                ArrivalLine.purchase_line_id == PurchaseLine.id,
            ),
        )
        .order_by(PurchaseLine.position)
    )
    return list(db.session.scalars(missing))


def require_all_counted(arrival: Arrival) -> None:
    """Raises NotAllCounted naming the codes of the lines without a count."""
    missing = uncounted(arrival)
    if missing:
        raise NotAllCounted(items=", ".join(line.code for line in missing))


def _check(line: PurchaseLine | None, received: int, damaged: int) -> None:
    if line is None:
        raise BadInput("counts", _l("A line is not on the current list. Please load it again."))
    if not 0 <= received <= MOST_PIECES:
        raise BadInput(
            f"received-{line.id}",
            _l("“%(item)s”: received must be between 0 and %(most)s."),
            item=line.code,
            most=MOST_PIECES,
        )
    if not 0 <= damaged <= received:
        raise BadInput(
            f"damaged-{line.id}",
            _l("“%(item)s”: no more can be damaged than were received (%(received)s)."),
            item=line.code,
            received=received,
        )


def _claim(purchase_list: PurchaseList, now: datetime) -> Arrival:
    """The arrival of the list, made with the first count. Raises AlreadySharedOut."""
    fresh = {
        "leader_id": purchase_list.leader_id,
        "list_id": purchase_list.id,
        "state": "counting",
        "counted_at": now,
    }
    db.session.execute(insert_once(Arrival).values(fresh))
    found = sa.select(Arrival).where(Arrival.list_id == purchase_list.id)
    arrival = db.session.scalars(found.execution_options(populate_existing=True)).one()
    if arrival.state != "counting":
        raise AlreadySharedOut(arrival.state, "counting")
    return arrival


def _forget_old_revisions(arrival: Arrival, asked: Mapping[int, PurchaseLine]) -> None:
    """A new revision has new lines; counts of the old ones would be counted on top."""
    for line in list(arrival.lines):
        if line.purchase_line_id not in asked:
            arrival.lines.remove(line)
            db.session.delete(line)
