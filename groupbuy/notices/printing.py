"""Lines on standard output that stand for messages."""

from __future__ import annotations

import sys


def print_line(line: str) -> None:
    """Print `line` at once. A log that cannot show a character must not lose the message."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(f"{line}\n".encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
