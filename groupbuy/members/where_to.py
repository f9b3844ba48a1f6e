"""Where somebody goes on after signing in: only ever to a page of ours."""

from __future__ import annotations

import re

HOME = "/me"
# A browser takes \ for /, drops tabs and line ends, and reads //x as another host.
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,500}")


def safe_next(text: str | None) -> str:
    """`text` if it is a local path, else the person's own page.

    >>> safe_next("/d/abc?page=2"), safe_next("//evil.example"), safe_next("https://evil.example")
    ('/d/abc?page=2', '/me', '/me')
    """
    return text if text and _PATH.fullmatch(text) else HOME
