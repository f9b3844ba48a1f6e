"""An answer as it is typed on a page: what stands in the boxes, what is meant, what is wrong.

Boxes are named by the item and not by the line, so what was typed stays when a revision changes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from flask_babel import gettext as _

from groupbuy.core.errors import BadInput
from groupbuy.core.text import clean, id_or_none
from groupbuy.purchasing.answers import Reply, Said
from groupbuy.purchasing.models import PurchaseLine, PurchaseRevision, SupplierAnswer

_COUNT = re.compile("[0-9]{1,8}")
CHOICES = ("full", "short", "none")


class Box(NamedTuple):
    """What stands at one line: one of CHOICES or nothing, pieces as text, a note."""

    choice: str = ""
    pieces: str = ""
    note: str = ""


@dataclass
class AnswerForm:
    """`boxes` by item id; `problems` maps a line id, "ready_on" or "note" to a sentence."""

    revision: int
    boxes: dict[int, Box] = field(default_factory=dict)
    ready_on: str = ""
    note: str = ""
    problems: dict[int | str, str] = field(default_factory=dict)
    said: Said = field(default_factory=lambda: Said(0, {}))

    def box(self, line: PurchaseLine) -> Box:
        """What stands at `line`."""
        return self.boxes.get(line.item_id, Box())

    @property
    def answered(self) -> int:
        """At how many lines something is chosen."""
        return sum(1 for box in self.boxes.values() if box.choice)

    def refuse(self, refusal: BadInput) -> None:
        """Put what the rule said where it belongs."""
        name, _dash, line_id = refusal.field.partition("-")
        self.problems[int(line_id) if line_id else name] = refusal.sentence


def shown(revision: PurchaseRevision, answer: SupplierAnswer | None) -> AnswerForm:
    """The boxes of a page that nobody has typed on: the answer that counts, or nothing."""
    form = AnswerForm(revision.revision)
    if answer is None:
        return form
    given = {line.line_id: line for line in answer.lines}
    for line in revision.lines:
        form.boxes[line.item_id] = _box_of(line, Reply(given[line.id].pieces, given[line.id].note))
    form.ready_on = answer.ready_on.isoformat() if answer.ready_on else ""
    form.note = answer.note
    return form


def all_in_full(form: AnswerForm, revision: PurchaseRevision) -> AnswerForm:
    """`form` with every line chosen as full; notes stay."""
    for line in revision.lines:
        form.boxes[line.item_id] = form.box(line)._replace(choice="full", pieces="")
    return form


def read(typed: Mapping[str, str], revision: PurchaseRevision) -> AnswerForm:
    """What was typed for the lines of `revision`; with `problems` there is nothing to record.

    What was typed for another revision is kept in the boxes, and `said` holds no lines.
    """
    form = AnswerForm(id_or_none(typed.get("revision", "")) or 0)
    form.note = clean(typed.get("note", ""))
    form.ready_on = clean(typed.get("ready_on", ""))[:40]
    for line in revision.lines:
        choice = typed.get(f"answer-{line.item_id}", "")
        form.boxes[line.item_id] = Box(
            choice if choice in CHOICES else "",
            clean(typed.get(f"pieces-{line.item_id}", ""))[:40],
            clean(typed.get(f"note-{line.item_id}", "")),
        )
    form.said = Said(form.revision, {}, note=form.note)
    if form.revision == revision.revision:
        ready_on = _ready_on(form)
        lines = {line.id: reply for line in revision.lines if (reply := _reply(form, line))}
        form.said = Said(form.revision, lines, ready_on, form.note)
    return form


def number(text: str) -> int | None:
    """A whole number of pieces as people type it, or None.

    >>> number("６０"), number("6o")
    (60, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    return int(plain) if _COUNT.fullmatch(plain) else None


def _box_of(line: PurchaseLine, reply: Reply) -> Box:
    if reply.pieces == line.pieces:
        return Box("full", "", reply.note)
    return (
        Box("short", str(reply.pieces), reply.note) if reply.pieces else Box("none", "", reply.note)
    )


def _reply(form: AnswerForm, line: PurchaseLine) -> Reply | None:
    """What is meant for `line`, or None with a problem written down."""
    choice, pieces, note = form.box(line)
    whole = {"full": line.pieces, "none": 0}
    if choice in whole:
        return Reply(whole[choice], note)
    if not choice:
        form.problems[line.id] = _("Choose one: full, part or none.")
        return None
    meant = number(pieces)
    if meant is None or not 0 < meant < line.pieces:
        form.problems[line.id] = (
            _("Say how many will come: a whole number from 1 to %(most)s.", most=line.pieces - 1)
            if line.pieces > 1
            else _("Only one was ordered: choose full or none.")
        )
        return None
    return Reply(meant, note)


def _ready_on(form: AnswerForm) -> date | None:
    if not form.ready_on:
        return None
    try:
        return date.fromisoformat(unicodedata.normalize("NFKC", form.ready_on))
    except ValueError:
        form.problems["ready_on"] = _("Give a day such as 2026-11-21.")
        return None
