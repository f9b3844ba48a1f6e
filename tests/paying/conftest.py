"""Whatever a test did, the books agree afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.checks import assert_everything_true


@pytest.fixture(autouse=True)
def everything_stays_true(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every invariant, after each test; bags come with the jobs."""
    database = next((n for n in ("app", "shared_app") if n in request.fixturenames), None)
    if database:
        request.getfixturevalue(database)
    yield
    if database:
        assert_everything_true("I17")
