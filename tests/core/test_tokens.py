"""Ids that cannot be guessed, codes that can be said, links that cannot be altered."""

from __future__ import annotations

import re

import pytest

from groupbuy.core import tokens
from tests.conftest import NOON


def test_public_ids_do_not_repeat_and_can_be_read_aloud():
    ids = {tokens.public_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(re.fullmatch("[2-9a-hjkmnp-z]{10}", one) for one in ids)


def test_numbers_begin_with_their_day():
    assert re.fullmatch(r"20350512-[2-9A-HJKMNP-Z]{8}", tokens.dated_number(NOON))


def test_a_keyed_token_is_always_the_same_and_only_for_its_purpose(app):
    token = tokens.keyed_token("pickup", "7")
    assert token == tokens.keyed_token("pickup", "7")
    assert re.fullmatch(r"[a-z2-7]{26}", token)
    assert token not in (tokens.keyed_token("pickup", "8"), tokens.keyed_token("else", "7"))


def test_without_the_key_nobody_makes_the_token(app, monkeypatch):
    before = tokens.keyed_token("pickup", "7"), tokens.spoken_code("pickup", "7")
    monkeypatch.setitem(app.config, "SECRET_KEY", "another")
    after = tokens.keyed_token("pickup", "7"), tokens.spoken_code("pickup", "7")
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_spoken_codes_have_eight_letters_nobody_confuses(app):
    codes = [tokens.spoken_code("pickup", str(i)) for i in range(500)]
    assert len(set(codes)) == 500
    assert set("".join(codes)) == set(tokens.SPOKEN)
    assert {len(code) for code in codes} == {8}
    assert not set("01OIL") & set(tokens.SPOKEN)


def test_only_a_hash_of_a_token_is_kept():
    assert tokens.token_hash("a") != tokens.token_hash("b")
    assert re.fullmatch("[0-9a-f]{64}", tokens.token_hash("a"))


def test_a_signed_link_carries_its_payload_back(app):
    payload = {"list": 7, "until": 123}
    assert tokens.unsign("list", tokens.sign("list", payload)) == payload


@pytest.mark.parametrize(
    "alter", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "", lambda t: t.swapcase()]
)
def test_an_altered_link_is_not_ours(app, alter):
    assert tokens.unsign("list", alter(tokens.sign("list", 7))) is None


def test_a_link_for_one_purpose_opens_no_other(app):
    assert tokens.unsign("other", tokens.sign("list", 7)) is None
