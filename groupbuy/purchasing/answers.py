"""What suppliers say to a purchase list: line by line, as often as needed until goods are here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import User
from groupbuy.core.clock import local
from groupbuy.core.db import AnySelect, moment, sum_of
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.text import clean
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.pickup.models import Arrival
from groupbuy.purchasing.models import (
    PurchaseLine,
    PurchaseList,
    PurchaseRevision,
    SupplierAnswer,
    SupplierAnswerLine,
)

LONGEST_NOTE, LONGEST_LINE_NOTE = 500, 200
_MOST_DAYS_AHEAD = 365


class RevisionReplaced(RuleBroken):
    """The answer was given to a revision that another took the place of."""

    message = _l(
        "This was revision %(old)s. Revision %(current)s has taken its place: see what changed, "
        "then answer again."
    )


class ListWithdrawn(RuleBroken):
    """The deal takes orders again, so what the list says is about to change."""

    message = _l(
        "The leader has reopened this deal, so this list no longer counts. Please deliver nothing "
        "of it; a new revision comes when the deal closes."
    )


class NothingOrdered(RuleBroken):
    """The list has no lines."""

    message = _l("Nothing was ordered this time, so there is nothing to answer.")


class CountedIn(RuleBroken):
    """Goods were counted: what came counts now, no longer what was promised."""

    message = _l("The goods have been counted in, so the answer can no longer be changed.")


class Reply(NamedTuple):
    """How many pieces of a line will come, and a word on it."""

    pieces: int
    note: str = ""


class Said(NamedTuple):
    """A whole answer: `lines` maps every line id of `revision` to its Reply."""

    revision: int
    lines: Mapping[int, Reply]
    ready_on: date | None = None
    note: str = ""


class State(NamedTuple):
    """Where the answer to a list stands.

    `word`: nothing (ordered), withdrawn, unanswered, full, short, or none (of it will come).
    `by_name` is who wrote it down for the supplier, empty when the supplier answered.
    """

    word: str
    at: datetime | None = None
    by_name: str = ""
    ready_on: date | None = None
    note: str = ""

    @property
    def is_answer(self) -> bool:
        """Whether the supplier has said something to the revision that counts."""
        return self.at is not None


def record(
    purchase_list: PurchaseList, said: Said, *, by_id: int | None, now: datetime
) -> SupplierAnswer:
    """Write down what the supplier said; `by_id` is the staff who heard it, None the supplier.

    The last answer to the current revision counts; the same answer again is the same one.
    Raises RevisionReplaced, ListWithdrawn, NothingOrdered, CountedIn, or BadInput at
    "pieces-<line id>", "note-<line id>", "ready_on" or "note". The caller commits.
    """
    lock_for_deciding(purchase_list.deal)  # no new revision, count or other answer meanwhile
    now = moment(now)
    db.session.refresh(purchase_list)
    db.session.expire(purchase_list, ["revisions"])
    require_answerable(purchase_list)
    if said.revision != purchase_list.current_revision:
        raise RevisionReplaced(old=said.revision, current=purchase_list.current_revision)
    said = _checked(purchase_list.current, said, now)
    before = last_answer(purchase_list)
    if before and before.by_id == by_id and said_in(before) == said:
        return before
    answer = SupplierAnswer(
        leader_id=purchase_list.leader_id,
        revision_id=purchase_list.current.id,
        at=now,
        by_id=by_id,
        ready_on=said.ready_on,
        note=said.note,
    )
    answer.lines = [
        SupplierAnswerLine(
            leader_id=purchase_list.leader_id, line_id=line_id, pieces=reply.pieces, note=reply.note
        )
        for line_id, reply in sorted(said.lines.items())
    ]
    db.session.add(answer)
    db.session.flush()
    return answer


def require_answerable(purchase_list: PurchaseList) -> None:
    """Raises ListWithdrawn, NothingOrdered or CountedIn; without a lock only good for a page."""
    if purchase_list.withdrawn_at:
        raise ListWithdrawn
    if not purchase_list.current.lines:
        raise NothingOrdered
    counted = sa.select(Arrival.id).where(Arrival.list_id == purchase_list.id)
    if db.session.scalar(counted) is not None:
        raise CountedIn


def confirmed(purchase_list: PurchaseList) -> dict[int, int]:
    """Line id -> pieces promised by the last answer to the current revision; {} without one."""
    promised = sa.select(SupplierAnswerLine.line_id, SupplierAnswerLine.pieces)
    rows = db.session.execute(
        promised.where(SupplierAnswerLine.answer_id == _last_of(purchase_list).scalar_subquery())
    )
    return dict(rows.all())


def last_answer(purchase_list: PurchaseList) -> SupplierAnswer | None:
    """The answer that counts: the last one to the current revision."""
    found = sa.select(SupplierAnswer).where(
        SupplierAnswer.id == _last_of(purchase_list).scalar_subquery()
    )
    return db.session.scalars(found).one_or_none()


def said_in(answer: SupplierAnswer) -> Said:
    """An answer as it was given."""
    lines = {line.line_id: Reply(line.pieces, line.note) for line in answer.lines}
    return Said(answer.revision.revision, lines, answer.ready_on, answer.note)


def state(purchase_list: PurchaseList) -> State:
    """Where the answer to one list stands."""
    return states([purchase_list])[purchase_list.id]


def states(purchase_lists: Iterable[PurchaseList]) -> dict[int, State]:
    """List id -> where its answer stands, in one statement for all of them."""
    known = {one.id: one for one in purchase_lists}
    rows = db.session.execute(_standing([*known])).all()
    return {row.id: _state(known[row.id], row) for row in rows}


def _state(purchase_list: PurchaseList, row: Any) -> State:
    if purchase_list.withdrawn_at:
        return State("withdrawn")
    if not row.ordered:
        return State("nothing")
    if row.at is None:
        return State("unanswered")
    word = "full" if row.promised == row.ordered else "short" if row.promised else "none"
    return State(word, row.at, row.by_name or "", row.ready_on, row.note)


def _standing(list_ids: list[int]) -> AnySelect:
    """Per list: pieces ordered and promised, and the last answer's head (None without one)."""
    newest = (
        sa.select(sa.func.max(SupplierAnswer.id))
        .where(SupplierAnswer.revision_id == PurchaseRevision.id)
        .correlate(PurchaseRevision)
        .scalar_subquery()
    )
    ordered = sa.select(sum_of(PurchaseLine.pieces)).where(
        PurchaseLine.revision_id == PurchaseRevision.id
    )
    promised = sa.select(sum_of(SupplierAnswerLine.pieces)).where(
        SupplierAnswerLine.answer_id == SupplierAnswer.id
    )
    return (
        sa.select(
            PurchaseList.id,
            ordered.correlate(PurchaseRevision).scalar_subquery().label("ordered"),
            promised.correlate(SupplierAnswer).scalar_subquery().label("promised"),
            *(SupplierAnswer.at, SupplierAnswer.ready_on, SupplierAnswer.note),
            User.name.label("by_name"),
        )
        .join(PurchaseRevision, PurchaseRevision.list_id == PurchaseList.id)
        .outerjoin(SupplierAnswer, SupplierAnswer.id == newest)
        .outerjoin(User, User.id == SupplierAnswer.by_id)
        .where(
            PurchaseList.id.in_(list_ids),
            PurchaseRevision.revision == PurchaseList.current_revision,
        )
    )


