"""Every test in this folder is a race: threads or processes against one database."""

from __future__ import annotations

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.races)


@pytest.fixture(autouse=True)
def wide_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """More connections than a web process has, so that many really are inside at once."""
    monkeypatch.setenv("DATABASE_POOL_SIZE", "16")
