"""A settlement sheet as a workbook: the figures, and the entries behind them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from flask_babel import gettext as _

from groupbuy.core.settings import setting
from groupbuy.core.xlsx import MONEY, Book, Look, Page, yuan
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.payments.models import LedgerEntry, LedgerTxn
from groupbuy.settlement import settling, sheet
from groupbuy.settlement.words import account_name, figure_names, kind_name

_TITLE = Look(size=16, bold=True)
_HEADING = Look(size=11, bold=True, fill="E6F2EA", align="center", wrap=True, boxed=True)
_TEXT = Look(wrap=True, boxed=True, indent=1, form="@")
_MONEY = Look(align="right", boxed=True, indent=1, form=MONEY)
_TIME = Look(boxed=True, form="yyyy-mm-dd hh:mm")


class Written(NamedTuple):
    """The workbook, and how many entries it lists."""

    file: bytes
    entries: int


def build(deal: Deal, *, now: datetime) -> Written:
    """The sheet of `deal` as it is: settled figures, what came after, and every entry."""
    book = Book(_("Settlement: %(deal)s", deal=deal.title), str(setting("SITE_NAME")), now=now)
    _figures(book, deal)
    entries = _entries(book, deal)
    return Written(book.to_bytes(), entries)


def _figures(book: Book, deal: Deal) -> None:
    page = book.sheet(_("Figures"), Page([36, 18, 20], heading_row=2))
    page.rows(_TITLE.but(span=3))([book.title])
    page.rows(*[_HEADING] * 3)([_("Figure"), _("Amount (¥)"), _("After the settlement (¥)")])
    write = page.rows(_TEXT, _MONEY, _MONEY)
    settled = settling.of(deal)
    told = settled.figures if settled else sheet.figures(deal)
    later = sheet.figures(deal, after_entry_id=settled.last_entry_id) if settled else {}
    for name, label in figure_names().items():
        write([label, yuan(told[name]), yuan(later.get(name))])


def _entries(book: Book, deal: Deal) -> int:
    page = book.sheet(_("Entries"), Page([10, 18, 26, 26, 20, 16], heading_row=1))
    heads = [_("No."), _("Time"), _("What happened"), _("Account"), _("Order"), _("Debit (¥)")]
    page.rows(*[_HEADING] * len(heads))(heads)
    write = page.rows(_TEXT, _TIME, _TEXT, _TEXT, _TEXT, _MONEY)
    found = (
        sa.select(LedgerEntry, LedgerTxn, Order.number)
        .join(LedgerTxn, LedgerTxn.id == LedgerEntry.txn_id)
        .outerjoin(Order, Order.id == LedgerTxn.order_id)
        .where(LedgerTxn.deal_id == deal.id)
        .order_by(LedgerEntry.id)
    )
    count = 0
    for entry, txn, number in db.session.execute(found.execution_options(yield_per=1000)):
        what, account = kind_name(txn.kind), account_name(entry.account)
        write([str(entry.id), txn.at, what, account, number or "", yuan(entry.fen)])
        count += 1
    return count
