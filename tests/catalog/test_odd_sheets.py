"""Workbooks that are none, or hold what nobody meant."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.catalog import sheet_plan, sheets
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.xlsx_in import NotAWorkbook
from groupbuy.extensions import db
from tests.catalog.goods_books import ENGLISH, book, goods_book, written
from tests.catalog.test_sheets import carried_out
from tests.conftest import NOON
from tests.factories import make_leader


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (book([("编号", "数量")]), "No sheet has columns"),
        (book([]), "No sheet has columns"),
        (book([ENGLISH]), "no rows"),
        (book([ENGLISH, ("", None, " ", "", "")]), "no rows"),
        (book([[""]] * 30 + [ENGLISH, ("A", "B", "C", 1, "D")]), "No sheet has columns"),
        (goods_book(*[(f"A{n}", "番茄", "份", 1, "农场") for n in range(2001)]), "At most 2000"),
    ],
)
def test_a_workbook_that_is_none_of_ours_is_refused(
    app: Flask, tmp_path: Path, content: bytes, said: str
) -> None:
    with force_locale("en"), pytest.raises(BadInput) as refusal:
        sheets.read_goods(written(tmp_path, content))
    with force_locale("en"):
        assert said in refusal.value.sentence


def test_what_is_no_workbook_is_refused(app: Flask, tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04", b"a,b\n1,2", goods_book()[:200]):
        with pytest.raises(NotAWorkbook):
            sheets.read_goods(written(tmp_path, content))


def test_two_thousand_rows_are_planned_and_written_in_a_few_statements(
    app: Flask, tmp_path: Path
) -> None:
    leader = make_leader()
    content = goods_book(*[(f"A{n}", f"番茄 {n // 2}", "份", 1, "农场") for n in range(2000)])
    started = datetime.now(UTC)
    done = carried_out(leader, content, tmp_path)
    assert len(done.new) == 3001
    assert (datetime.now(UTC) - started).total_seconds() < 15


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(
        st.characters(codec="utf-8", exclude_characters="".join(map(chr, range(32)))), max_size=80
    ),
    st.sampled_from(["=1+1", "007", "是", "fresh", "12.5", "A1", "番茄", "2026-05-01", "#N/A"]),
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001
)
every_heading = st.permutations(
    [
        "编码",
        "商品",
        "分类",
        "说明",
        "规格",
        "单位",
        "箱规",
        "售价",
        "进价",
        "供应商",
        "储存",
        "售后",
        "在售",
    ]
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(headings=every_heading, rows=st.lists(st.lists(cells, min_size=13, max_size=13), max_size=6))
def test_whatever_stands_in_the_cells_it_is_told_or_done(
    app: Flask, tmp_path: Path, headings: list[str], rows: list[list[Any]]
) -> None:
    with db.session.begin_nested() as nested:
        leader = make_leader()
        try:
            read = sheets.read_goods(written(tmp_path, book([headings, *rows])))
        except RuleBroken:
            pass
        else:
            plan = sheet_plan.plan(leader, read)
            if not plan.problems:
                key = plan.fingerprint
                sheet_plan.carry_out(leader, read, key, by_id=None, now=NOON)
                db.session.expire_all()
                assert sheet_plan.plan(leader, read).changes == []
        nested.rollback()
