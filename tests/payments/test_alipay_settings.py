"""What an installation must say of Alipay, before it starts."""

from __future__ import annotations

import pytest

import config
from tests.fakes.alipay_words import private_pem, public_pem


@pytest.fixture
def environ(tmp_path) -> dict[str, str]:
    return {
        "INSTANCE_DIR": str(tmp_path),
        "ALIPAY_APP_ID": "2021000000000001",
        "ALIPAY_SELLER_ID": "2088000000000001",
        "ALIPAY_KEY": private_pem("app"),
        "ALIPAY_PUBLIC_KEY": public_pem("alipay"),
    }


def test_without_any_there_is_no_alipay_and_its_address_is_the_real_one(tmp_path):
    settings = config.load({"INSTANCE_DIR": str(tmp_path)})
    assert settings["ALIPAY_KEY"] == ""
    assert settings["ALIPAY_URL"] == "https://openapi.alipay.com/gateway.do"


def test_keys_are_given_as_text_or_as_where_they_lie(environ, tmp_path):
    given = config.load(environ)
    (tmp_path / "app.pem").write_text(environ["ALIPAY_KEY"])
    environ["ALIPAY_KEY"] = str(tmp_path / "app.pem")
    environ["ALIPAY_PUBLIC_KEY"] = environ["ALIPAY_PUBLIC_KEY"].replace("\n", "\\n")
    assert config.load(environ) == given
    assert given["ALIPAY_KEY"] == private_pem("app")
    assert given["ALIPAY_PUBLIC_KEY"] == public_pem("alipay")


@pytest.mark.parametrize(
    "name", ["ALIPAY_APP_ID", "ALIPAY_SELLER_ID", "ALIPAY_KEY", "ALIPAY_PUBLIC_KEY"]
)
def test_some_without_the_others_stop_the_start(environ, name):
    environ[name] = " "
    with pytest.raises(RuntimeError, match=f"the setting {name} is missing"):
        config.load(environ)


@pytest.mark.parametrize("name", ["ALIPAY_KEY", "ALIPAY_PUBLIC_KEY"])
@pytest.mark.parametrize(
    "value", ["MIIEvSecret", "/nowhere/key.pem", "-----BEGIN PRIVATE KEY-----\nMIIEvSecret", "ключ"]
)
def test_what_is_no_key_stops_the_start_and_is_not_shown(environ, name, value):
    environ[name] = value
    with pytest.raises(RuntimeError, match=name) as trouble:
        config.load(environ)
    assert value not in str(trouble.value)


def test_each_key_in_the_place_of_the_other_stops_the_start(environ):
    swapped = {
        "ALIPAY_KEY": environ["ALIPAY_PUBLIC_KEY"],
        "ALIPAY_PUBLIC_KEY": environ["ALIPAY_KEY"],
    }
    for name, value in swapped.items():
        with pytest.raises(RuntimeError, match=name):
            config.load(environ | {name: value})
