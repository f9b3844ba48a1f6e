"""Instants in UTC, wall clocks in Shanghai."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.core import clock
from tests.checks import unreadable


def test_now_is_aware_and_in_utc():
    assert clock.now().utcoffset() == timedelta(0)


def test_a_time_without_zone_is_read_on_the_wall_clock(app):
    assert clock.parse_instant(" 2026-11-21T20:00 ") == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert clock.parse_instant("2026-11-21T20:00+00:00") == datetime(2026, 11, 21, 20, tzinfo=UTC)
    assert (
        f"{clock.local(datetime(2026, 11, 21, 20, tzinfo=UTC)):%Y-%m-%d %H:%M}"
        == "2026-11-22 04:00"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-02-30T10:00",
        "2026-11-21T25:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59-10:00",
    ],
)
def test_what_is_no_real_time_is_refused(app, text):
    with unreadable():
        clock.parse_instant(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=25))
def test_whatever_is_typed_is_an_instant_in_utc_or_refused(app, text):
    with contextlib.suppress(ValueError):
        assert clock.parse_instant(text).tzinfo is UTC
