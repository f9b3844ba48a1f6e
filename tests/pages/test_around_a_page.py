"""Headers, hosts, languages and built files: what surrounds every page."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask

from groupbuy.extensions import db
from groupbuy.pages import HEADERS
from tests.conftest import SETTINGS
from tests.factories import make_deal
from tests.pages.reading import words

ADDRESSES = ["/healthz", "/readyz", "/d/nothing", "/s/nothing", "/nowhere", "/assets/nothing.css"]


def an_app(folder, **settings):
    """An application of its own, with settings that the shared one does not have."""
    from groupbuy import create_app

    own = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/own.db", "INSTANCE_DIR": str(folder)}
    return create_app(SETTINGS | own | settings)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_security_headers(app: Flask, address: str):
    answer = app.test_client().get(address)
    for name, value in HEADERS.items():
        if name == "Referrer-Policy" and address.startswith("/s/"):
            value = "same-origin"
        assert answer.headers[name] == value
    assert "Set-Cookie" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers


def test_a_page_has_nothing_inline_that_the_policy_would_stop(app: Flask):
    deal = make_deal()
    db.session.commit()
    page = app.test_client().get(f"/d/{deal.slug}").text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", page)
    assert not re.search(r"(?<!canonical\" )(?:src|href)=\"(?:https?:)?//", page)


def test_a_page_with_a_countdown_is_never_kept_by_a_cache(app: Flask):
    deal = make_deal()
    db.session.commit()
    answer = app.test_client().get(f"/d/{deal.slug}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Accept-Language" in answer.headers["Vary"]


def test_https_is_remembered_only_where_it_is_configured(tmp_path):
    answer = an_app(tmp_path, HTTPS=True).test_client().get("/healthz")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_foreign_host_gets_400_and_never_its_own_name_back(app: Flask, address: str):
    answer = app.test_client().get(address, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert "evil" not in str(answer.headers)
    assert "/assets/phone-" in answer.text


@pytest.mark.parametrize(
    ("accepts", "query", "language", "sentence"),
    [
        ("", "", "zh-Hans-CN", "这里什么也没有"),
        ("fr", "", "zh-Hans-CN", "这里什么也没有"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "", "zh-Hans-CN", "这里什么也没有"),
        ("en-GB,en;q=0.9", "", "en", "Nothing is here"),
        ("en", "?lang=zh", "zh-Hans-CN", "这里什么也没有"),
        ("zh-CN", "?lang=en", "en", "Nothing is here"),
        ("zh-CN", "?lang=../etc", "zh-Hans-CN", "这里什么也没有"),
    ],
)
def test_the_language_is_asked_for_else_preferred_else_chinese(
    app: Flask, accepts: str, query: str, language: str, sentence: str
):
    answer = app.test_client().get(f"/nowhere{query}", headers={"Accept-Language": accepts})
    assert f'<html lang="{language}">' in answer.text
    assert sentence in words(answer)


def test_built_files_are_compressed_and_kept_for_ever(app: Flask):
    page = app.test_client().get("/nowhere").text
    (address,) = re.findall(r'href="(/assets/phone-[^"]+\.css)"', page)
    client = app.test_client()
    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "gzip;q=1, br;q=0"})
    small = client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert gzip.decompress(packed.data) == plain.data
    assert small.headers["Content-Encoding"] == "br"
    assert len(small.data) < len(packed.data) < len(plain.data)
    for answer in (plain, packed, small):
        assert answer.mimetype == "text/css"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Accept-Encoding" in answer.headers["Vary"]
    assert client.get(f"{address}.br").status_code == 404


@pytest.mark.parametrize(
    "name", ["manifest.json", "..%2fsrc%2fphone.css", "phone-AAAAAAAA.css", "%00"]
)
def test_nothing_but_what_was_built_is_served(app: Flask, name: str):
    assert app.test_client().get(f"/assets/{name}").status_code == 404
