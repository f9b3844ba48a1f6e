"""What people agreed to, version by version."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts import consent
from groupbuy.accounts.models import Consent
from groupbuy.extensions import db
from tests.conftest import NOON
from tests.factories import make_leader, make_member, make_user

BOTH = ["rules", "privacy"]
TEXTS = Path(consent.__file__).parents[1] / "templates" / "documents"


def test_whoever_is_new_has_both_to_agree_to(app: Flask):
    assert consent.missing(None) == BOTH
    assert consent.missing(make_user()) == BOTH


@pytest.mark.parametrize("guest", [False, True])
def test_agreeing_is_noted_once_for_users_and_for_guests(app: Flask, guest: bool):
    person = make_member(make_leader()) if guest else make_user()
    consent.agree(person, ["rules"], now=NOON)
    assert consent.missing(person) == ["privacy"]
    consent.agree(person, BOTH, now=NOON)
    consent.agree(person, BOTH, now=NOON)
    assert consent.missing(person) == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Consent)) == 2


def test_a_new_version_is_asked_for_again(app: Flask, monkeypatch: pytest.MonkeyPatch):
    user = make_user()
    consent.agree(user, BOTH, now=NOON)
    monkeypatch.setitem(consent.DOCUMENTS, "privacy", "2040-01")
    assert consent.missing(user) == ["privacy"]


def test_every_version_in_force_has_its_text_in_both_languages():
    for document, version in consent.DOCUMENTS.items():
        for language in ("zh", "en"):
            assert (TEXTS / document / version / f"{language}.html").stat().st_size > 1000
