"""How times, waits and money read to people: the filters that templates use.

Instants go in, words come out in the reader's language, on the wall clock of the setting TIMEZONE.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from babel.dates import format_date, format_skeleton
from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.core import clock
from groupbuy.core.money import format_yuan
from groupbuy.core.text import mask_phone

# The states that people are told about, listed here so that catalogues hold a word for each.
STATES = (
    _l("draft"),
    _l("upcoming"),
    _l("open"),
    _l("closing"),
    _l("closed"),
    _l("arrived"),
    _l("failed"),
    _l("cancelled"),
    _l("pending"),
    _l("placed"),
    _l("confirmed"),
    _l("fulfilled"),
    _l("expired"),
    _l("waiting"),
    _l("ready"),
    _l("collected"),
    _l("uncollected"),
    _l("void"),
    _l("counting"),
    _l("shared_out"),
    _l("begun"),
    _l("requested"),
    _l("submitted"),
    _l("succeeded"),
    _l("active"),
    _l("disabled"),
    _l("applied"),
    _l("approved"),
    _l("owed"),
    _l("sent"),
    _l("reported"),
    _l("asked"),
    _l("refused"),
    _l("paid"),
)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def register(app: Flask) -> None:
    """Make the words available to templates."""
    for word in (weekday_time, day, full_time, wait, since):
        app.add_template_filter(word)
    app.add_template_filter(format_yuan, "yuan")
    app.add_template_filter(mask_phone, "masked_phone")
    app.add_template_global(time_span)
    app.add_template_global(time_left)


def weekday_time(instant: datetime) -> str:
    """“周五 20:00”, “Fri 20:00”."""
    moment = clock.local(instant)
    return f"{format_date(moment, 'EEE', locale=get_locale())} {moment:%H:%M}"


def day(instant: datetime, now: datetime) -> str:
    """“11月20日”, “Nov 20”; with the year when it is another one than now."""
    moment = clock.local(instant)
    skeleton = "MMMd" if moment.year == clock.local(now).year else "yMMMd"
    return str(format_skeleton(skeleton, moment, locale=get_locale()))


def full_time(instant: datetime, now: datetime) -> str:
    """“周六 11月21日 16:30”, “Sat Nov 21 16:30”."""
    weekday, hour = weekday_time(instant).rsplit(" ", 1)
    return f"{weekday} {day(instant, now)} {hour}"


def time_span(start: datetime, end: datetime | None) -> str:
    """“周六 16:00–19:30”; the second weekday only when it is another day."""
    if end is None:
        return weekday_time(start)
    first, last = clock.local(start), clock.local(end)
    if first.date() == last.date():
        return f"{weekday_time(start)}–{last:%H:%M}"
    return f"{weekday_time(start)} – {weekday_time(end)}"


def wait(instant: datetime, now: datetime) -> str:
    """How far away `instant` is, in whole units: “3 小时后”, “2 天前”."""
    seconds = int((instant - now).total_seconds())
    if seconds >= 0:
        return _ahead(seconds)
    return _ago(-seconds)


def since(instant: datetime, now: datetime) -> str:
    """When something happened, short enough for the edge of a row: “9 分钟前”, “19:58”."""
    seconds = int((now - instant).total_seconds())
    if seconds < _HOUR:
        return _ago(max(seconds, 0))
    if clock.local(instant).date() == clock.local(now).date():
        return f"{clock.local(instant):%H:%M}"
    return day(instant, now)


def time_left(until: datetime, now: datetime) -> dict[str, int]:
    """The countdown's first reading: days, hours, minutes and seconds, never below zero."""
    seconds = int(max(until - now, timedelta()).total_seconds())
    days, seconds = divmod(seconds, _DAY)
    hours, seconds = divmod(seconds, _HOUR)
    minutes, seconds = divmod(seconds, _MINUTE)
    return {"d": days, "h": hours, "m": minutes, "s": seconds}


def _ahead(seconds: int) -> str:
    if seconds < _MINUTE:
        return _("in a moment")
    if seconds < _HOUR:
        return _("in %(count)d min", count=seconds // _MINUTE)
    if seconds < 2 * _DAY:
        return _("in %(count)d h", count=seconds // _HOUR)
    return _("in %(count)d days", count=seconds // _DAY)


def _ago(seconds: int) -> str:
    if seconds < _MINUTE:
        return _("just now")
    if seconds < _HOUR:
        return _("%(count)d min ago", count=seconds // _MINUTE)
    if seconds < 2 * _DAY:
        return _("%(count)d h ago", count=seconds // _HOUR)
    return _("%(count)d days ago", count=seconds // _DAY)
