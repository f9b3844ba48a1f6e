"""Kept for a moment: made once, per process, and never for long."""

from __future__ import annotations

import itertools

import pytest
from flask import Flask

from groupbuy.core import keeping
from groupbuy.core.keeping import kept


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, app: Flask) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(keeping.time, "monotonic", lambda: now[0])
    monkeypatch.setitem(app.config, "KEPT_SECONDS", 1.0)
    monkeypatch.setitem(app.extensions, "groupbuy_kept", {})
    return now


def test_it_is_made_once_and_again_when_the_moment_is_over(clock: list[float]):
    count = itertools.count(1)
    assert kept("a", lambda: next(count)) == 1
    clock[0] += 0.9
    assert kept("a", lambda: next(count)) == 1
    assert kept("b", lambda: next(count)) == 2
    clock[0] += 0.2
    assert kept("a", lambda: next(count)) == 3


def test_what_could_not_be_made_is_not_kept(clock: list[float]):
    with pytest.raises(ZeroDivisionError):
        kept("a", lambda: 1 // 0)
    assert kept("a", lambda: 1) == 1


def test_it_never_holds_many(clock: list[float], app: Flask):
    for number in range(2000):
        kept(number, lambda: 1)
    assert len(app.extensions["groupbuy_kept"]) <= 500


def test_it_can_be_switched_off(app: Flask):
    count = itertools.count(1)
    assert [kept("a", lambda: next(count)) for _ in range(2)] == [1, 2]
