"""The workbook a supplier is sent: what it says, what it adds up to, and what it must not say."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _

from groupbuy.catalog.models import Sku, Supplier
from groupbuy.core import qr, tokens
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.purchasing import workbook
from groupbuy.purchasing.models import (
    PurchaseList,
    PurchaseRevision,
)
from tests.conftest import NOON
from tests.factories import (
    close,
    make_deal,
    make_leader,
    make_member,
    make_sku,
    make_supplier,
)
from tests.office import as_csv, as_pdf, opened, rows
from tests.purchasing.books import (
    GOODS,
    closed_list,
    goods_deal,
    order_of,
    revise,
    sheets_of,
    statements,
    table_of,
    text_of,
    usual_list,
)


def test_the_order_says_which_list_for_whom_until_when_and_whom_to_ask(app: Flask) -> None:
    purchase_list = usual_list()
    order = sheets_of(purchase_list.current)[0]
    [title, *_rest] = rows(order)[0]
    assert purchase_list.number in title
    assert order["A1"].font.sz >= 20
    said = text_of(order)
    assert purchase_list.supplier.name in said
    assert purchase_list.deal.title in said
    assert "2035-05-12 周六 20:00" in said
    assert "2035-05-13 周日 12:00" in said
    assert "林姐 · 13812347788" in said
    assert all(point.name in said for point in purchase_list.deal.points)


def test_a_line_says_how_many_full_cases_and_how_many_loose_pieces(app: Flask) -> None:
    order = sheets_of(usual_list().current)[0]
    lines = [row[5:9] for row in table_of(order, _("Full cases"))[:-1]]
    assert lines == [[12, 4, 4, 52], [20, 2, 5, 45], [1, 0, 3, 3]]
    assert all(size * cases + loose == pieces for size, cases, loose, pieces in lines)


def test_codes_and_names_stay_text_and_our_code_stands_in_for_a_missing_one(app: Flask) -> None:
    order = sheets_of(usual_list().current)[0]
    lines = [row for row in order.iter_rows() if row[0].data_type == "n" and row[0].value]
    assert [[cell.value for cell in row[1:3]] for row in lines] == [
        ["1E5", "云南蓝莓 125g"],
        ["0002", "=鸡毛菜"],
        ["000123", "土鸡蛋 🥚 שלום"],
    ]
    assert {cell.data_type for row in lines for cell in (row[1], row[2], row[4])} == {"s"}
    assert {row[1].number_format for row in lines} == {"@"}


def test_money_and_pieces_are_numbers_that_add_up_to_the_totals(app: Flask) -> None:
    order = sheets_of(usual_list().current)[0]
    *lines, total = table_of(order, _("Full cases"))
    assert [row[9:11] for row in lines] == [[7.5, 390], [3.2, 144], [24, 72]]
    assert total[6:9] == [sum(row[i] for row in lines) for i in (6, 7, 8)] == [6, 12, 100]
    assert total[10] == sum(row[10] for row in lines) == 606
    assert "¥606.00" in text_of(order)


def test_goods_at_several_prices_say_so_instead_of_a_price(app: Flask) -> None:
    purchase_list = usual_list()
    item, point = purchase_list.deal.items[0], purchase_list.deal.points[0]
    order = sheets_of(revise(purchase_list, {item: {point.id: 7}}))[0]
    [line, _total] = table_of(order, _("Full cases"))
    assert line[9:11] == [_("varies"), 7]
    assert _("amount is the sum of the orders") in line[11]


def test_when_nothing_was_ordered_the_workbook_says_it_plainly(app: Flask) -> None:
    sheets = sheets_of(closed_list(goods_deal()).current)
    assert len(sheets) == 3
    assert all(_("Nothing was ordered this time.") in text_of(sheet) for sheet in sheets[:2])
    assert _("Full cases") not in text_of(sheets[0])


def test_no_member_is_named_anywhere_in_the_file(app: Flask) -> None:
    deal = goods_deal()
    member = make_member(deal.leader, "隔壁老王")
    member.phone = "13700001234"
    order_of(deal, 1, 1, 1, member=member, note="老王的孩子过敏")
    revision = closed_list(deal).current
    file = zipfile.ZipFile(BytesIO(workbook.build(revision.purchase_list, revision, now=NOON)))
    raw = b"".join(file.read(name) for name in file.namelist()).decode("latin-1")
    said = raw + "".join(text_of(sheet) for sheet in sheets_of(revision))
    assert deal.items[0].name in said
    assert not [secret for secret in ("老王", "13700001234") if secret in said]


def test_the_picture_is_a_code_that_opens_the_count_in_of_this_list(app: Flask) -> None:
    purchase_list = usual_list()
    built = workbook.build(purchase_list, purchase_list.current, now=NOON)
    [picture] = opened(built).worksheets[0]._images
    token = tokens.sign("count-in", purchase_list.number)
    assert picture._data() == qr.png(f"{app.config['SITE_URL']}/p/count-in/{token}", scale=4)
    assert tokens.unsign("count-in", token) == purchase_list.number


def test_the_order_is_ready_to_be_printed(app: Flask) -> None:
    purchase_list = usual_list()
    order = sheets_of(purchase_list.current)[0]
    heading = next(row[0].row for row in order.iter_rows() if row[6].value == _("Full cases"))
    assert order.print_title_rows == f"${heading}:${heading}"
    assert order.freeze_panes == f"A{heading + 1}"
    assert (order.page_setup.orientation, order.page_setup.fitToWidth) == ("landscape", 1)
    assert purchase_list.number in order.oddFooter.left.text
    total = [cell for cell in order[order.max_row] if cell.value is not None]
    assert {(cell.font.b, cell.font.sz) for cell in total} == {(True, 14)}


def test_the_last_sheet_says_what_was_counted_and_how_to_recognise_the_list(app: Flask) -> None:
    purchase_list = usual_list()
    revision = purchase_list.current
    about = {row[0]: row[1] for row in rows(sheets_of(revision)[-1])}
    assert about[_("Number of orders")] == "3"
    assert about[_("Checksum (SHA-256)")] == revision.sha256
    assert about[_("Time span")] == _(
        "Orders placed from %(start)s until before %(end)s",
        start="2035-05-12 周六 12:00",
        end="2035-05-12 周六 20:00",
    )
    assert about[_("Workbook written")] == "2035-05-12 周六 21:00"
    assert {_("Order"), _("By pickup point"), _("Left out")} <= about.keys()


def test_the_workbook_speaks_the_language_of_its_reader(app: Flask) -> None:
    revision = usual_list().current
    with force_locale("en"):
        sheets = sheets_of(revision)
    assert [sheet.title for sheet in sheets] == ["Order", "By pickup point", "About this workbook"]
    assert "2035-05-12 Sat 20:00" in text_of(sheets[0])


def test_a_long_list_takes_no_more_statements_than_a_short_one(app: Flask) -> None:
    said = []
    for kinds in (1, 30):
        leader = make_leader()
        supplier = make_supplier(leader)
        skus: list[Sku] = [make_sku(leader, supplier) for _number in range(kinds)]
        deal = make_deal(leader=leader, skus=skus, points=kinds)
        for point in range(kinds):
            order_of(deal, *[1] * kinds, point=point)
        close(deal)
        db.session.expire_all()
        found = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
        purchase_list = db.session.scalars(found).one()
        revision = purchase_list.current
        with statements() as sent:
            workbook.build(purchase_list, revision, now=NOON)
        said.append(len(sent))
    assert said[0] == said[1] <= 12


@pytest.mark.parametrize(
    ("title", "supplier", "name"),
    [
        ("周六菜篮子", "绿源鲜配", "周六菜篮子_绿源鲜配_PL1-v3.xlsx"),
        ("../../etc/passwd", "..", "etc passwd_PL1-v3.xlsx"),
        ('a\\b:c*d?e"f<g>h|i', "-rf", "a b c d e f g h i_rf_PL1-v3.xlsx"),
        ("two\nlines \x00", "\u202egnp.exe", "two lines_gnp.exe_PL1-v3.xlsx"),
        ("", "   ", "PL1-v3.xlsx"),
    ],
)
def test_a_file_name_speaks_and_goes_nowhere_else(title: str, supplier: str, name: str) -> None:
    assert _file_name(title, supplier) == name


@pytest.mark.parametrize("letter", ["a", "草", "🍓"])
def test_a_long_file_name_is_cut_but_never_its_number(letter: str) -> None:
    name = _file_name(letter * 500, letter * 300)
    assert len(name.encode()) <= 120
    assert name.endswith("_PL1-v3.xlsx")
    deal, supplier, _number = name.split("_")
    assert abs(len(deal) - len(supplier)) <= 1


def _file_name(title: str, supplier: str) -> str:
    purchase_list = PurchaseList(
        number="PL1", deal=Deal(title=title), supplier=Supplier(name=supplier)
    )
    return workbook.file_name(purchase_list, PurchaseRevision(revision=3))


@pytest.mark.slow
def test_the_workbook_opens_and_prints_in_libreoffice(app: Flask, tmp_path: Path) -> None:
    purchase_list = usual_list()
    built = workbook.build(purchase_list, purchase_list.current, now=NOON)
    order, by_point, about = as_csv(built, tmp_path)
    lines = [row for row in order if row[2] in [name for name, *_more in GOODS]]
    assert [row[1] for row in lines] == ["1E5", "0002", "000123"]
    assert [row[10] for row in lines] == ["390.00", "144.00", "72.00"]
    assert "=鸡毛菜" in [row[1] for row in by_point]
    assert purchase_list.current.sha256 in [row[1] for row in about]
    (tmp_path / "printed").mkdir()
    assert as_pdf(built, tmp_path / "printed").startswith(b"%PDF")
