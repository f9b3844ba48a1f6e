"""Which page of a long list is shown, for the pager under it."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from flask import request

from groupbuy.core.text import parse_quantity

PAGE_SIZE = 50


class Shown(NamedTuple):
    """Page `page` of `pages`; `query` holds the filters that other pages keep."""

    page: int
    pages: int
    total: int
    query: dict[str, str]

    def address(self, page: int) -> str:
        """The same list, another page."""
        return f"{request.path}?{urlencode({**self.query, 'page': str(page)})}"


def page_asked() -> int:
    """The number in `?page=`; whatever is not one is the first."""
    try:
        return max(1, parse_quantity(request.args.get("page", "1")))
    except ValueError:
        return 1


def shown(total: int, **query: str) -> Shown:
    """The page asked for, out of as many as `total` rows need; empty filters are left out."""
    pages = max(1, -(-total // PAGE_SIZE))
    kept = {name: value for name, value in query.items() if value}
    return Shown(page_asked(), pages, total, kept)
