"""The same deal once more: next week's basket begins as this week's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from groupbuy.catalog import picture_files, pictures
from groupbuy.catalog.models import Picture
from groupbuy.catalog.pictures import Stored
from groupbuy.core import clock
from groupbuy.core.tokens import public_id
from groupbuy.deals.editing import copy_deal
from groupbuy.deals.models import Deal

_WEEK = timedelta(weeks=1)
_TIMES = ("opens_at", "closes_at", "pickup_starts_at", "pickup_ends_at")
_TOKEN_LENGTH = 26


def copy_files(shown: Sequence[Picture]) -> list[tuple[Stored, str]]:
    """Files of their own for a copy of each picture, with its words; outside any transaction.

    A picture whose files are not on this host is left out.
    """
    copies = []
    for picture in shown:
        token = public_id(_TOKEN_LENGTH)
        files = {
            width: picture_files.read(pictures.file_name(picture.token, width))
            for width in pictures.variants(picture)
        }
        if None in files.values():
            continue
        for width, content in files.items():
            picture_files.keep(pictures.file_name(token, width), content or b"")
        copies.append((Stored(token, picture.width, picture.height), picture.alt))
    return copies


def copy_for_next_time(deal: Deal, files: Sequence[tuple[Stored, str]], *, now: datetime) -> Deal:
    """A draft like `deal`, at the same hours so many whole weeks later that it opens after `now`.

    `files` come from `copy_files`. What `deal` had no time for stays open.
    """
    copy = copy_deal(deal, now=now)
    first = deal.opens_at or deal.closes_at
    if first:
        weeks = max(1, (now - first) // _WEEK + 1)
        for name in _TIMES:
            instant = getattr(deal, name)
            setattr(copy, name, instant and _later(instant, weeks))
    for stored, alt in files:
        pictures.attach(copy, stored, alt=alt, now=now)
    return copy


def _later(instant: datetime, weeks: int) -> datetime:
    """By the clock on the wall, which a zone may put forward in between."""
    return (clock.local(instant) + weeks * _WEEK).astimezone(UTC)
