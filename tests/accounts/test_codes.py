"""Codes of six digits: good once, not for long, not for many tries, and not too many of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import jobs
from groupbuy.accounts import codes
from groupbuy.accounts.codes import ProofGone, TooManyCodes, TooSoon, make_code, prove, redeem
from groupbuy.accounts.models import OneTimeCode
from groupbuy.accounts.reach import Reach, parse_reach
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from tests.conftest import NOON
from tests.races.together import at_the_edge, together

WANG = Reach("phone", "13812340001")
CHEN = Reach("email", "chen@example.com")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_proves_its_address_once(app: Flask):
    code = make_code(WANG, now=NOON)
    proof = prove(WANG, code, now=NOON + MINUTE)
    assert proof is not None
    assert prove(WANG, code, now=NOON + MINUTE) is None
    redeem(proof, WANG, now=NOON + 2 * MINUTE)
    with pytest.raises(ProofGone):
        redeem(proof, WANG, now=NOON + 2 * MINUTE)


def test_neither_code_nor_address_is_kept(app: Flask):
    code = make_code(WANG, now=NOON)
    [row] = db.session.execute(sa.select(sa.text("*")).select_from(OneTimeCode))
    assert code not in str(row)
    assert WANG.address not in str(row)


def test_a_code_is_of_no_use_to_anybody_else(app: Flask):
    code = make_code(WANG, now=NOON)
    make_code(CHEN, now=NOON)
    assert prove(CHEN, code, now=NOON) is None
    proof = prove(WANG, code, now=NOON)
    assert proof is not None
    with pytest.raises(ProofGone):
        redeem(proof, CHEN, now=NOON)


@pytest.mark.parametrize(
    ("after", "good"), [(codes.GOOD_FOR - SECOND, True), (codes.GOOD_FOR, False)]
)
def test_a_code_is_good_for_five_minutes(app: Flask, after: timedelta, good: bool):
    code = make_code(WANG, now=NOON)
    assert (prove(WANG, code, now=NOON + after) is not None) is good


def test_a_proof_is_good_for_ten_minutes(app: Flask):
    proof = prove(WANG, make_code(WANG, now=NOON), now=NOON)
    assert proof is not None
    with pytest.raises(ProofGone):
        redeem(proof, WANG, now=NOON + codes.PROOF_GOOD_FOR)
    redeem(proof, WANG, now=NOON + codes.PROOF_GOOD_FOR - SECOND)


def test_a_code_that_was_not_entered_can_not_be_redeemed(app: Flask):
    make_code(WANG, now=NOON)
    row = db.session.scalars(sa.select(OneTimeCode)).one()
    with pytest.raises(ProofGone):
        redeem(row.id, WANG, now=NOON)


@pytest.mark.parametrize(("tries", "good"), [(4, True), (5, False)])
def test_a_code_has_five_tries(app: Flask, tries: int, good: bool):
    code = make_code(WANG, now=NOON)
    for _ in range(tries):
        assert prove(WANG, wrong(code), now=NOON) is None
    assert (prove(WANG, code, now=NOON) is not None) is good


def test_a_new_code_voids_the_one_before_but_no_proof(app: Flask):
    first = make_code(WANG, now=NOON)
    second = make_code(WANG, now=NOON + MINUTE)
    assert first == second or prove(WANG, first, now=NOON + MINUTE) is None
    proof = prove(WANG, second, now=NOON + MINUTE)
    assert proof is not None
    make_code(WANG, now=NOON + 2 * MINUTE)
    redeem(proof, WANG, now=NOON + 2 * MINUTE)


def test_there_is_one_code_a_minute_and_five_an_hour_for_each_address(app: Flask):
    make_code(WANG, now=NOON)
    with pytest.raises(TooSoon):
        make_code(WANG, now=NOON + MINUTE - SECOND)
    make_code(CHEN, now=NOON)
    for number in range(1, 5):
        make_code(WANG, now=NOON + number * MINUTE)
    with pytest.raises(TooManyCodes):
        make_code(WANG, now=NOON + 59 * MINUTE)
    make_code(WANG, now=NOON + 60 * MINUTE)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "12.456"])
def test_what_is_not_six_digits_is_no_code(typed: str):
    with pytest.raises(ValueError, match=typed or "^$"):
        codes.parse_code(typed)


@pytest.mark.parametrize(
    ("typed", "kind"), [("139 0000 0001", "phone"), ("Wang＠Example.com", "email")]
)
def test_an_address_is_read_as_what_it_is(typed: str, kind: str):
    assert parse_reach(typed).kind == kind


def _made(app: Flask) -> str:
    with transaction():
        return make_code(WANG, now=NOON)


@pytest.mark.races
def test_of_many_with_the_right_code_one_gets_in(shared_app: Flask):
    code = _made(shared_app)
    act = [lambda: at_the_edge(lambda: prove(WANG, code, now=NOON))] * 8
    answers = together(shared_app, act)
    assert answers.errors == []
    assert len([proof for proof in answers if proof is not None]) == 1


@pytest.mark.races
def test_of_many_who_redeem_a_proof_one_can(shared_app: Flask):
    code = _made(shared_app)
    with transaction():
        proof = prove(WANG, code, now=NOON) or 0
    answers = together(shared_app, [lambda: at_the_edge(lambda: redeem(proof, WANG, now=NOON))] * 8)
    assert answers.errors == []
    assert len(answers.yes) == 1
    assert {type(refusal) for refusal in answers.refused} == {ProofGone}


@pytest.mark.races
def test_guessing_in_parallel_has_no_more_tries(shared_app: Flask):
    code = _made(shared_app)
    guess = lambda: at_the_edge(lambda: prove(WANG, wrong(code), now=NOON))  # noqa: E731
    answers = together(shared_app, [guess] * 12)
    assert answers.errors == []
    assert db.session.scalars(sa.select(OneTimeCode.tries_left)).one() == 0
    db.session.rollback()
    with transaction():
        assert prove(WANG, code, now=NOON) is None


@pytest.mark.races
def test_of_many_who_ask_for_a_code_at_once_one_is_sent_one(shared_app: Flask):
    answers = together(shared_app, [lambda: at_the_edge(lambda: make_code(WANG, now=NOON))] * 8)
    assert answers.errors == []
    assert len(answers.yes) == 1
    assert {type(refusal) for refusal in answers.refused} == {TooSoon}


@pytest.mark.races
def test_control_reading_before_writing_lets_several_in_with_one_code(
    shared_app: Flask, monkeypatch: pytest.MonkeyPatch
):
    import threading

    code = _made(shared_app)
    met = threading.Barrier(4)

    def looks_first() -> bool:
        row = db.session.scalars(sa.select(OneTimeCode)).one()
        good = row.used_at is None
        row_id = row.id
        db.session.rollback()
        met.wait(20)
        if not good:
            return False
        with transaction():
            db.session.get_one(OneTimeCode, row_id).used_at = NOON
        return True

    answers = together(shared_app, [looks_first] * 4)
    assert answers.errors == []
    assert sum(answers) > 1
    assert code


def test_old_codes_are_forgotten_and_new_ones_stay(app: Flask):
    make_code(WANG, now=NOON - timedelta(days=1) - codes.GOOD_FOR - SECOND)
    make_code(CHEN, now=NOON - timedelta(days=1) - codes.GOOD_FOR)
    db.session.commit()
    assert jobs.run("forget-codes", NOON).done == 1
    left = db.session.scalars(sa.select(OneTimeCode.target_hash)).all()
    assert left == [CHEN.hash]


def test_more_codes_than_are_forgotten_at_once_are_all_forgotten(app: Flask, monkeypatch):
    monkeypatch.setattr(codes, "_FORGOTTEN_AT_ONCE", 2)
    for number in range(5):
        make_code(Reach("phone", f"1381234000{number}"), now=NOON)
    db.session.commit()
    assert jobs.run("forget-codes", NOON + timedelta(days=2)).done == 5
