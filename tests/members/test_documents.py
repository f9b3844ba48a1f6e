"""The documents that everybody may read."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts.consent import DOCUMENTS
from tests.pages.reading import words


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_each_has_a_way_back(app: Flask, name: str, language: str):
    page = app.test_client().get(f"/documents/{name}", headers={"Accept-Language": language})
    assert 'class="bar__back" href="/me"' in page.text


@pytest.mark.parametrize(
    ("language", "unnamed", "named"),
    [
        ("zh-CN", "由本站运营者运营", "由楼下科技有限公司运营"),
        ("en", "The operator runs", "楼下科技有限公司 runs"),
    ],
)
def test_the_privacy_notice_names_who_answers_for_the_data(
    app: Flask, monkeypatch: pytest.MonkeyPatch, language: str, unnamed: str, named: str
):
    client, headers = app.test_client(), {"Accept-Language": language}
    assert unnamed in words(client.get("/documents/privacy", headers=headers))
    monkeypatch.setitem(app.config, "OPERATOR_NAME", "楼下科技有限公司")
    assert named in words(client.get("/documents/privacy", headers=headers))
