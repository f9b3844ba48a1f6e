"""Whatever a test did, the books agree afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.checks import assert_everything_true


@pytest.fixture(autouse=True)
def everything_stays_true(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every invariant, after each test on the rolled-back database; bags come with the jobs."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
    yield
    if "app" in request.fixturenames:
        assert_everything_true("I17")
