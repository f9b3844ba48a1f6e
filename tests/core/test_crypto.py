"""Phones at rest."""

from __future__ import annotations

import base64

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.accounts.models import User
from groupbuy.core import crypto
from groupbuy.extensions import db
from tests import factories
from tests.checks import unreadable

PHONE = "13800138000"


def key(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()


def use_keys(app, monkeypatch, setting: str) -> None:
    monkeypatch.setitem(app.extensions, "groupbuy_data_keys", crypto.parse_keys(setting))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text())
def test_what_is_encrypted_is_read_again(app, text):
    assert crypto.decrypt(crypto.encrypt(text)) == text


def test_the_same_phone_is_never_stored_the_same_way(app):
    assert crypto.encrypt(PHONE) != crypto.encrypt(PHONE)


def test_the_database_holds_no_phone(app):
    user = factories.make_user(phone=PHONE)
    stored = db.session.execute(
        sa.text("SELECT phone, phone_hash FROM user_account WHERE id = :id"), {"id": user.id}
    ).one()
    assert PHONE not in "".join(stored)
    db.session.expire(user)
    assert user.phone == PHONE
    found = sa.select(User).where(User.phone_hash == crypto.lookup_hash(PHONE))
    assert db.session.scalars(found).one() is user


def test_no_phone_is_stored_as_nothing(app):
    leader = factories.make_leader()
    stored = sa.text("SELECT contact_phone FROM leader WHERE id = :id")
    assert db.session.execute(stored, {"id": leader.id}).scalar() is None
    assert leader.contact_phone is None


def test_a_new_key_encrypts_and_the_old_one_still_decrypts(app, monkeypatch):
    use_keys(app, monkeypatch, f"old:{key(1)}")
    stored = crypto.encrypt(PHONE)
    use_keys(app, monkeypatch, f"new:{key(2)},old:{key(1)}")
    assert crypto.decrypt(stored) == PHONE
    assert crypto.encrypt(PHONE).startswith("new:")
    use_keys(app, monkeypatch, f"new:{key(2)}")
    with pytest.raises(KeyError):
        crypto.decrypt(stored)


@pytest.mark.parametrize("position", [0, 11, 12, 20, -1])
def test_an_altered_ciphertext_is_refused(app, position):
    key_id, _, encoded = crypto.encrypt(PHONE).partition(":")
    sealed = bytearray(base64.b64decode(encoded))
    sealed[position] ^= 1
    with pytest.raises(InvalidTag):
        crypto.decrypt(f"{key_id}:{base64.b64encode(bytes(sealed)).decode()}")


def test_a_ciphertext_cannot_be_passed_off_under_another_key_id(app, monkeypatch):
    use_keys(app, monkeypatch, f"a:{key(1)},b:{key(1)}")
    with pytest.raises(InvalidTag):
        crypto.decrypt("b:" + crypto.encrypt(PHONE).partition(":")[2])


@pytest.mark.parametrize(
    "setting",
    ["", "a", f":{key(1)}", "a:", "a:not base64!", "a:" + base64.b64encode(bytes(31)).decode()],
)
def test_malformed_keys_are_refused_at_the_start(setting):
    with unreadable():
        crypto.parse_keys(setting)


def test_the_lookup_hash_is_useless_without_its_key(app, monkeypatch):
    before = crypto.lookup_hash(PHONE)
    monkeypatch.setitem(app.config, "LOOKUP_KEY", "another")
    assert crypto.lookup_hash(PHONE) != before
