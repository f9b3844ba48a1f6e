"""What people type, made fit for both databases."""

from __future__ import annotations

import contextlib
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupbuy.core.text import (
    clean,
    clean_name,
    label,
    mask_name,
    mask_phone,
    parse_phone,
    parse_quantity,
)
from tests.checks import unreadable

# Surrogates too: they reach us in broken uploads, and neither database takes them.
ANYTHING = st.text(st.characters(codec=None), max_size=60)
NASTY = "\x00\x01\x08\x0b\x0c\x1f\x7f\ufffe\uffff\ud800\udfff"


def fit_for_both_databases(text):
    assert "\x00" not in text
    text.encode()  # no lone surrogate


@given(ANYTHING)
@example(NASTY)
@example("e\x00\u0301")
def test_cleaned_text_can_be_stored_and_is_clean(text):
    cleaned = clean(text)
    fit_for_both_databases(cleaned)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not set(cleaned) & set(NASTY)


def test_line_ends_and_tabs_survive_cleaning():
    assert clean("\t一\n二\r\n三 ") == "一\n二\r\n三"


@given(ANYTHING, st.integers(1, 40))
@example("  ", 10)
@example("\u202eabc", 10)
@example("a\n b", 10)
def test_a_name_is_one_readable_line_of_the_given_length_or_refused(text, longest):
    try:
        name = clean_name(text, longest)
    except ValueError:
        return
    fit_for_both_databases(name)
    assert 1 <= len(name) <= longest
    assert name == " ".join(name.split())
    assert clean_name(name, longest) == name


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "\x00", "a\ud800", "a\u202eb", "\u200fa", "长" * 101]
)
def test_unreadable_empty_and_endless_names_are_refused(text):
    with pytest.raises(ValueError, match=r"unreadable|empty"):
        clean_name(text)


def test_a_name_is_as_long_as_its_characters_whatever_they_weigh():
    assert clean_name("团" * 100) == "团" * 100
    assert clean_name("🍓" * 100) == "🍓" * 100
    assert clean_name("e\u0301" * 100) == "é" * 100


@given(ANYTHING, st.integers(1, 40))
def test_a_label_is_always_one_storable_line(text, longest):
    made = label(text, longest)
    fit_for_both_databases(made)
    assert len(made) <= longest
    assert made == " ".join(made.split())
    assert not set(made) & set("\u061c\u200e\u200f\u202a\u202e\u2066\u2069")
    assert label(made, longest) == made


@given(st.integers(0, 9999))
def test_quantities_are_read_in_any_width(pieces):
    wide = str(pieces).translate({ord("0") + i: ord("０") + i for i in range(10)})
    assert parse_quantity(str(pieces)) == parse_quantity(wide) == pieces


@pytest.mark.parametrize(
    "typed", ["", "-1", "+1", "1.0", "1_000", "٣", "๓", "10000", "1e3", "0x1", "1 2"]
)
def test_what_is_not_a_count_is_refused(typed):
    with unreadable():
        parse_quantity(typed)


@given(st.text(max_size=8))
def test_whatever_is_typed_is_a_count_or_refused(text):
    with contextlib.suppress(ValueError):
        assert 0 <= parse_quantity(text) <= 9999


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_phone_is_the_same_however_it_is_written(phone):
    a, b, c = phone[:3], phone[3:7], phone[7:]
    for written in (phone, f"{a} {b} {c}", f"+86{a}-{b}-{c}", f"0086 {phone}", f"（{a}）{b}{c}"):
        assert parse_phone(written) == phone


@pytest.mark.parametrize(
    "typed", ["", "12800138000", "1380013800", "138001380000", "٣3800138000", "abc"]
)
def test_what_is_no_mobile_number_is_refused(typed):
    with unreadable():
        parse_phone(typed)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_eleven_ascii_digits_or_refused(text):
    try:
        phone = parse_phone(text)
    except ValueError:
        return
    assert phone.isascii()
    assert phone.isdigit()
    assert len(phone) == 11


def test_strangers_see_neither_phone_nor_name():
    assert mask_phone("13800138000") == "138****8000"
    assert mask_name("张伟") == "张*"
