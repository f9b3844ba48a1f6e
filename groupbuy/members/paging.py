"""Which page of a long list the address asks for."""

from __future__ import annotations

from flask import request

from groupbuy.core.text import parse_quantity


def page_asked() -> int:
    """The number in `?page=`; whatever is not one is the first."""
    try:
        return max(1, parse_quantity(request.args.get("page", "1")))
    except ValueError:
        return 1
