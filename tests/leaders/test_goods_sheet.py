"""A leader moves products, sizes and suppliers out to Excel and in again."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from openpyxl import load_workbook

from groupbuy.catalog.models import Sku
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from tests.catalog.goods_books import edited, goods_book
from tests.checks import count
from tests.factories import make_deal, make_leader, make_sku
from tests.leaders.test_goods import GOODS, hidden, upload
from tests.leaders.test_members import at_desk, post
from tests.pages.reading import words


def test_out_as_excel_edited_and_in_again(app: Flask) -> None:
    leader = make_leader()
    sku = make_sku(leader, code="007", name="土鸡蛋", price_fen=3780)
    deal = make_deal(leader=leader, skus=[sku])
    client = at_desk(app, leader)
    answer = post(client, f"{GOODS}/export")
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert sheet["A2"].value == "007"
    content = edited(answer.data, {"H2": "39.90"})
    answer = upload(client, f"{GOODS}/import", "file", (content, "商品.xlsx"))
    assert answer.status_code == 200
    assert "Price : 37.80 → 39.90" in words(answer).replace("Price:", "Price :")
    db.session.expire_all()
    assert sku.price_fen == 3780
    fields = hidden(answer.text)
    assert post(client, f"{GOODS}/import/carry-out", **fields).status_code == 303
    db.session.expire_all()
    assert (sku.price_fen, deal.items[0].price_fen) == (3990, 3780)
    again = post(client, f"{GOODS}/import/carry-out", **fields)  # a double tap
    assert again.status_code == 409
    assert "Something changed since this preview" in words(again)
    logged = [(entry.action, entry.leader_id) for entry in db.session.query(ActionLog)]
    assert logged == [("goods_exported", leader.id), ("goods_imported", leader.id)]


def test_a_preview_cannot_be_altered_nor_used_by_another_leader(app: Flask) -> None:
    leader, other = make_leader(), make_leader("别家")
    client = at_desk(app, leader)
    content = goods_book(("A1", "番茄", "份", 1, "农场"))
    answer = upload(client, f"{GOODS}/import", "file", (content, "a.xlsx"))
    fields = hidden(answer.text)
    wrong = [fields | {"plan": fields["plan"][:-3] + "abc"}, {}, {"plan": "x"}]
    for sent in wrong:
        assert post(client, f"{GOODS}/import/carry-out", **sent).status_code == 422
    assert post(client, f"{GOODS}/import/carry-out", **fields | {"seen": "x"}).status_code == 409
    theirs = at_desk(app, other)
    assert post(theirs, f"{GOODS}/import/carry-out", **fields).status_code == 422
    assert count(Sku) == 0


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "Choose a workbook."),
        ([(b"", "")], "Choose a workbook."),
        ([(b"", "a.xlsx")], "not a workbook"),
        ([(b"a,b", "a.csv")], "not a workbook"),
        ([(goods_book(("A1", "番茄", "份", "x", "农场")), "a.xlsx")], "Mend these"),
    ],
)
def test_a_file_that_is_no_list_of_goods_is_refused(
    app: Flask, files: list[tuple[bytes, str]], said: str
) -> None:
    client = at_desk(app, make_leader())
    answer = upload(client, f"{GOODS}/import", "file", *files)
    assert answer.status_code == 422
    assert said in words(answer)