def _last_of(purchase_list: PurchaseList) -> sa.Select[int]:
    """The id of the answer that counts."""
    return (
        sa.select(sa.func.max(SupplierAnswer.id))
        .join(PurchaseRevision, PurchaseRevision.id == SupplierAnswer.revision_id)
        .join(PurchaseList, PurchaseList.id == PurchaseRevision.list_id)
        .where(
            PurchaseList.id == purchase_list.id,
            PurchaseRevision.revision == PurchaseList.current_revision,
        )
    )


def _checked(revision: PurchaseRevision, said: Said, now: datetime) -> Said:
    """`said` cleaned. Raises BadInput for a line left out, unknown, or promised too much of."""
    asked = {line.id: line for line in revision.lines}
    if said.lines.keys() - asked.keys():
        raise BadInput("lines", _l("A line is not on this list. Please load the page again."))
    for line in revision.lines:
        _check_line(line, said.lines.get(line.id))
    note = clean(said.note)
    if len(note) > LONGEST_NOTE:
        raise BadInput("note", _l("At most %(count)s characters."), count=LONGEST_NOTE)
    today = local(now).date()
    until = today + timedelta(days=_MOST_DAYS_AHEAD)
    if said.ready_on and not today - timedelta(days=1) <= said.ready_on <= until:
        raise BadInput("ready_on", _l("Give a day between today and a year from now."))
    replies = {key: Reply(said.lines[key].pieces, clean(said.lines[key].note)) for key in asked}
    return said._replace(lines=replies, note=note)


def _check_line(line: PurchaseLine, reply: Reply | None) -> None:
    if reply is None:
        message = _l("“%(item)s”: say how many will come.")
        raise BadInput(f"pieces-{line.id}", message, item=line.name)
    if not 0 <= reply.pieces <= line.pieces:
        raise BadInput(
            f"pieces-{line.id}",
            _l("“%(item)s”: between 0 and %(ordered)s, as many as were ordered."),
            item=line.name,
            ordered=line.pieces,
        )
    if len(clean(reply.note)) > LONGEST_LINE_NOTE:
        message = _l("At most %(count)s characters.")
        raise BadInput(f"note-{line.id}", message, count=LONGEST_LINE_NOTE)
