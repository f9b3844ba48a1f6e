"""`flask arrivals count-in`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.pickup.models import Arrival
from tests import factories
from tests.checks import count
from tests.pickup.rows import (
    assert_all_is_true,
    bags_of,
    closed_deal,
    count_all,
    lines_of,
    lists_of,
    orders_of,
)

HEAD = "sku,received,damaged\n"


@pytest.fixture
def deal(app: Flask) -> Deal:
    """Two households want eggs (code 0012), one of them berries (code B, the farm's F-7)."""
    leader = factories.make_leader()
    farm = factories.make_supplier(leader)
    skus = [
        factories.make_sku(leader, farm, code="0012", name="土鸡蛋", price_fen=1000),
        factories.make_sku(leader, farm, code="B", name="草莓", supplier_code="F-7"),
    ]
    closed = closed_deal((2, 0), (3, 4), skus=skus, leader=leader)
    db.session.commit()
    return closed


def run(app: Flask, deal: Deal, *options: str, text: str | bytes, folder: Path) -> Result:
    file = folder / "counts.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    [purchase_list] = lists_of(deal)
    args = ["arrivals", "count-in", purchase_list.number, str(file), *options]
    db.session.rollback()
    return app.test_cli_runner().invoke(args=args)


def told(answer: Result) -> dict[str, Any]:
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def assert_refused(answer: Result, *said: str) -> None:
    assert (answer.exit_code, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)
    for words in said:
        assert words in answer.stderr
    assert count(Arrival) == 0


def test_a_complete_delivery_is_counted_in_and_called_out(app, deal, tmp_path):
    answer = told(run(app, deal, "--json", text=HEAD + "0012,5,0\nB,4,0\n", folder=tmp_path))
    assert answer == {
        "list": lists_of(deal)[0].number,
        "lines": 2,
        "short_lines": 0,
        "cuts": [],
        "refund_fen": 0,
        "carried_out": True,
        "far_off": [],
    }
    assert [bag.state for bag in bags_of(deal)] == ["ready", "ready"]
    assert deal.state == "arrived"
    assert_all_is_true()


def test_a_shortage_is_shared_out_by_the_deals_rule(app, deal, tmp_path):
    answer = told(run(app, deal, "--json", text=HEAD + "0012,5,1\nF-7,4\n", folder=tmp_path))
    assert answer["cuts"] == [
        {
            "order": orders_of(deal)[1].number,
            "roll_no": 2,
            "sku": "0012",
            "wanted": 3,
            "gets": 2,
            "refund_fen": 1000,
        }
    ]
    assert (answer["short_lines"], answer["refund_fen"]) == (1, 1000)
    assert [line.short_pieces for line in lines_of(deal)] == [0, 1, 0]
    assert_all_is_true()


def test_another_rule_can_be_chosen(app, deal, tmp_path):
    text = HEAD + "0012,4,2\nB,4,0\n"
    options = ("--share-by", "prorata", "--json", "--preview")
    cuts = told(run(app, deal, *options, text=text, folder=tmp_path))["cuts"]
    assert [(cut["roll_no"], cut["gets"]) for cut in cuts] == [(1, 1), (2, 1)]


def test_a_preview_shows_the_same_and_writes_nothing(app, deal, tmp_path):
    text = HEAD + "0012,2,0\nB,4,0\n"
    shown = told(run(app, deal, "--preview", "--json", text=text, folder=tmp_path))
    assert (shown["carried_out"], shown["far_off"], count(Arrival)) == (False, ["0012"], 0)
    options = ("--accept-differences", "--json")
    done = told(run(app, deal, *options, text=text, folder=tmp_path))
    assert done == shown | {"carried_out": True}


def test_people_get_a_table(app, deal, tmp_path):
    answer = run(app, deal, "--preview", text=HEAD + "0012,2,0\nB,4,0\n", folder=tmp_path)
    assert answer.exit_code == 0
    assert "¥30.00" in answer.stdout
    assert "0012" in answer.stdout


def test_counts_far_off_the_list_must_be_accepted(app, deal, tmp_path):
    text = HEAD + "0012,2,0\nB,4,0\n"
    assert_refused(run(app, deal, text=text, folder=tmp_path), "0012", "--accept-differences")


def test_what_is_not_in_the_file_must_be_said_to_be_complete(app, deal, tmp_path):
    text = HEAD + "0012,5,0\n"
    assert_refused(run(app, deal, text=text, folder=tmp_path), "B", "--rest-complete")
    answer = told(run(app, deal, "--rest-complete", "--json", text=text, folder=tmp_path))
    assert (answer["lines"], answer["short_lines"]) == (2, 0)


def test_lines_counted_on_the_page_need_not_be_in_the_file(app, deal, tmp_path):
    count_all(lists_of(deal)[0])
    db.session.commit()
    assert told(run(app, deal, "--json", text=HEAD + "0012,4,0\n", folder=tmp_path))["lines"] == 2


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffSKU, Received ,damaged\r\n0012,５,0\r\n\r\nB,4,\r\n".encode(),
        "damaged,note,received,sku\n0,坏了,5,0012\n0,,4,B\n".encode("gbk"),
        b'"sku","received"\n"0012","5"\n"B","4"',
    ],
)
def test_files_as_spreadsheets_write_them_can_be_read(app, deal, tmp_path, text):
    assert told(run(app, deal, "--json", text=text, folder=tmp_path))["carried_out"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("0012,5,0\nX,1,0\n", ("3", "X")),
        ("0012,5,0\n\n0012,5,0\n", ("4", "0012")),
        ("B,4,0\nF-7,4,0\n", ("3", "F-7")),
        ("0012,1_000,0\n", ("2", "1_000")),
        ("0012,٣,0\n", ("2",)),
        ("0012,-5,0\n", ("2", "-5")),
        ("0012,5.0,0\n", ("2", "5.0")),
        ("0012,,0\n", ("2",)),
        ("0012,10000001,0\n", ("2", "10000001")),
        ("0012,1,000,0\n", ("2",)),
        ("0012,5,6\n", ("2",)),
        ("0012\n", ("2",)),
    ],
)
def test_a_row_that_cannot_be_is_named_and_nothing_is_written(app, deal, tmp_path, rows, said):
    assert_refused(run(app, deal, text=HEAD + rows, folder=tmp_path), *said)


@pytest.mark.parametrize("text", [b"", b"code;count\n0012;5\n", b"\xff\xff\xff", b"sku,received"])
def test_a_file_that_is_no_count_is_refused(app, deal, tmp_path, text):
    assert_refused(run(app, deal, text=text, folder=tmp_path))


def test_unknown_lists_and_missing_files_are_refused(app, deal, tmp_path):
    runner = app.test_cli_runner()
    file = tmp_path / "counts.csv"
    file.write_text(HEAD)
    assert_refused(runner.invoke(args=["arrivals", "count-in", "PL-NONE", str(file)]), "PL-NONE")
    assert_refused(runner.invoke(args=["arrivals", "count-in", "PL-NONE", str(tmp_path / "no")]))


def test_a_list_is_shared_out_once(app, deal, tmp_path):
    text = HEAD + "0012,4,0\nB,4,0\n"
    told(run(app, deal, "--json", text=text, folder=tmp_path))
    again = run(app, deal, "--json", text=text, folder=tmp_path)
    assert (again.exit_code, again.stdout, again.stderr.count("\n")) == (2, "", 1)
    assert db.session.scalars(sa.select(sa.func.count()).select_from(Arrival)).one() == 1
    assert_all_is_true()
