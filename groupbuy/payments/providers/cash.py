"""Cash into the leader's hand: paid when the leader vouches for it, and nobody can be asked."""

from __future__ import annotations

ONLINE = False
METHODS = ("cash",)


def is_on() -> bool:
    """Always: it takes nobody but the leader."""
    return True
