"""Whatever a test did, the books agree afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.checks import assert_everything_true
from tests.fakes.alipay import FakeAlipay


@pytest.fixture(autouse=True)
def everything_stays_true(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every invariant, after each test on the rolled-back database; bags come with the jobs."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
    yield
    if "app" in request.fixturenames:
        assert_everything_true("I17")


@pytest.fixture
def alipay_there(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAlipay]:
    """Alipay as the application sees it."""
    with FakeAlipay() as fake:
        for name, value in fake.settings.items():
            monkeypatch.setitem(app.config, name, value)
        yield fake
