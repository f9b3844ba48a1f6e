"""Settings of what leaves the house: nothing is printed in production, nothing half set up."""

from __future__ import annotations

import base64

import pytest

import config
from groupbuy.notices.channels import CHANNELS

PRODUCTION = {
    "GROUPBUY_ENV": "production",
    "SECRET_KEY": "s",
    "LOOKUP_KEY": "l",
    "DATA_KEYS": f"k:{base64.b64encode(bytes(32)).decode()}",
}


def load(tmp_path, **environ: str) -> dict:
    return config.load({"INSTANCE_DIR": str(tmp_path)} | environ)


def test_development_prints_and_production_does_not(tmp_path):
    local, strict = load(tmp_path), load(tmp_path, **PRODUCTION)
    assert (local["SMS_SENDER"], strict["SMS_SENDER"]) == ("console", "")
    assert "console" in local["NOTICE_CHANNELS"]
    assert "console" not in strict["NOTICE_CHANNELS"]
    for settings in (local, strict):
        assert settings["NOTICE_CHANNELS"][0] == "in_app"
        assert set(settings["NOTICE_CHANNELS"]) <= set(CHANNELS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("SMS_SENDER", "console"), ("SMS_SENDER", "pigeon"), ("MAIL_TLS", "off"), ("MAIL_TLS", "")],
)
def test_a_value_that_is_none_of_the_choices_stops_at_the_start(tmp_path, name, value):
    with pytest.raises(RuntimeError, match=name):
        load(tmp_path, **PRODUCTION, **{name: value})


def test_a_provider_without_an_address_stops_at_the_start(tmp_path):
    with pytest.raises(RuntimeError, match="SMS_URL"):
        load(tmp_path, SMS_SENDER="http")


def test_the_port_follows_from_how_mail_is_secured(tmp_path):
    assert load(tmp_path)["MAIL_PORT"] == 587
    assert load(tmp_path, MAIL_TLS="ssl")["MAIL_PORT"] == 465
    assert load(tmp_path, MAIL_TLS="ssl", MAIL_PORT="4650")["MAIL_PORT"] == 4650


def test_addresses_end_without_a_slash(tmp_path):
    settings = load(tmp_path, WECHAT_API_URL="http://a/", WECHAT_OPEN_URL="http://b/")
    assert (settings["WECHAT_API_URL"], settings["WECHAT_OPEN_URL"]) == ("http://a", "http://b")
