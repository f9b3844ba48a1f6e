"""Messages on standard output, for development and small installations without a provider."""

from __future__ import annotations

import sys

from groupbuy.notices.models import Notice


def send(notice: Notice, words: str) -> None:
    """Print one line: to whom, of what kind, and the words."""
    person = next(
        f"{name} {number}"
        for name in ("member", "user", "supplier")
        if (number := getattr(notice, f"{name}_id")) is not None
    )
    line = f"[notice] {person}: {notice.kind}: {words}\n"
    # A log that cannot show a character must not lose the message.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(line.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
