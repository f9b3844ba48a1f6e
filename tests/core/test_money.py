"""Fen: read from text, shown as text, divided without losing one."""

from __future__ import annotations

import contextlib
import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupbuy.core.money import (
    format_percent,
    format_yuan,
    parse_percent,
    parse_yuan,
    round_to_fen,
    split_by_weight,
)
from tests.checks import unreadable

WEIGHTS = st.lists(st.integers(0, 10**9), max_size=30)


@given(st.integers(0, 999_999_999))
def test_every_amount_a_person_can_type_is_read_as_it_is_shown(fen):
    shown = format_yuan(fen).removeprefix("¥").replace(",", "")
    assert parse_yuan(shown) == fen
    assert round_to_fen(format_yuan(fen)) == fen
    assert round_to_fen(shown) == Decimal(shown) * 100


@pytest.mark.parametrize(
    ("typed", "fen"),
    [("0", 0), ("0.5", 50), (" 37.80 ", 3780), ("３７．８", 3780), ("9999999.99", 999_999_999)],
)
def test_money_is_read_in_any_width(typed, fen):
    assert parse_yuan(typed) == fen


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "-1",
        "+1",
        "1.",
        ".5",
        "1.234",
        "1,000",
        "1e3",
        "1_000",
        "٣",
        "¥5",
        "12345678",
        "nan",
    ],
)
def test_what_is_not_an_amount_is_refused(typed):
    with unreadable():
        parse_yuan(typed)


@given(st.text(max_size=12))
def test_whatever_is_typed_is_read_as_money_or_refused(text):
    with contextlib.suppress(ValueError):
        assert 0 <= parse_yuan(text) <= 999_999_999


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("2.555", 256),
        ("2.5549", 255),
        ("-2.555", -256),
        ("0.005", 1),
        ("0.00499999999", 0),
        ("￥1,250.00", 125000),
        (" 12 ", 1200),
        ("1E2", 10000),
    ],
)
def test_other_programs_decimals_are_rounded_half_up(cell, fen):
    assert round_to_fen(cell) == fen


@pytest.mark.parametrize(
    "cell", ["", "abc", "nan", "Infinity", "1e999999", "1e-999999x", "--1", "1 2"]
)
def test_cells_without_a_number_are_refused_and_never_crash(cell):
    with unreadable():
        round_to_fen(cell)


@given(st.text(max_size=12))
def test_whatever_stands_in_a_cell_is_read_or_refused(text):
    with contextlib.suppress(ValueError):
        assert isinstance(round_to_fen(text), int)


@given(st.integers(0, 10**12), WEIGHTS)
def test_the_parts_add_up_to_the_whole(total, weights):
    parts = split_by_weight(total, weights)
    assert len(parts) == len(weights)
    assert sum(parts) == (total if sum(weights) else 0)


@given(st.integers(0, 10**12), WEIGHTS)
def test_no_part_is_a_whole_fen_away_from_its_share(total, weights):
    whole = sum(weights)
    for part, weight in zip(split_by_weight(total, weights), weights, strict=True):
        if whole:
            assert abs(part * whole - total * weight) < whole
        if weight == 0:
            assert part == 0


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=10))
def test_a_heavier_weight_never_gets_less(total, weights):
    by_weight = sorted(zip(weights, split_by_weight(total, weights), strict=True))
    for (light, less), (heavy, more) in itertools.pairwise(by_weight):
        assert light == heavy or less <= more


def test_equal_weights_get_their_odd_fen_in_order():
    assert split_by_weight(5, [1, 1, 1]) == [2, 2, 1]
    assert split_by_weight(2, [1, 2, 1]) == [1, 1, 0]


@given(st.integers(0, 10_000))
def test_every_percentage_is_read_as_it_is_shown(bp):
    assert parse_percent(format_percent(bp)) == bp


@pytest.mark.parametrize("typed", ["", "x", "-1", "100.01", "1.234", "1e1", "%", "9" * 40])
def test_what_is_no_percentage_is_not_read(typed):
    with unreadable():
        parse_percent(typed)
