"""What is the same for everybody, made once and kept for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar, cast

from flask import current_app

T = TypeVar("T")
_MOST = 500
_changing = Lock()


def kept(key: Hashable, make: Callable[[], T]) -> T:
    """What `make` made for `key` a moment ago in this process, else made now.

    A moment is KEPT_SECONDS, and as long again while one thread of many makes it anew. Only for
    plain values that belong to no person, request or database session.
    """
    seconds: float = current_app.config["KEPT_SECONDS"]
    shelf: dict[Hashable, tuple[float, object]] = current_app.extensions["groupbuy_kept"]
    now = time.monotonic()
    until, value = shelf.get(key, (0.0, None))
    if until <= now:
        if until and now < until + seconds:  # the others take the old one meanwhile
            with _changing:
                shelf[key] = (until + seconds, value)
        value = make()
        if not seconds:
            return value
        with _changing:
            if len(shelf) >= _MOST:  # nobody clears up between two rushes
                shelf.clear()
            shelf[key] = (now + seconds, value)
    return cast(T, value)
