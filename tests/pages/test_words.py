"""Times and waits as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import force_locale

from groupbuy.members.drawings import drawing_of
from groupbuy.words import full_time, since, time_left, time_span, wait, weekday_time
from tests.factories import make_deal, make_leader, make_sku

EVENING = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday, 20:00 in Shanghai


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "马上", "in a moment"),
        (59, "马上", "in a moment"),
        (60, "1 分钟后", "in 1 min"),
        (3599, "59 分钟后", "in 59 min"),
        (3600, "1 小时后", "in 1 h"),
        (2 * 86400 - 1, "47 小时后", "in 47 h"),
        (2 * 86400, "2 天后", "in 2 days"),
        (-1, "刚刚", "just now"),
        (-3600, "1 小时前", "1 h ago"),
        (-9 * 86400, "9 天前", "9 days ago"),
    ],
)
def test_a_wait_is_told_in_whole_units(app: Flask, seconds: int, chinese: str, english: str):
    with force_locale("zh_Hans_CN"):
        assert wait(EVENING + timedelta(seconds=seconds), EVENING) == chinese
    with force_locale("en"):
        assert wait(EVENING + timedelta(seconds=seconds), EVENING) == english


def test_times_are_on_the_wall_clock_of_the_neighbourhood(app: Flask):
    later = EVENING + timedelta(hours=3, minutes=30)
    with force_locale("zh_Hans_CN"):
        assert weekday_time(EVENING) == "周五 20:00"
        assert full_time(EVENING, EVENING) == "周五 11月20日 20:00"
        assert full_time(EVENING, EVENING.replace(year=2027)) == "周五 2026年11月20日 20:00"
        assert time_span(EVENING, later) == "周五 20:00–23:30"
        assert time_span(EVENING, later + timedelta(hours=1)) == "周五 20:00 – 周六 00:30"
        assert time_span(EVENING, None) == "周五 20:00"
    with force_locale("en"):
        assert full_time(EVENING, EVENING) == "Fri Nov 20 20:00"


def test_the_edge_of_a_row_tells_minutes_then_the_hour_then_the_day(app: Flask):
    with force_locale("zh_Hans_CN"):
        assert since(EVENING, EVENING + timedelta(minutes=9)) == "9 分钟前"
        assert since(EVENING, EVENING + timedelta(hours=3)) == "20:00"
        assert since(EVENING, EVENING + timedelta(hours=5)) == "11月20日"
        assert since(EVENING, EVENING - timedelta(seconds=2)) == "刚刚"  # clocks differ a little


def test_a_countdown_never_goes_below_zero():
    ahead = timedelta(days=2, hours=3, minutes=4, seconds=5)
    assert time_left(EVENING + ahead, EVENING) == {"d": 2, "h": 3, "m": 4, "s": 5}
    assert time_left(EVENING, EVENING + ahead) == {"d": 0, "h": 0, "m": 0, "s": 0}


@pytest.mark.parametrize(
    ("name", "category", "symbol"),
    [
        ("水果玉米", "蔬菜", "p-corn"),
        ("五常大米", "米面", "p-rice"),
        ("雪梨", "水果", "p-orange"),
        ("洗洁精", "日用", "p-bag"),
        ("洗洁精", "", "p-bag"),
    ],
)
def test_goods_are_drawn_by_name_else_by_category(
    app: Flask, name: str, category: str, symbol: str
):
    leader = make_leader()
    deal = make_deal(leader=leader, skus=[make_sku(leader, name=name)])
    assert drawing_of(deal.items[0], category).symbol == symbol
