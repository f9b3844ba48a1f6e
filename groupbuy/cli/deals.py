"""`flask deals`: bring deals over from other tools."""

from __future__ import annotations

import functools
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask_babel import gettext as _

from groupbuy.cli import frame
from groupbuy.cli.rejected_rows import RejectedRows
from groupbuy.core import clock
from groupbuy.core.db import learn_sizes, long_transaction
from groupbuy.deals.models import DealItem, StockMove
from groupbuy.extensions import db
from groupbuy.orders import intake
from groupbuy.orders.batch import Batch, gather
from groupbuy.orders.export_columns import parse_mapping
from groupbuy.orders.export_rows import FIRST_YEAR, LAST_YEAR, RowReader
from groupbuy.orders.exports import open_export
from groupbuy.orders.models import Order, OrderLine

group = frame.Group("deals", help="Deals.")


class _Instant(frame.InstantParam):
    """A time of our days: far years would overflow when they are shown elsewhere."""

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        with suppress(OverflowError):
            moment = super().convert(value, param, ctx)
            if FIRST_YEAR <= moment.year <= LAST_YEAR:
                return moment
        self.fail(f"“{value}” is not between {FIRST_YEAR} and {LAST_YEAR}", param, ctx)


@frame.command(group, "import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--leader", "phone", required=True, metavar="PHONE", help="Whose deal it is.")
@click.option("--title", required=True, help="The deal's title, 1 to 100 characters.")
@click.option("--closes-at", required=True, type=_Instant(), help="When the window ends.")
@click.option(
    "--opens-at", type=_Instant(), help="Of a new deal. Default: the time of its first order."
)
@click.option("--supplier", metavar="NAME", default=intake.OWN_SUPPLY, show_default=True)
@click.option(
    "--map",
    "mapping",
    default="",
    metavar="KEY=COLUMN,…",
    help="Which column holds what. Keys: order, sku, name, quantity, price, member, point, at;"
    " also spec, amount (of the line, instead of price), phone, status.",
)
@frame.as_json
def import_deal(
    file: Path,
    phone: str,
    title: str,
    closes_at: datetime,
    opens_at: datetime | None,
    supplier: str,
    mapping: str,
    as_json: bool,
) -> None:
    """Bring a deal with its orders over from another tool's export.

    FILE is csv, csv.gz or xlsx, in UTF-8 or GBK. The headings of 快团团 and 群接龙 are known; name
    others with --map. Each row becomes an order line at its own price, in yuan.

    Orders come as vouched for in cash. Numbers that begin with C, and rows whose status says
    cancelled, come as cancelled. Rows that cannot be imported go to FILE.rejected.csv with
    their row number (as a spreadsheet shows it) and the reason.

    The numbers printed are those of the file: rows = lines + cancelled_lines + rejected;
    orders, lines, pieces and total_fen count what is not cancelled. An order that the deal of
    this leader, title and closing time already has is not imported again.
    """
    form = intake.checked(intake.ImportForm(title, closes_at, opens_at, supplier))
    intake.leader_with_phone(phone)
    db.session.rollback()  # no connection is held while the file is read
    export = open_export(file, parse_mapping(mapping))
    with RejectedRows(file, export.headings) as rejected:
        rows = frame.progress(export.rows, None, _("Reading"))
        batch = gather(rows, RowReader(export.columns, clock.zone()), rejected.note)
        slug = _write(phone, form, batch)
    facts = {"deal": slug} | batch.totals()
    (frame.print_json if as_json else frame.print_facts)(facts)


def _write(phone: str, form: intake.ImportForm, batch: Batch) -> str:
    watch = functools.partial(frame.progress, what=_("Writing"))
    with long_transaction():
        leader = intake.leader_with_phone(phone)
        slug = intake.bring_over(leader, form, batch, now=clock.now(), watch=watch).slug
    learn_sizes(DealItem, Order, OrderLine, StockMove)
    return slug
