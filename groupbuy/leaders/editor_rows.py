"""Adding, removing and moving rows of a form that was sent, with all that was typed kept.

Works on the fields as they were sent ("items-3-price"), so even what cannot be read stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from werkzeug.datastructures import MultiDict

_ROW = re.compile(r"(items|questions|pictures)-([0-9]{1,4})-([a-z_]+)")
_OF_ROWS = re.compile("(items|questions|pictures)-")
_ACT = re.compile(r"(items|questions|pictures)-([0-9]{1,4})-(remove|up|down)")


def readable(form: MultiDict[str, str]) -> MultiDict[str, str]:
    """A copy of the fields sent, without rows whose numbers only look like numbers."""
    kept = (name for name in form if not _OF_ROWS.match(name) or _ROW.fullmatch(name))
    return MultiDict((name, value) for name in kept for value in form.getlist(name))


def add_row(sent: MultiDict[str, str], rows: str, values: Mapping[str, str]) -> None:
    """Put one more row after the others; `values` are its fields."""
    number = max(numbers(sent, rows), default=-1) + 1
    for name, value in values.items():
        sent[f"{rows}-{number}-{name}"] = value


def act_on_row(sent: MultiDict[str, str], act: str) -> None:
    """Do what a button of a row says, like "items-3-up"; what is none does nothing."""
    found = _ACT.fullmatch(act)
    if not found:
        return
    rows, number, step = found[1], int(found[2]), found[3]
    there = numbers(sent, rows)
    if number not in there:
        return
    if step == "remove":
        _take(sent, rows, number)
        return
    place = there.index(number) + (1 if step == "down" else -1)
    if 0 <= place < len(there):
        _swap(sent, rows, number, there[place])


def numbers(sent: MultiDict[str, str], rows: str) -> list[int]:
    """The numbers of the rows, as they stand below each other."""
    found = (_ROW.fullmatch(name) for name in sent)
    return sorted({int(each[2]) for each in found if each and each[1] == rows})


def _take(sent: MultiDict[str, str], rows: str, number: int) -> dict[str, list[str]]:
    """Take the row out; returns its fields."""
    start = f"{rows}-{number}-"
    names = [name for name in sent if name.startswith(start)]
    return {name.removeprefix(start): sent.poplist(name) for name in names}


def _swap(sent: MultiDict[str, str], rows: str, one: int, other: int) -> None:
    taken = {other: _take(sent, rows, one), one: _take(sent, rows, other)}
    for number, fields in taken.items():
        for name, values in fields.items():
            sent.setlist(f"{rows}-{number}-{name}", values)
