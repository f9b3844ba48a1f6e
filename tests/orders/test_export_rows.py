"""A row of another tool is imported as it was meant, or refused alone and with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from groupbuy.orders.export_rows import parse_price, parse_time
from tests.checks import unreadable
from tests.orders.importing import read, row, write

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("order", ""),
        ("order", " \x00\u200b"[:2]),
        ("sku", "  "),
        ("quantity", ""),
        ("quantity", "0"),
        ("quantity", "-1"),
        ("quantity", "1.5"),
        ("quantity", "1000001"),
        ("quantity", "1_0"),
        ("quantity", "٣"),
        ("quantity", "两"),
        ("quantity", "1e3"),
        ("quantity", "9" * 5000),
        ("price", ""),
        ("price", "-0.01"),
        ("price", "-0.001"),
        ("price", "¥-5"),
        ("price", "free"),
        ("price", "NaN"),
        ("price", "Infinity"),
        ("price", "1_0"),
        ("price", "12,50"),
        ("price", "10000000"),
        ("price", "1e999999999"),
        ("price", "9" * 5000),
        ("at", ""),
        ("at", "yesterday"),
        ("at", "2035-02-30 08:00"),
        ("at", "2035-05-12 25:00"),
        ("at", "31/12/2035 08:00"),
        ("at", "0001-01-01"),
        ("at", "9999-12-31 23:59"),
        ("at", "45000.5"),
    ],
)
def test_a_row_that_cannot_be_imported_is_refused_alone(
    app: Flask, tmp_path: Path, cell: str, value: str
) -> None:
    path = write(tmp_path / "a.csv", row(order="1"), row(**{cell: value}), row(order="3"))
    batch, refused = read(path)
    assert [number for number, _reason in refused] == [3]
    assert (batch.rows, batch.rejected, [*batch.orders]) == (3, 1, ["1", "3"])


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        ({"quantity": "１２"}, (12, 1980)),
        ({"quantity": "1000000"}, (1000000, 1980)),
        ({"quantity": "1,250"}, (1250, 1980)),
        ({"quantity": "6.0"}, (6, 1980)),
        ({"price": "0"}, (2, 0)),
        ({"price": "-0.00"}, (2, 0)),
        ({"price": "0.005"}, (2, 1)),
        ({"price": "0.0049"}, (2, 0)),
        ({"price": "￥1,234.565"}, (2, 123457)),
        ({"price": "9999999.99"}, (2, 999999999)),
        ({"price": "1e-05"}, (2, 0)),
        ({"order": "C1", "quantity": "-7"}, (7, 1980)),
    ],
)
def test_quantities_and_prices_are_read_as_written(
    app: Flask, tmp_path: Path, cells: dict[str, str], line: tuple[int, int]
) -> None:
    batch, refused = read(write(tmp_path / "a.csv", row(**cells)))
    assert refused == []
    assert [seen[2:4] for seen in batch.lines()] == [line]


@pytest.mark.parametrize(
    "text",
    [
        *("2011-02-03T08:26:00+08:00", "2011-02-03T00:26Z", "2011-02-03 08:26", "2011-02-03T08:26"),
        *("2011-02-03 08:26:00", "2011-2-3 8:26", "2011/2/3 8:26:00", "2011/02/03 08:26"),
        *("2/3/11 8:26", "2/3/2011 08:26", "02/03/2011 8:26:00", "2011.2.3 8:26"),
        *(
            "2011年2月3日 8:26",
            "2011年2月3日08:26",
            "2011-02-03 08:26:00.999",
            "２０１１/2/3　8:26",
        ),
    ],
)
def test_times_are_local_unless_they_say_otherwise(text: str) -> None:
    assert parse_time(text, SHANGHAI) == datetime(2011, 2, 3, 0, 26, tzinfo=UTC)


def test_a_day_without_a_clock_begins_at_midnight() -> None:
    assert parse_time("2011-02-03", SHANGHAI) == datetime(2011, 2, 2, 16, 0, tzinfo=UTC)


def test_what_is_no_amount_is_not_guessed() -> None:
    for text in ("", ".", "-", "1.2.3", "12 34", "1,23"):
        with unreadable():
            parse_price(text)


@pytest.mark.parametrize(
    "text",
    [
        "😀👨‍👩‍👧",
        "שלום \u202eevil",
        "=SUM(A1:A9)",
        "x" * 10_000,
        "a\ud800b",
        "a\x00b",
        "'; DROP TABLE x",
    ],
)
def test_odd_characters_never_refuse_a_row(app: Flask, tmp_path: Path, text: str) -> None:
    cells = dict.fromkeys(("order", "sku", "name", "member", "point"), text)
    batch, refused = read(write(tmp_path / "a.csv", row(**cells)))
    assert refused == []
    [(ref, order)] = batch.orders.items()
    [item] = batch.items.values()
    for stored, longest in ((ref, 100), (order.member, 200), (order.point, 200), (item.name, 200)):
        assert 0 < len(stored) <= longest
        assert not {*stored} & {*"\u202e\ud800\x00"}
    assert len(item.code) <= 64


def test_long_numbers_and_codes_stay_different(app: Flask, tmp_path: Path) -> None:
    rows = [row(order="9" * 5000 + end, sku="x" * 5000 + end) for end in "ab"]
    batch, _refused = read(write(tmp_path / "a.csv", *rows))
    assert (len(batch.orders), len(batch.items)) == (2, 2)
