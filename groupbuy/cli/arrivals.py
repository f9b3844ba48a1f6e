"""`flask arrivals`: count in what a supplier delivered, and share it out."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import click
import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.cli import frame
from groupbuy.core import clock
from groupbuy.core.db import long_transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.money import format_yuan
from groupbuy.core.text import label
from groupbuy.extensions import db
from groupbuy.pickup import arrival as counting
from groupbuy.pickup import shortage
from groupbuy.pickup.models import Arrival
from groupbuy.purchasing.models import PurchaseLine, PurchaseList

group = frame.Group("arrivals", help="Deliveries: count in and share out.")
_COUNT = re.compile("[0-9]{1,8}")


@frame.command(group, "count-in")
@click.argument("number", metavar="LIST")
@click.argument("file", type=click.File("rb"), metavar="FILE.csv")
@click.option("--preview", is_flag=True, help="Show who would get less; write nothing.")
@click.option(
    "--share-by",
    type=click.Choice(list(shortage.RULES)),
    help="Whom a shortage hits (default: as the deal says).",
)
@click.option("--rest-complete", is_flag=True, help="What is not in the file came in full.")
@click.option("--accept-differences", is_flag=True, help="Counts far off the list are right.")
@frame.as_json
def count_in(
    number: str, file: io.BufferedReader, preview: bool, as_json: bool, **options: Any
) -> None:
    """Count in the purchase list LIST from FILE.csv, and share out what came.

    Columns: sku (our code or the supplier's), received, and damaged of those (0 if left out).
    """
    text, now = _decoded(file.read()), clock.now()
    with long_transaction() as session:
        purchase_list = _list_or_refuse(number)
        share_by = options["share_by"] or purchase_list.deal.share_by
        arrival = _count(purchase_list, text, options["rest_complete"], now)
        doubtful = [line.purchase_line.code for line in counting.far_off(arrival)]
        if preview:
            answer = _answer(arrival, shortage.preview(arrival, share_by), carried_out=False)
            session.rollback()
        elif doubtful and not options["accept_differences"]:
            raise BadInput(
                "file",
                _l("More than 20 %% off the list: %(items)s. If it is right: --accept-differences"),
                items=_some(doubtful),
            )
        else:
            cuts = shortage.carry_out(arrival, share_by, by_id=None, now=now)
            answer = _answer(arrival, cuts, carried_out=True)
    _show(answer | {"far_off": doubtful}, as_json)


def _list_or_refuse(number: str) -> PurchaseList:
    wanted = label(number).upper()
    found = db.session.scalars(sa.select(PurchaseList).where(PurchaseList.number == wanted))
    purchase_list = found.one_or_none()
    if purchase_list is None:
        raise BadInput("list", _l("There is no purchase list %(number)s."), number=wanted)
    return purchase_list


def _count(purchase_list: PurchaseList, text: str, rest_complete: bool, now: datetime) -> Arrival:
    counts = _read(text, purchase_list.current.lines)
    arrival = counting.count_in(purchase_list, counts, by_id=None, now=now)
    missing = counting.uncounted(arrival)
    if missing and not rest_complete:
        raise BadInput(
            "file",
            _l("Not counted: %(items)s. If all of that came in full: --rest-complete"),
            items=_some([line.code for line in missing]),
        )
    in_full = {line.id: (line.pieces, 0) for line in missing}
    return counting.count_in(purchase_list, in_full, by_id=None, now=now)


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("file", _l("The file is neither UTF-8 nor GBK text."))


def _read(text: str, lines: Sequence[PurchaseLine]) -> dict[int, tuple[int, int]]:
    """Purchase line id -> (received, damaged). Raises BadInput naming the row that is wrong."""
    by_sku = _by_sku(lines)
    counts: dict[int, tuple[int, int]] = {}
    for row, cells in _rows(text):
        sku = label(cells["sku"])
        line = by_sku.get(sku)
        if line is None:
            raise _bad_row(row, _l("Row %(row)s: “%(sku)s” is not one item of this list."), sku=sku)
        if line.id in counts:
            raise _bad_row(row, _l("Row %(row)s: “%(sku)s” was counted before."), sku=sku)
        received = _parse_count(row, cells["received"])
        damaged = _parse_count(row, cells.get("damaged") or "0")
        if damaged > received:
            raise _bad_row(row, _l("Row %(row)s: more are damaged than were received."))
        counts[line.id] = received, damaged
    return counts


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line in the file, cells by column name) of each row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""))
    names = [unicodedata.normalize("NFKC", name).strip().lower() for name in next(reader, [])]
    if not {"sku", "received"} <= set(names):
        raise _bad_row(1, _l("Row %(row)s: the columns must be called sku, received, damaged."))
    try:
        for cells in reader:
            if len(cells) > len(names):  # 1,000 without quotes would be 1 received, 0 damaged
                raise _bad_row(reader.line_num, _l("Row %(row)s has more cells than columns."))
            if any(cell.strip() for cell in cells):
                cells += [""] * (len(names) - len(cells))
                yield reader.line_num, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise _bad_row(reader.line_num, _l("Row %(row)s cannot be read.")) from error


def _by_sku(lines: Sequence[PurchaseLine]) -> dict[str, PurchaseLine]:
    """Lines by our code, and by the supplier's code where that means one line only."""
    used = Counter(line.supplier_code for line in lines if line.supplier_code)
    theirs = {line.supplier_code: line for line in lines if used[line.supplier_code] == 1}
    return theirs | {line.code: line for line in lines}


def _parse_count(row: int, cell: str) -> int:
    plain = unicodedata.normalize("NFKC", cell).strip()
    if not _COUNT.fullmatch(plain) or int(plain) > counting.MOST_PIECES:
        raise _bad_row(row, _l("Row %(row)s: “%(cell)s” is not a count."), cell=label(cell, 40))
    return int(plain)


def _bad_row(row: int, message: Any, **facts: Any) -> BadInput:
    return BadInput("file", message, row=row, **facts)


def _some(codes: Sequence[str], most: int = 10) -> str:
    more = f" … (+{len(codes) - most})" if len(codes) > most else ""
    return ", ".join(codes[:most]) + more


def _answer(arrival: Arrival, cuts: Sequence[shortage.Cut], *, carried_out: bool) -> dict[str, Any]:
    return {
        "list": arrival.purchase_list.number,
        "lines": len(arrival.lines),
        "short_lines": len({cut.sku for cut in cuts}),
        "cuts": [
            {
                "order": cut.order_no,
                "roll_no": cut.roll_no,
                "sku": cut.sku,
                "wanted": cut.wanted,
                "gets": cut.gets,
                "refund_fen": cut.refund_fen,
            }
            for cut in cuts
        ],
        "refund_fen": sum(cut.refund_fen for cut in cuts),
        "carried_out": carried_out,
    }


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        frame.print_json(answer)
        return
    frame.print_facts(
        {
            "list": answer["list"],
            "lines": answer["lines"],
            "short lines": answer["short_lines"],
            "money back": format_yuan(answer["refund_fen"]),
            "carried out": "yes" if answer["carried_out"] else "no, this was a preview",
        }
    )
    if answer["far_off"]:
        click.echo(f"more than 20 % off the list: {_some(answer['far_off'])}")
    if answer["cuts"]:
        click.echo()
        rows = [cut | {"refund_fen": format_yuan(cut["refund_fen"])} for cut in answer["cuts"]]
        headings = ("order", "roll", "sku", "wanted", "gets", "money back")
        frame.print_table(headings, [list(row.values()) for row in rows])
