"""The further sheets of the workbook: pickup points, and changes since the last revision."""

from __future__ import annotations

from flask import Flask
from flask_babel import gettext as _

from tests.purchasing.books import (
    closed_list,
    goods_deal,
    order_of,
    revise,
    sheets_of,
    table_of,
    text_of,
    usual_list,
)


def test_the_pieces_of_each_pickup_point_add_up_both_ways(app: Flask) -> None:
    purchase_list = usual_list()
    by_point = sheets_of(purchase_list.current)[1]
    *lines, total = table_of(by_point, purchase_list.deal.points[0].name)
    assert [row[5:] for row in lines] == [[52, 40, 12], [45, 45, None], [3, None, 3]]
    assert total[5:] == [100, 85, 15]
    assert all(row[5] == sum(n or 0 for n in row[6:]) for row in [*lines, total])


def test_many_points_are_printed_on_several_pages_and_explained_on_their_own_sheet(
    app: Flask,
) -> None:
    deal = goods_deal(points=12)
    for point in range(12):
        order_of(deal, point + 1, point=point)
    order, by_point, _about = sheets_of(closed_list(deal).current)
    assert deal.points[0].name not in text_of(order)
    assert _("By pickup point") in text_of(order)
    assert by_point.page_setup.fitToWidth == 2
    assert by_point.print_title_cols == "$A:$B"
    *_lines, total = table_of(by_point, deal.points[0].name)
    assert total[5:] == [78, *range(1, 13)]


def test_the_first_revision_has_nothing_to_compare_with(app: Flask) -> None:
    assert len(sheets_of(usual_list().current)) == 3


def test_the_next_revision_says_what_was_added_removed_and_changed(app: Flask) -> None:
    purchase_list = usual_list()
    berries, greens, eggs = purchase_list.deal.items
    here, there = (point.id for point in purchase_list.deal.points)
    revise(purchase_list, {berries: {here: 40, there: 2}, eggs: {here: 1, there: 4}})
    sheets = sheets_of(purchase_list.revisions[1])
    assert len(sheets) == 4
    *changes, total = table_of(sheets[2], _("Difference"))
    assert [[row[0], row[2], *row[5:8]] for row in changes] == [
        [_("fewer"), berries.name, 52, 42, -10],
        [_("more"), eggs.name, 3, 5, 2],
        [_("removed"), greens.name, 45, 0, -45],
    ]
    assert total[5:] == [100, 47, -53, 606, 47, -559]
    assert total[7] == sum(row[7] for row in changes)
    assert round(sum(row[10] for row in changes), 2) == total[10]


def test_a_new_product_is_marked_in_the_changes_and_in_the_order(app: Flask) -> None:
    deal = goods_deal()
    order_of(deal, 4, 0, 0)
    purchase_list = closed_list(deal)
    point_id = deal.points[0].id
    revise(purchase_list, {deal.items[0]: {point_id: 5}, deal.items[1]: {point_id: 2}})
    order, _by_point, changes, _about = sheets_of(purchase_list.revisions[1])
    notes = [row[11] for row in table_of(order, _("Full cases"))[:-1]]
    assert notes[0].endswith(_("was %(pieces)s", pieces=4))
    assert notes[1].endswith(_("new"))
    kinds = [row[0] for row in table_of(changes, _("Difference"))[:-1]]
    assert kinds == [_("more"), _("new")]


def test_pieces_that_go_to_another_point_are_a_change_too(app: Flask) -> None:
    deal = goods_deal()
    order_of(deal, 4, 0, 0)
    purchase_list = closed_list(deal)
    here, there = (point.id for point in deal.points)
    revise(purchase_list, {deal.items[0]: {here: 1, there: 3}})
    moved = table_of(sheets_of(purchase_list.revisions[1])[2], _("Pickup point"))
    assert [row[3:4] + row[5:8] for row in moved] == [
        [deal.points[0].name, 4, 1, -3],
        [deal.points[1].name, 0, 3, 3],
    ]


def test_a_revision_that_changes_nothing_says_so(app: Flask) -> None:
    purchase_list = closed_list(goods_deal())
    changes = sheets_of(revise(purchase_list, {}))[2]
    assert _("Nothing changed.") in text_of(changes)


def test_a_revision_whose_place_was_taken_says_that_it_no_longer_counts(app: Flask) -> None:
    purchase_list = closed_list(goods_deal())
    first, second = purchase_list.current, revise(purchase_list, {})
    purchase_list.current_revision = 2
    ended = _("No longer counts: revision %(revision)s took its place.", revision=2)
    assert ended in text_of(sheets_of(first)[0])
    assert ended not in text_of(sheets_of(second)[0])
