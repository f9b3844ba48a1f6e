"""The workbook a supplier is sent: what it says, what it adds up to, and what it must not say."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale
from flask_babel import gettext as _

from groupbuy.catalog.models import Sku, Supplier
from groupbuy.core import qr, tokens
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.purchasing import lists, workbook
from groupbuy.purchasing.models import (
    PurchaseLine,
    PurchaseList,
    PurchaseRevision,
    PurchaseSplit,
)
from tests.conftest import NOON
from tests.factories import (
    close,
    make_deal,
    make_leader,
    make_member,
    make_placed,
    make_sku,
    make_supplier,
)
from tests.office import as_csv, as_pdf, opened, rows

# name, our code, the supplier's code, pieces in a case, fen
GOODS = [
    ("云南蓝莓 125g", "0001", "1E5", 12, 750),
    ("=鸡毛菜", "0002", "", 20, 320),
    ("土鸡蛋 🥚 שלום", "0003", "000123", 1, 2400),
]


def _deal(**values: Any) -> Deal:
    leader = make_leader("林姐")
    leader.contact_phone = "13812347788"
    supplier = make_supplier(leader, "绿源鲜配")
    skus = [
        make_sku(
            leader,
            supplier,
            name=name,
            code=code,
            supplier_code=theirs,
            pack_size=size,
            price_fen=fen,
        )
        for name, code, theirs, size, fen in GOODS
    ]
    return make_deal(leader=leader, skus=skus, points=values.pop("points", 2), **values)


def _order(deal: Deal, *pieces: int, point: int = 0, **values: Any) -> Order:
    return make_placed(deal, *pieces, point_id=deal.points[point].id, **values)


def _closed_list(deal: Deal) -> PurchaseList:
    close(deal)
    db.session.expire_all()
    return db.session.scalars(sa.select(PurchaseList)).one()


def _usual_list() -> PurchaseList:
    """48 + 4 blueberries, 45 greens and 3 boxes of eggs from three orders at two points."""
    deal = _deal(
        pickup_starts_at=NOON + timedelta(days=1), pickup_ends_at=NOON + timedelta(days=1, hours=3)
    )
    _order(deal, 40, 45, 0)
    _order(deal, 8, 0, 2, point=1)
    _order(deal, 4, 0, 1, point=1)
    return _closed_list(deal)


def _sheets(revision: PurchaseRevision) -> list[Any]:
    built = workbook.build(revision.purchase_list, revision, now=NOON + timedelta(hours=9))
    return list(opened(built).worksheets)


def _text(sheet: Any) -> str:
    return "\n".join(str(value) for row in rows(sheet) for value in row if value is not None)


def _table(sheet: Any, heading: str) -> list[list[Any]]:
    """The rows under the first one with `heading`, up to the first that is empty."""
    everything = rows(sheet)
    first = next(i for i, row in enumerate(everything) if heading in row) + 1
    ended = (i for i, row in enumerate(everything) if i >= first and not any(row))
    return everything[first : next(ended, None)]


def _revise(
    purchase_list: PurchaseList, wanted: dict[DealItem, dict[int, int]]
) -> PurchaseRevision:
    """A second revision of `wanted` pieces (item -> point id -> pieces), each at 1.00 yuan."""
    revision = PurchaseRevision(leader_id=purchase_list.leader_id, revision=2, issued_at=NOON)
    purchase_list.revisions.append(revision)
    for position, (item, points) in enumerate(wanted.items(), 1):
        pieces = sum(points.values())
        line = PurchaseLine(
            **{name: getattr(item, name) for name in ("leader_id", "code", "supplier_code")},
            **{name: getattr(item, name) for name in ("name", "spec", "unit", "pack_size")},
            item_id=item.id,
            position=position,
            packs=pieces // item.pack_size,
            loose_pieces=pieces % item.pack_size,
            pieces=pieces,
            unit_price_fen=None,
            amount_fen=pieces * 100,
        )
        line.splits = [
            PurchaseSplit(leader_id=item.leader_id, point_id=point_id, pieces=n)
            for point_id, n in points.items()
        ]
        revision.lines.append(line)
    db.session.flush()
    revision.sha256 = lists.content_sha256(revision)
    db.session.flush()
    return revision


@contextmanager
def _statements() -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)


def test_the_order_says_which_list_for_whom_until_when_and_whom_to_ask(app: Flask) -> None:
    purchase_list = _usual_list()
    order = _sheets(purchase_list.current)[0]
    [title, *_rest] = rows(order)[0]
    assert purchase_list.number in title
    assert order["A1"].font.sz >= 20
    said = _text(order)
    assert purchase_list.supplier.name in said
    assert purchase_list.deal.title in said
    assert "2035-05-12 周六 20:00" in said
    assert "2035-05-13 周日 12:00" in said
    assert "林姐 · 13812347788" in said
    assert all(point.name in said for point in purchase_list.deal.points)


def test_a_line_says_how_many_full_cases_and_how_many_loose_pieces(app: Flask) -> None:
    order = _sheets(_usual_list().current)[0]
    lines = [row[5:9] for row in _table(order, _("Full cases"))[:-1]]
    assert lines == [[12, 4, 4, 52], [20, 2, 5, 45], [1, 0, 3, 3]]
    assert all(size * cases + loose == pieces for size, cases, loose, pieces in lines)


def test_codes_and_names_stay_text_and_our_code_stands_in_for_a_missing_one(app: Flask) -> None:
    order = _sheets(_usual_list().current)[0]
    lines = [row for row in order.iter_rows() if row[0].data_type == "n" and row[0].value]
    assert [[cell.value for cell in row[1:3]] for row in lines] == [
        ["1E5", "云南蓝莓 125g"],
        ["0002", "=鸡毛菜"],
        ["000123", "土鸡蛋 🥚 שלום"],
    ]
    assert {cell.data_type for row in lines for cell in (row[1], row[2], row[4])} == {"s"}
    assert {row[1].number_format for row in lines} == {"@"}


def test_money_and_pieces_are_numbers_that_add_up_to_the_totals(app: Flask) -> None:
    order = _sheets(_usual_list().current)[0]
    *lines, total = _table(order, _("Full cases"))
    assert [row[9:11] for row in lines] == [[7.5, 390], [3.2, 144], [24, 72]]
    assert total[6:9] == [sum(row[i] for row in lines) for i in (6, 7, 8)] == [6, 12, 100]
    assert total[10] == sum(row[10] for row in lines) == 606
    assert "¥606.00" in _text(order)


def test_goods_at_several_prices_say_so_instead_of_a_price(app: Flask) -> None:
    purchase_list = _usual_list()
    item, point = purchase_list.deal.items[0], purchase_list.deal.points[0]
    order = _sheets(_revise(purchase_list, {item: {point.id: 7}}))[0]
    [line, _total] = _table(order, _("Full cases"))
    assert line[9:11] == [_("varies"), 7]
    assert _("amount is the sum of the orders") in line[11]


def test_the_pieces_of_each_pickup_point_add_up_both_ways(app: Flask) -> None:
    purchase_list = _usual_list()
    by_point = _sheets(purchase_list.current)[1]
    *lines, total = _table(by_point, purchase_list.deal.points[0].name)
    assert [row[5:] for row in lines] == [[52, 40, 12], [45, 45, None], [3, None, 3]]
    assert total[5:] == [100, 85, 15]
    assert all(row[5] == sum(n or 0 for n in row[6:]) for row in [*lines, total])


def test_many_points_are_printed_on_several_pages_and_explained_on_their_own_sheet(
    app: Flask,
) -> None:
    deal = _deal(points=12)
    for point in range(12):
        _order(deal, point + 1, point=point)
    order, by_point, _about = _sheets(_closed_list(deal).current)
    assert deal.points[0].name not in _text(order)
    assert _("By pickup point") in _text(order)
    assert by_point.page_setup.fitToWidth == 2
    assert by_point.print_title_cols == "$A:$B"
    *_lines, total = _table(by_point, deal.points[0].name)
    assert total[5:] == [78, *range(1, 13)]


def test_the_first_revision_has_nothing_to_compare_with(app: Flask) -> None:
    assert len(_sheets(_usual_list().current)) == 3


def test_the_next_revision_says_what_was_added_removed_and_changed(app: Flask) -> None:
    purchase_list = _usual_list()
    berries, greens, eggs = purchase_list.deal.items
    here, there = (point.id for point in purchase_list.deal.points)
    _revise(purchase_list, {berries: {here: 40, there: 2}, eggs: {here: 1, there: 4}})
    sheets = _sheets(purchase_list.revisions[1])
    assert len(sheets) == 4
    *changes, total = _table(sheets[2], _("Difference"))
    assert [[row[0], row[2], *row[5:8]] for row in changes] == [
        [_("fewer"), berries.name, 52, 42, -10],
        [_("more"), eggs.name, 3, 5, 2],
        [_("removed"), greens.name, 45, 0, -45],
    ]
    assert total[5:] == [100, 47, -53, 606, 47, -559]
    assert total[7] == sum(row[7] for row in changes)
    assert round(sum(row[10] for row in changes), 2) == total[10]


def test_a_new_product_is_marked_in_the_changes_and_in_the_order(app: Flask) -> None:
    deal = _deal()
    _order(deal, 4, 0, 0)
    purchase_list = _closed_list(deal)
    point_id = deal.points[0].id
    _revise(purchase_list, {deal.items[0]: {point_id: 5}, deal.items[1]: {point_id: 2}})
    order, _by_point, changes, _about = _sheets(purchase_list.revisions[1])
    notes = [row[11] for row in _table(order, _("Full cases"))[:-1]]
    assert notes[0].endswith(_("was %(pieces)s", pieces=4))
    assert notes[1].endswith(_("new"))
    kinds = [row[0] for row in _table(changes, _("Difference"))[:-1]]
    assert kinds == [_("more"), _("new")]


def test_pieces_that_go_to_another_point_are_a_change_too(app: Flask) -> None:
    deal = _deal()
    _order(deal, 4, 0, 0)
    purchase_list = _closed_list(deal)
    here, there = (point.id for point in deal.points)
    _revise(purchase_list, {deal.items[0]: {here: 1, there: 3}})
    moved = _table(_sheets(purchase_list.revisions[1])[2], _("Pickup point"))
    assert [row[3:4] + row[5:8] for row in moved] == [
        [deal.points[0].name, 4, 1, -3],
        [deal.points[1].name, 0, 3, 3],
    ]


def test_a_revision_that_changes_nothing_says_so(app: Flask) -> None:
    purchase_list = _closed_list(_deal())
    changes = _sheets(_revise(purchase_list, {}))[2]
    assert _("Nothing changed.") in _text(changes)


def test_a_revision_whose_place_was_taken_says_that_it_no_longer_counts(app: Flask) -> None:
    purchase_list = _closed_list(_deal())
    first, second = purchase_list.current, _revise(purchase_list, {})
    purchase_list.current_revision = 2
    ended = _("No longer counts: revision %(revision)s took its place.", revision=2)
    assert ended in _text(_sheets(first)[0])
    assert ended not in _text(_sheets(second)[0])


def test_when_nothing_was_ordered_the_workbook_says_it_plainly(app: Flask) -> None:
    sheets = _sheets(_closed_list(_deal()).current)
    assert len(sheets) == 3
    assert all(_("Nothing was ordered this time.") in _text(sheet) for sheet in sheets[:2])
    assert _("Full cases") not in _text(sheets[0])


def test_no_member_is_named_anywhere_in_the_file(app: Flask) -> None:
    deal = _deal()
    member = make_member(deal.leader, "隔壁老王")
    member.phone = "13700001234"
    _order(deal, 1, 1, 1, member=member, note="老王的孩子过敏")
    revision = _closed_list(deal).current
    file = zipfile.ZipFile(BytesIO(workbook.build(revision.purchase_list, revision, now=NOON)))
    raw = b"".join(file.read(name) for name in file.namelist()).decode("latin-1")
    said = raw + "".join(_text(sheet) for sheet in _sheets(revision))
    assert deal.items[0].name in said
    assert not [secret for secret in ("老王", "13700001234") if secret in said]


def test_the_picture_is_a_code_that_opens_the_count_in_of_this_list(app: Flask) -> None:
    purchase_list = _usual_list()
    built = workbook.build(purchase_list, purchase_list.current, now=NOON)
    [picture] = opened(built).worksheets[0]._images
    token = tokens.sign("count-in", purchase_list.number)
    assert picture._data() == qr.png(f"{app.config['SITE_URL']}/p/count-in/{token}", scale=4)
    assert tokens.unsign("count-in", token) == purchase_list.number


def test_the_order_is_ready_to_be_printed(app: Flask) -> None:
    purchase_list = _usual_list()
    order = _sheets(purchase_list.current)[0]
    heading = next(row[0].row for row in order.iter_rows() if row[6].value == _("Full cases"))
    assert order.print_title_rows == f"${heading}:${heading}"
    assert order.freeze_panes == f"A{heading + 1}"
    assert (order.page_setup.orientation, order.page_setup.fitToWidth) == ("landscape", 1)
    assert purchase_list.number in order.oddFooter.left.text
    total = [cell for cell in order[order.max_row] if cell.value is not None]
    assert {(cell.font.b, cell.font.sz) for cell in total} == {(True, 14)}


def test_the_last_sheet_says_what_was_counted_and_how_to_recognise_the_list(app: Flask) -> None:
    purchase_list = _usual_list()
    revision = purchase_list.current
    about = {row[0]: row[1] for row in rows(_sheets(revision)[-1])}
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
    revision = _usual_list().current
    with force_locale("en"):
        sheets = _sheets(revision)
    assert [sheet.title for sheet in sheets] == ["Order", "By pickup point", "About this workbook"]
    assert "2035-05-12 Sat 20:00" in _text(sheets[0])


def test_a_long_list_takes_no_more_statements_than_a_short_one(app: Flask) -> None:
    said = []
    for kinds in (1, 30):
        leader = make_leader()
        supplier = make_supplier(leader)
        skus: list[Sku] = [make_sku(leader, supplier) for _number in range(kinds)]
        deal = make_deal(leader=leader, skus=skus, points=kinds)
        for point in range(kinds):
            _order(deal, *[1] * kinds, point=point)
        close(deal)
        db.session.expire_all()
        found = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
        purchase_list = db.session.scalars(found).one()
        revision = purchase_list.current
        with _statements() as statements:
            workbook.build(purchase_list, revision, now=NOON)
        said.append(len(statements))
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
    purchase_list = _usual_list()
    built = workbook.build(purchase_list, purchase_list.current, now=NOON)
    order, by_point, about = as_csv(built, tmp_path)
    lines = [row for row in order if row[2] in [name for name, *_more in GOODS]]
    assert [row[1] for row in lines] == ["1E5", "0002", "000123"]
    assert [row[10] for row in lines] == ["390.00", "144.00", "72.00"]
    assert "=鸡毛菜" in [row[1] for row in by_point]
    assert purchase_list.current.sha256 in [row[1] for row in about]
    (tmp_path / "printed").mkdir()
    assert as_pdf(built, tmp_path / "printed").startswith(b"%PDF")
