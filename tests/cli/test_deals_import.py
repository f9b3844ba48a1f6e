"""`flask deals import`: what it prints, what it leaves beside the file, and how it refuses."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from groupbuy.accounts.models import Leader, Member
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.payments.models import Payment
from tests.checks import assert_everything_true, count
from tests.factories import make_leader
from tests.orders.importing import GOOD, HEADINGS, row, write

TABLES = (Order, OrderLine, Payment, Deal, DealItem, Member)


@pytest.fixture
def leader(app: Flask) -> Leader:
    leader = make_leader()
    db.session.commit()
    return leader


class Import:
    """The command for a leader, with options that can be replaced; None leaves one out."""

    def __init__(self, app: Flask, leader: Leader) -> None:
        self.app = app
        self.options: dict[str, Any] = {
            "leader": leader.user.phone,
            "title": "旧团",
            "closes-at": "2035-05-12T20:00",
        }

    def __call__(self, path: Path, *flags: str, **options: Any) -> Result:
        wanted = self.options | {name.replace("_", "-"): v for name, v in options.items()}
        args = [part for name, v in wanted.items() if v for part in (f"--{name}", v)]
        return self.app.test_cli_runner().invoke(args=["deals", "import", str(path), *args, *flags])

    def facts(self, path: Path, **options: Any) -> dict[str, Any]:
        """What it prints as JSON."""
        answer = self(path, "--json", **options)
        assert answer.exit_code == 0, answer.output
        return dict(json.loads(answer.stdout))


@pytest.fixture
def run(app: Flask, leader: Leader) -> Import:
    return Import(app, leader)


def _rejected(path: Path) -> list[dict[str, str]]:
    beside = path.with_name(path.name + ".rejected.csv")
    with beside.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _refused(answer: Result, *said: str) -> bool:
    one_line = answer.stderr.count("\n") == 1
    return answer.exit_code == 2 and one_line and all(word in answer.stderr for word in said)


def test_the_numbers_are_those_of_the_file(run: Import, tmp_path: Path) -> None:
    rows = [row(), row(sku="B", quantity="1"), row(order="C2", quantity="-4"), row(quantity="0")]
    path = write(tmp_path / "a.csv", *rows)
    facts = run.facts(path)
    deal = db.session.scalars(sa.select(Deal)).one()
    assert facts == {
        "deal": deal.slug,
        "rows": 4,
        "orders": 1,
        "lines": 2,
        "pieces": 3,
        "cancelled_lines": 1,
        "rejected": 1,
        "total_fen": 5940,
    }
    assert run.facts(path) == facts
    assert_everything_true()


def test_a_person_sees_a_table(run: Import, tmp_path: Path) -> None:
    answer = run(write(tmp_path / "a.csv", row()))
    assert answer.exit_code == 0
    assert re.search(r"^total_fen +3960$", answer.stdout, re.MULTILINE)


def test_refused_rows_are_beside_the_file_with_number_and_reason(
    run: Import, tmp_path: Path
) -> None:
    rows = [row(), row(quantity="0", name="=1+1"), row(price="-1", member="a\ud800")]
    path = write(tmp_path / "a.csv", *rows)
    run.facts(path)
    beside = _rejected(path)
    assert [(line["row"], bool(line["reason"])) for line in beside] == [("3", True), ("4", True)]
    assert beside[0]["reason"] != beside[1]["reason"]
    assert (beside[0]["name"], beside[1]["price"], beside[1]["sku"]) == ("'=1+1", "-1", "A1")
    write(path, row())
    run.facts(path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_csv_gz_and_xlsx_bring_the_same(run: Import, tmp_path: Path) -> None:
    plain = write(tmp_path / "a.csv", row(), row(order="2", quantity="x"))
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    book = openpyxl.Workbook()
    for line in (HEADINGS, row(quantity=2, price=19.8), row(order=2, quantity="x")):
        book.active.append(line)
    book.save(tmp_path / "a.xlsx")
    facts = [run.facts(path) for path in (plain, packed, tmp_path / "a.xlsx")]
    assert facts[0] == facts[1] == facts[2]
    assert count(Order) == 1
    assert [line["row"] for line in _rejected(packed)] == ["3"]


def test_a_map_names_the_columns(run: Import, tmp_path: Path) -> None:
    headings = ("Basket", "Thing", "How many", "Price (yuan)", "Where")
    path = write(tmp_path / "a.csv", ("1", "eggs", "2", "3.5", "Gate"), headings=headings)
    mapping = "order=Basket,sku=Thing,quantity=How many,price=Price (yuan),point=Where"
    assert run.facts(path, map=mapping)["total_fen"] == 700
    assert _refused(run(path, map=mapping.replace("Basket", "Bucket")), "Bucket")
    assert _refused(run(path, map="colour=Where"), "colour")


def test_the_window_may_be_past_and_long(run: Import, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", row(at="1/2/11 8:00"))
    run.facts(path, opens_at="2010-01-01T00:00+08:00", closes_at="2011-12-31T20:00")
    deal = db.session.scalars(sa.select(Deal)).one()
    assert (deal.closes_at - deal.opens_at).days == 729


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"leader": "13900000000"}, "13900000000"),
        ({"leader": "nobody"}, "nobody"),
        ({"closes_at": "tomorrow"}, "tomorrow"),
        ({"closes_at": "2035-02-30T00:00"}, "2035-02-30"),
        ({"closes_at": "0001-01-01T00:00"}, "0001"),
        ({"opens_at": "9999-12-31T23:59-08:00"}, "9999"),
        ({"opens_at": "2035-05-12T20:00"}, ""),
        ({"title": "\u202e"}, ""),
        ({"supplier": "x" * 300}, ""),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    run: Import, tmp_path: Path, options: dict[str, str], said: str
) -> None:
    assert _refused(run(write(tmp_path / "a.csv", row()), **options), said)
    assert not count(Deal)


def test_a_leader_who_is_not_approved_imports_nothing(
    run: Import, leader: Leader, tmp_path: Path
) -> None:
    leader.advance("disabled")
    db.session.commit()
    assert _refused(run(write(tmp_path / "a.csv", row())))


def test_a_file_that_cannot_be_read_is_refused_in_one_line(run: Import, tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    assert _refused(run(tmp_path / "nowhere.csv"), "nowhere.csv")
    assert _refused(run(tmp_path))
    assert _refused(run(tmp_path / "b.csv"), "b.csv")
    assert _refused(run(write(tmp_path / "c.csv", GOOD[:3], headings=HEADINGS[:3])), "quantity")


def test_an_import_that_fails_leaves_no_file_either(run: Import, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", row())
    run.facts(path)
    deal = db.session.scalars(sa.select(Deal)).one()
    deal.advance("cancelled")
    db.session.commit()
    write(path, row(order="2"), row(quantity="0"))
    assert _refused(run(path))
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
    assert count(Order) == 1


class Expected(NamedTuple):
    """What an import must come to, counted another way."""

    facts: dict[str, int]
    rejected: list[str]
    sold: dict[str, int]
    prices: dict[str, Counter[int]]
    due: dict[str, int]


def _dirty_rows(dice: random.Random, how_many: int) -> list[tuple[str, ...]]:
    choices = {
        "order": [*(str(n) for n in range(60)), *(f"C{n}" for n in range(9)), ""],
        "sku": [*"ABCDEFGab", " A ", "", "é", "e\u0301"],
        "name": ["草莓", "苹果", "", "=SUM(1)", "x" * 9000, "\u202eevil"],
        "quantity": [*(str(n) for n in range(1, 20)), "-3", "0", "1.5", "", "1000000", "1000001"],
        "price": ["19.80", "2.005", "2.004", "0", "0.00", "12", "-1", "", "free", "NaN"],
        "member": ["张伟", "王芳", "", "13800138000", "😀"],
        "point": ["北门", "南门", ""],
        "at": ["2035-05-12 08:26", "5/12/35 9:00", "2035/5/11 7:00:01", "32/1/35 8:00"],
    }
    often = {
        name: [*values, *values[:1] * 9] for name, values in choices.items() if name != "order"
    }
    often["order"] = choices["order"]
    return [tuple(dice.choice(often[name]) for name in HEADINGS) for _ in range(how_many)]


def _count_again(rows: list[tuple[str, ...]]) -> Expected:
    rejected, live, cancelled = [], [], []
    for number, (order, sku, _name, quantity, price, _member, _point, at) in enumerate(rows, 2):
        unsigned = quantity.lstrip("-") if order[:1] == "C" else quantity
        fits = unsigned.isdecimal() and 0 < int(unsigned) < 1000001
        if not (order and sku.strip() and fits and price[:1].isdecimal()) or at[:2] == "32":
            rejected.append(str(number))
            continue
        fen = int((Decimal(price) * 100).to_integral_value(ROUND_HALF_UP))
        line = (order, sku.strip().replace("e\u0301", "é"), int(unsigned), fen)
        (cancelled if order[0] == "C" else live).append(line)
    prices, sold, due = defaultdict(Counter), Counter(), Counter()
    for order, sku, quantity, fen in live:
        sold[sku] += quantity
        due[order] += quantity * fen
    for _order, sku, _quantity, fen in sorted(live + cancelled, key=lambda line: line[1]):
        prices[sku][fen] += 1
    facts = {
        "rows": len(rows),
        "orders": len({line[0] for line in live}),
        "lines": len(live),
        "pieces": sum(sold.values()),
        "cancelled_lines": len(cancelled),
        "rejected": len(rejected),
        "total_fen": sum(due.values()),
    }
    return Expected(facts, rejected, dict(sold), prices, dict(due))


@pytest.mark.parametrize("seed", range(3))
def test_a_dirty_file_comes_to_what_another_count_comes_to(
    run: Import, tmp_path: Path, seed: int
) -> None:
    rows = _dirty_rows(random.Random(seed), 400)
    path = write(tmp_path / "a.csv", *rows)
    expected = _count_again(rows)
    facts = run.facts(path)
    facts.pop("deal")
    assert facts == expected.facts
    assert facts["rows"] == facts["lines"] + facts["cancelled_lines"] + facts["rejected"]
    assert [line["row"] for line in _rejected(path)] == expected.rejected
    items = db.session.scalars(sa.select(DealItem)).all()
    assert {item.code: item.sold for item in items if item.sold} == expected.sold
    for item in items:
        times = expected.prices[item.code]
        assert times[item.price_fen] == max(times.values())
    due: Counter[str] = Counter()
    placed = sa.select(Order.source_ref, Order.due_fen).where(Order.state == "placed")
    for ref, fen in db.session.execute(placed):
        due[ref.split(" @ ")[0]] += fen  # an order for each point of a number
    assert dict(due) == expected.due
    assert_everything_true()
    before = [count(table) for table in TABLES]
    run.facts(path)
    assert [count(table) for table in TABLES] == before
