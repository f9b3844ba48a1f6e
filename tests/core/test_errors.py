"""A refusal carries a sentence for the person."""

from __future__ import annotations

import pytest
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from groupbuy.core.errors import BadInput, RuleBroken, WrongState
from groupbuy.deals.stock import SoldOut


def every_refusal(cls: type[RuleBroken] = RuleBroken) -> list[type[RuleBroken]]:
    return [cls, *(child for sub in cls.__subclasses__() for child in every_refusal(sub))]


def test_facts_are_put_into_the_sentence_whatever_they_hold(app):
    with force_locale("en"):
        refusal = SoldOut(item="100% 苹果 %(left)s", left=2, item_id=1)
        assert refusal.sentence == "“100% 苹果 %(left)s”: only 2 left."
        assert str(refusal) == refusal.sentence


def test_a_fact_may_itself_be_translated_later(app):
    with force_locale("en"):
        assert "now." in BadInput("x", _l("%(why)s!"), why=_l("That is not possible now.")).sentence


def test_a_sentence_without_facts_may_hold_a_percent_sign(app):
    assert BadInput("rate", "More than 100% is not possible.").sentence.startswith("More than 100%")


def test_bad_input_says_at_which_field_and_answers_422(app):
    refusal = BadInput("title", "Not so.")
    assert (refusal.field, refusal.status, refusal.sentence) == ("title", 422, "Not so.")


def test_a_wrong_state_knows_the_present_one_and_answers_409(app):
    refusal = WrongState("closed", "open")
    assert (refusal.state, refusal.status) == ("closed", 409)
    assert "已截单" in refusal.sentence


@pytest.mark.parametrize("refusal", every_refusal(), ids=lambda cls: cls.__name__)
def test_every_refusal_has_words_and_a_client_status(app, refusal):
    assert str(refusal.message)
    assert 400 <= refusal.status < 500
