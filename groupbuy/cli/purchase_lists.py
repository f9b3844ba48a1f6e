"""`flask purchase-lists`: what each supplier of a deal is asked for, as a table or as workbooks."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload

from groupbuy.cli import frame
from groupbuy.core import clock
from groupbuy.core.errors import BadInput
from groupbuy.core.money import format_yuan
from groupbuy.core.text import label
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.purchasing import lists, workbook
from groupbuy.purchasing.models import PurchaseList

group = AppGroup("purchase-lists", help="What each supplier of a deal is asked for.")
_FACTS = ("number", "supplier", "revision", "lines", "pieces", "amount_fen", "sha256")


@frame.command(group, "list")
@click.argument("slug", metavar="DEAL")
@frame.as_json
def list_lists(slug: str, as_json: bool) -> None:
    """The purchase lists of DEAL (its slug), in the revision that counts."""
    _show([facts for _list, facts in _lists(_closed_deal(slug))], as_json)


@frame.command(group, "export")
@click.argument("slug", metavar="DEAL")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")
@frame.as_json
def export(slug: str, folder: Path, as_json: bool) -> None:
    """Write the purchase lists of DEAL (its slug) into DIR, one xlsx file per supplier.

    DIR is made if need be; a file that is there already is replaced as a whole.
    """
    found = _lists(_closed_deal(slug))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for purchase_list, facts in frame.progress(found, len(found), _("Writing")):
            facts["file"] = str(_write(purchase_list, folder))
    except OSError as error:
        reason = error.strerror or str(error)
        message = _l("Cannot write to %(folder)s: %(reason)s")
        raise BadInput("out", message, folder=folder, reason=reason) from error
    _show([facts for _list, facts in found], as_json)


def _closed_deal(slug: str) -> Deal:
    deal = db.session.scalars(sa.select(Deal).where(Deal.slug == label(slug))).one_or_none()
    if deal is None:
        raise BadInput("deal", _l("There is no deal %(slug)s."), slug=label(slug))
    if deal.state not in ("closed", "arrived"):
        message = _l("The deal %(slug)s has no purchase lists: it is %(state)s, not closed.")
        raise BadInput("deal", message, slug=deal.slug, state=deal.phase(clock.now()))
    return deal


def _lists(deal: Deal) -> list[tuple[PurchaseList, dict[str, Any]]]:
    """Each list of `deal` with what is said about it."""
    rows = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    rows = rows.options(joinedload(PurchaseList.supplier), selectinload(PurchaseList.revisions))
    by_id = {found.id: found for found in db.session.scalars(rows)}
    answer = []
    for totals in lists.totals(deal):
        purchase_list = by_id[totals["list_id"]]
        facts = totals | {"supplier": purchase_list.supplier.name}
        answer.append((purchase_list, {name: facts[name] for name in _FACTS}))
    return answer


def _write(purchase_list: PurchaseList, folder: Path) -> Path:
    """The workbook of the current revision, as a file that is either whole or not there."""
    revision = purchase_list.current
    path = folder / workbook.file_name(purchase_list, revision)
    unfinished = folder / f".{secrets.token_hex(8)}.part"
    try:
        unfinished.write_bytes(workbook.build(purchase_list, revision, now=clock.now()))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _show(answer: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        frame.print_json({"lists": answer})
        return
    rows = [facts | {"amount_fen": format_yuan(facts["amount_fen"])} for facts in answer]
    names = [
        name for name in (*_FACTS, "file") if name != "sha256" and all(name in r for r in rows)
    ]
    headings = [{"amount_fen": "amount"}.get(name, name) for name in names]
    frame.print_table(headings, [[row[name] for name in names] for row in rows])
