"""What the pages of residents need around them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from groupbuy.extensions import limiter
from tests import conftest
from tests.fakes.texting import FakeTexting


@pytest.fixture
def texting(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTexting]:
    """A provider that takes the text messages of `app`."""
    with FakeTexting() as fake:
        for name, value in fake.settings.items():
            monkeypatch.setitem(app.config, name, value)
        yield fake


@pytest.fixture
def limited(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application whose limits are on."""
    monkeypatch.setitem(conftest.SETTINGS, "RATELIMIT_ENABLED", True)
    monkeypatch.setitem(conftest.SETTINGS, "RATELIMIT_STORAGE_URI", "memory://")
    try:
        app = request.getfixturevalue("shared_app")
        limiter.reset()
        yield app
    finally:
        limiter.enabled = False
