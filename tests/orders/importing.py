"""Files of other tools, made up, and what became of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from groupbuy.accounts.models import Leader
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.orders import intake
from groupbuy.orders.batch import Batch, gather
from groupbuy.orders.export_columns import parse_mapping
from groupbuy.orders.export_rows import RowReader
from groupbuy.orders.exports import open_export
from tests.conftest import NOON

CLOSES = datetime(2035, 5, 12, 12, 0, tzinfo=UTC)
HEADINGS = ("order", "sku", "name", "quantity", "price", "member", "point", "at")
GOOD = ("1001", "A1", "草莓", "2", "19.80", "张伟", "北门", "2035-05-12 08:26")


class Read(NamedTuple):
    """What a file holds, and [row number, reason] of what was refused."""

    batch: Batch
    refused: list[tuple[int, str]]


def row(**cells: Any) -> tuple[Any, ...]:
    """A row that can be imported, except for what `cells` say."""
    return tuple((dict(zip(HEADINGS, GOOD, strict=True)) | cells).values())


def write(path: Path, *rows: Sequence[Any], headings: Sequence[str] = HEADINGS) -> Path:
    """A csv of `rows` under `headings`."""
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        csv.writer(file).writerows([headings, *rows])
    return path


def read(path: Path, mapping: str = "") -> Read:
    """All rows of the file."""
    refused: list[tuple[int, str]] = []
    export = open_export(path, parse_mapping(mapping))
    batch = gather(
        export.rows,
        RowReader(export.columns, clock.zone()),
        lambda number, reason, _cells: refused.append((number, str(reason))),
    )
    return Read(batch, refused)


def bring(leader: Leader, path: Path, **form: Any) -> Deal:
    """Import the file at `path`."""
    wanted = intake.ImportForm(**{"title": "旧团", "closes_at": CLOSES} | form)
    return intake.bring_over(leader, wanted, read(path).batch, now=NOON, watch=lambda rows, _: rows)
