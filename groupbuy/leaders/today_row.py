"""One thing on the first page of the console."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Row(NamedTuple):
    """`due_at` sorts, `due` says what happens then; `tone` is bad, warn or info."""

    tone: str
    symbol: str
    title: str
    consequence: str
    due_at: datetime | None
    due: str
    address: str
    act: str
