"""Whatever a test did, the books agree afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.checks import assert_everything_true


@pytest.fixture(autouse=True)
def everything_stays_true(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every invariant, after each test on the rolled-back database."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
    yield
    if "app" in request.fixturenames:
        assert_everything_true()


@pytest.fixture
def no_hold(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commission is credited at once, so that a handover undone in its ten minutes comes later."""
    monkeypatch.setitem(app.config, "AFTER_SALE_HOURS", 0)
