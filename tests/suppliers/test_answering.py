"""Answering behind the signed link: on the page, with a workbook, with photographs."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from flask import Flask

from groupbuy.core import clock
from groupbuy.extensions import db
from groupbuy.orders.vouching import vouch
from groupbuy.pickup import arrival
from groupbuy.purchasing import answers, photos
from groupbuy.purchasing.models import Photo, PurchaseList, SupplierAnswer
from groupbuy.purchasing.reopening import reopen
from tests.catalog.uploads import REFUSED, blank_png, drawn, packed
from tests.checks import assert_everything_true, count
from tests.factories import close, make_order
from tests.pages.reading import words
from tests.suppliers.test_purchase_list_page import address, closed_deal, list_of

ZH = {"Accept-Language": "zh-CN"}


def asked_list(items: int = 2) -> PurchaseList:
    """Eight pieces of each item."""
    return list_of(closed_deal(items), "崇明农场")


def fields(asked: PurchaseList, *choices: str, **more: str) -> dict[str, str]:
    """What the page sends: "full", "none" or a number for each line."""
    sent = {"revision": str(asked.current_revision)}
    for line, choice in zip(asked.current.lines, choices, strict=False):
        if choice in ("full", "none"):
            sent[f"answer-{line.item_id}"] = choice
        else:
            sent |= {f"answer-{line.item_id}": "short", f"pieces-{line.item_id}": choice}
    return sent | more


def test_an_answer_is_received_and_shown_again(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = address(asked)
    tomorrow = clock.local(clock.now() + timedelta(days=1)).date().isoformat()
    sent = fields(asked, "full", "５", ready_on=tomorrow, note="早上送")
    answer = client.post(path, data=sent, headers=ZH)
    assert (answer.status_code, answer.location) == (303, path)
    assert list(answers.confirmed(asked).values()) == [8, 5]
    page = client.get(path).text
    for kept in ('value="5"', f'value="{tomorrow}"', "早上送"):
        assert kept in page
    client.post(path, data=fields(asked, "full", "full"))
    assert answers.state(asked).word == "full"
    assert_everything_true("I17")


@pytest.mark.parametrize("typed", ["", "8", "9", "-1", "1_0", "0", "x" * 500, "1.5", "٣"])
def test_a_number_that_cannot_be_is_refused_at_its_line_and_kept(app: Flask, typed: str):
    asked, client = asked_list(), app.test_client()
    answer = client.post(address(asked), data=fields(asked, "full", typed), headers=ZH)
    assert answer.status_code == 422
    assert f'id="bad-{asked.current.lines[1].item_id}"' in answer.text
    assert "checked" in answer.text
    assert count(SupplierAnswer) == 0


def test_a_line_left_out_a_wrong_day_and_a_long_note_are_refused(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = address(asked)
    for wrong in (
        fields(asked, "full"),
        fields(asked, "full", "full", ready_on="31.2."),
        fields(asked, "full", "full", ready_on="2001-01-01"),
        fields(asked, "full", "full", note="长" * 501),
    ):
        assert client.post(path, data=wrong).status_code == 422
    assert count(SupplierAnswer) == 0


def test_an_answer_to_an_old_revision_is_refused_with_the_difference_shown(app: Flask):
    asked, client = asked_list(), app.test_client()
    path, deal = address(asked), asked.deal
    sent = fields(asked, "full", "5")
    later = deal.closes_at + timedelta(hours=1)
    reopen(deal, later + timedelta(hours=8), now=later)
    db.session.commit()
    answer = client.post(path, data=sent, headers=ZH)
    assert answer.status_code == 409
    vouch(make_order(deal, 4, now=later), by_id=None, now=later)
    close(deal)
    db.session.commit()
    answer = client.post(path, data=sent, headers=ZH)
    page = words(answer)
    assert answer.status_code == 409
    assert "8 → 12 盒" in page
    assert f"{asked.number} 第 2 版" in page
    assert 'value="5"' in answer.text  # what was typed is kept
    assert count(SupplierAnswer) == 0
    assert client.post(path, data=sent | {"revision": "2"}).status_code == 303
    assert list(answers.confirmed(asked).values()) == [12, 5]


def test_all_in_full_can_be_chosen_without_script_and_writes_nothing(app: Flask):
    asked, client = asked_list(), app.test_client()
    page = client.get(f"{address(asked)}?all=full").text
    assert page.count('value="full" checked') == 2
    assert count(SupplierAnswer) == 0


def test_counted_goods_end_the_answering(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = address(asked)
    sent = fields(asked, "full", "5")
    client.post(path, data=sent)
    counts = {line.id: (line.pieces, 0) for line in asked.current.lines}
    arrival.count_in(asked, counts, by_id=None, now=clock.now())
    db.session.commit()
    assert client.post(path, data=fields(asked, "full", "full")).status_code == 409
    page = client.get(path, headers=ZH).text
    assert 'name="revision"' not in page
    assert list(answers.confirmed(asked).values()) == [8, 5]


def filled(client: Any, path: str, **cells: Any) -> dict[str, Any]:
    """The answer sheet with 7 in each box but for `cells` (such as G9=…)."""
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{path}/answer-sheet.xlsx").data))
    sheet = book.worksheets[0]
    for row in range(8, sheet.max_row + 1):
        sheet[f"G{row}"] = 7
    for place, value in cells.items():
        sheet[place] = value
    out = io.BytesIO()
    book.save(out)
    return {"workbook": (io.BytesIO(out.getvalue()), "answer.xlsx")}


def test_a_filled_in_sheet_comes_into_the_boxes_and_is_sent_from_there(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = address(asked)
    sheet = filled(client, path, G8="8", H9="断货", D5="2035-05-13", D6="谢谢")
    answer = client.post(f"{path}/answer-sheet", data=sheet)
    assert answer.status_code == 200
    for kept in ('value="7"', "断货", "谢谢", 'value="2035-05-13"', "checked"):
        assert kept in answer.text
    assert count(SupplierAnswer) == 0


def test_wrong_rows_are_named(app: Flask):
    asked, client = asked_list(3), app.test_client()
    path = address(asked)
    sheet = filled(client, path, G8="abc", G9=99, B10="other")
    answer = client.post(f"{path}/answer-sheet", data=sheet, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    for row in ("row 8", "row 9", "row 10"):
        assert row in words(answer)


def test_a_sheet_of_another_list_or_revision_is_refused(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = address(asked)
    for cells, status in (({"D3": "PL-0"}, 422), ({"D4": "x"}, 422), ({"D4": "7"}, 409)):
        sheet = filled(client, path, **cells)
        assert client.post(f"{path}/answer-sheet", data=sheet).status_code == status
    whole = client.get(f"{path}/purchase-list.xlsx").data
    other = {"workbook": (io.BytesIO(whole), "list.xlsx")}
    assert client.post(f"{path}/answer-sheet", data=other).status_code == 422


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no workbook", bytes(5000)])
def test_what_is_no_workbook_is_refused(app: Flask, content: bytes):
    path = address(asked_list())
    sent = {"workbook": (io.BytesIO(content), "a.xlsx")}
    assert app.test_client().post(f"{path}/answer-sheet", data=sent).status_code == 422
    assert app.test_client().post(f"{path}/answer-sheet").status_code == 422


def shots(*contents: bytes) -> dict[str, Any]:
    return {"picture": [(io.BytesIO(one), f"{n}.jpg") for n, one in enumerate(contents)]}


def test_delivery_notes_are_kept_and_served_only_behind_the_link(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = address(asked)
    sent = shots(packed(drawn()), packed(drawn(300, 500)))
    assert client.post(f"{path}/delivery-notes", data=sent).status_code == 303
    taken = photos.photos_of(asked, "delivery_note")
    assert [one.by_id for one in taken] == [None, None]
    name = photos.names_of(taken[0])[0]
    assert name in client.get(f"{path}/delivery-notes").text
    shown = client.get(f"{path}/photos/{name}")
    assert (shown.status_code, shown.mimetype) == (200, "image/webp")
    other = address(list_of(closed_deal(), "崇明农场"))
    assert client.get(f"{other}/photos/{name}").status_code == 404
    assert client.get(f"/pictures/{name}").status_code == 404


def test_a_picture_of_damage_is_not_for_the_supplier_to_fetch(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = address(asked)
    client.post(f"{path}/delivery-notes", data=shots(packed(drawn())))
    one = db.session.scalars(db.select(Photo)).one()
    one.kind, one.line_id = "damage", asked.current.lines[0].id
    db.session.commit()
    assert client.get(f"{path}/photos/{photos.names_of(one)[0]}").status_code == 404


def test_no_six_pictures_none_or_rubbish(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = f"{address(asked)}/delivery-notes"
    good = packed(drawn())
    for wrong in ({}, shots(*[good] * 6), shots(good, b"<svg/>"), shots(blank_png(12_000, 12_000))):
        assert client.post(path, data=wrong).status_code == 422
    for name in ("svg", "html", "zip", "start of a PNG"):
        assert client.post(path, data=shots(REFUSED[name]())).status_code == 422
    assert count(Photo) == 0


def test_the_history_is_of_this_supplier_alone(app: Flask):
    asked, client = asked_list(), app.test_client()
    foreign = list_of(closed_deal(), "崇明农场")
    beside = list_of(asked.deal, "面包房")
    path = address(asked)
    page = client.get(f"{path}/history").text
    assert asked.number in page
    assert foreign.number not in page
    assert beside.number not in page
    assert client.get(f"{path}/history/{asked.id}.xlsx").status_code == 200
    for wrong in (foreign.id, beside.id, 10**9, "x"):
        assert client.get(f"{path}/history/{wrong}.xlsx").status_code == 404


def test_every_page_dies_with_the_link(app: Flask):
    asked, client = asked_list(), app.test_client()
    path = address(asked)
    asked.supplier.link_version += 1
    db.session.commit()
    for part in ("", "/answer-sheet", "/answer-sheet.xlsx", "/delivery-notes", "/history"):
        answer = client.get(f"{path}{part}")
        assert answer.status_code == 404
        assert "noindex" in answer.headers["X-Robots-Tag"]
    for part in ("", "/answer-sheet", "/delivery-notes"):
        assert client.post(f"{path}{part}").status_code == 404


def test_residents_stay_unknown_on_every_page(app: Flask):
    path, client = address(asked_list()), app.test_client()
    for part in ("", "/answer-sheet", "/delivery-notes", "/history"):
        for hidden in ("欧阳", "欧*"):
            assert hidden not in client.get(f"{path}{part}").text
