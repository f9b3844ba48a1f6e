"""The count-in page as it comes back: what was typed per line, and what its buttons mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _

from groupbuy.core.text import clean, id_or_none
from groupbuy.pickup.arrival import MOST_PIECES, Counts, Sheet
from groupbuy.purchasing.models import PurchaseLine

_COUNT = re.compile("[0-9]{1,8}")
ALL_THE_REST = "rest"  # the value of the button that takes what is not counted as ordered


@dataclass
class CountForm:
    """`typed` maps line id to the text of (received, damaged); `problems` field name to sentence.

    `again` maps lines whose number was doubted to that number.
    """

    typed: dict[int, tuple[str, str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    again: dict[int, int] = field(default_factory=dict)
    sheet: Sheet = field(default_factory=lambda: Sheet({}, {}, {}))
    photograph: int | None = None  # the line whose goods are to be photographed next


def read(form: Mapping[str, str], lines: Iterable[PurchaseLine]) -> CountForm:
    """What was typed for `lines`; what cannot be read is in `problems`, the rest is kept as typed.

    The button "full" stands for the line it names, or for every line without a number.
    """
    full, found = form.get("full", ""), CountForm()
    counts: dict[int, tuple[int, int]] = {}
    seen: dict[int, tuple[int, int]] = {}
    for line in lines:
        received, damaged = (_typed(form, name, line) for name in ("received", "damaged"))
        if full == str(line.id) or (full == ALL_THE_REST and not received):
            received, damaged = str(line.pieces), damaged or "0"
        found.typed[line.id] = received, damaged
        was = _pair(_typed(form, "seen", line))
        if was:
            seen[line.id] = was
        count = _count_of(line, found) if received or damaged not in ("", "0") or was else None
        if count:
            counts[line.id] = count
        doubted = _number(_typed(form, "again", line))
        if doubted is not None:
            found.again[line.id] = doubted
    found.sheet = Sheet(counts, seen, found.again)
    found.photograph = id_or_none(form.get("photo", ""))
    return found


def shown(counted: Counts) -> CountForm:
    """The form of a page that nobody has typed on."""
    typed = {line_id: (str(count[0]), str(count[1])) for line_id, count in counted.items()}
    return CountForm(typed, sheet=Sheet({}, counted, {}))


def _typed(form: Mapping[str, str], name: str, line: PurchaseLine) -> str:
    return clean(form.get(f"{name}-{line.id}", ""))[:40]


def _number(text: str) -> int | None:
    plain = unicodedata.normalize("NFKC", text).strip()
    return int(plain) if _COUNT.fullmatch(plain) and int(plain) <= MOST_PIECES else None


def _pair(text: str) -> tuple[int, int] | None:
    """What the page showed of a line: “38/2”."""
    received, slash, damaged = text.partition("/")
    first, second = _number(received), _number(damaged)
    return (first, second) if slash and first is not None and second is not None else None


def _count_of(line: PurchaseLine, found: CountForm) -> tuple[int, int] | None:
    """(received, damaged), or None with a problem written down."""
    received, damaged = found.typed[line.id]
    wrong = _("“%(item)s”: type a whole number, 0 if nothing came.", item=line.name)
    first, second = _number(received), _number(damaged or "0")
    if first is None:
        found.problems[f"received-{line.id}"] = wrong
    if second is None:
        found.problems[f"damaged-{line.id}"] = wrong
    return None if first is None or second is None else (first, second)
