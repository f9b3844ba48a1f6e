"""Settings come from the environment; production invents nothing."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

import config
from groupbuy import create_app
from groupbuy.core.crypto import parse_keys
from groupbuy.notices.channels import CHANNELS

DATA_KEYS = f"k:{base64.b64encode(bytes(32)).decode()}"


@pytest.fixture
def production(tmp_path) -> dict[str, str]:
    """The least that production must be told."""
    return {
        "GROUPBUY_ENV": "production",
        "INSTANCE_DIR": str(tmp_path),
        "SECRET_KEY": "s",
        "DATA_KEYS": DATA_KEYS,
        "LOOKUP_KEY": "l",
    }


@pytest.fixture
def development(tmp_path) -> dict[str, str]:
    return {"INSTANCE_DIR": str(tmp_path / "instance")}


def test_development_makes_its_secrets_once_and_keeps_them_to_itself(development, tmp_path):
    first = config.load(development)
    assert config.load(development) == first
    for name in config.SECRETS:
        file = tmp_path / "instance" / f"{name.lower()}.txt"
        assert file.read_text() == first[name]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len({first[name] for name in config.SECRETS}) == 3
    assert len(first["SECRET_KEY"]) >= 43  # 256 bits
    assert [len(key) for key in parse_keys(first["DATA_KEYS"]).values()] == [32]
    assert len(list((tmp_path / "instance").iterdir())) == 3


def test_two_installations_share_no_secret(tmp_path):
    one, two = (config.load({"INSTANCE_DIR": str(tmp_path / name)}) for name in "ab")
    assert all(one[name] != two[name] for name in config.SECRETS)


def _secrets_of(folder: str) -> tuple[str, ...]:
    settings = config.load({"INSTANCE_DIR": folder})
    return tuple(settings[name] for name in config.SECRETS)


def test_processes_that_start_together_agree_on_the_secrets(tmp_path):
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        for turn in range(5):
            found = set(pool.map(_secrets_of, [str(tmp_path / str(turn))] * 4))
            assert len(found) == 1


@pytest.mark.parametrize("missing", config.SECRETS)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_production_without_a_secret_does_not_start(production, missing, how, tmp_path):
    production.pop(missing) if how == "absent" else production.update({missing: ""})
    with pytest.raises(RuntimeError, match=missing):
        config.load(production)
    assert list(tmp_path.iterdir()) == []


def test_production_is_strict_and_development_is_local(production, development):
    strict, local = config.load(production), config.load(development)
    for name in ("SESSION_COOKIE_SECURE", "REMEMBER_COOKIE_SECURE", "HTTPS"):
        assert (strict[name], local[name]) == (True, False)
    for settings in (strict, local):
        assert settings["SESSION_COOKIE_HTTPONLY"] is True
        assert settings["SESSION_COOKIE_SAMESITE"] == settings["REMEMBER_COOKIE_SAMESITE"] == "Lax"
        assert settings["TRUSTED_HOSTS"] == ["localhost", "127.0.0.1"]
        assert settings["MAX_CONTENT_LENGTH"] == 16 * 1024 * 1024
    assert (strict["DEVELOPMENT"], local["DEVELOPMENT"]) == (False, True)


def test_the_environment_is_obeyed(production):
    settings = config.load(
        production
        | {
            "DATABASE_URL": "postgres://app@db/x",
            "TRUSTED_HOSTS": "tuan.example, www.tuan.example ,",
            "NOTICE_CHANNELS": " in_app , console",
            "SITE_URL": "https://tuan.example/",
            "REDIS_URL": "redis://cache",
            "PROXIES": "2",
            "HTTPS": "0",
            "TIMEZONE": "Asia/Urumqi",
            "SUPPLIER_LINK_DAYS": "7",
        }
    )
    assert settings["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://app@db/x"
    assert settings["TRUSTED_HOSTS"] == ["tuan.example", "www.tuan.example"]
    assert settings["NOTICE_CHANNELS"] == ["in_app", "console"]
    assert settings["SITE_URL"] == "https://tuan.example"
    assert settings["RATELIMIT_STORAGE_URI"] == "redis://cache"
    assert (settings["PROXIES"], settings["SUPPLIER_LINK_DAYS"]) == (2, 7)
    assert settings["SESSION_COOKIE_SECURE"] is False
    assert settings["BABEL_DEFAULT_TIMEZONE"] == settings["TIMEZONE"] == "Asia/Urumqi"


def test_the_default_channels_exist(development):
    assert set(config.load(development)["NOTICE_CHANNELS"]) <= set(CHANNELS)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://a@h/d", "postgresql+psycopg://a@h/d"),
        ("postgresql://a@h/d?x=1", "postgresql+psycopg://a@h/d?x=1"),
        ("postgresql+psycopg://a@h/d", "postgresql+psycopg://a@h/d"),
        ("sqlite:////var/x.db", "sqlite:////var/x.db"),
    ],
)
def test_database_addresses_get_our_driver(given, used):
    assert config.database_url(given) == used


def test_a_relative_instance_folder_holds_both_secrets_and_database(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = config.load({"INSTANCE_DIR": "here"})
    assert settings["INSTANCE_DIR"] == str(tmp_path / "here")
    assert settings["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/here/groupbuy.db"


def test_malformed_data_keys_stop_the_application_at_its_start(tmp_path):
    with pytest.raises(ValueError, match="DATA_KEYS"):
        create_app({"DATA_KEYS": "k:AAAA", "INSTANCE_DIR": str(tmp_path)})
