"""The only source of time. Instants are aware and in UTC; people see local time."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import current_app


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def zone() -> ZoneInfo:
    """The time zone people read and write times in (setting `TIMEZONE`)."""
    return ZoneInfo(current_app.config["TIMEZONE"])


def local(instant: datetime) -> datetime:
    """`instant` on the wall clock of `zone()`."""
    return instant.astimezone(zone())


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 time as an instant; without an offset it is local time.

    Raises ValueError when `text` is not a real date and time.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone())
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or last day there is, in a zone beside UTC
        raise ValueError(text) from None
