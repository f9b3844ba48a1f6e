"""Finding bags at the gate without a code: typed letters, the end of a phone number, a name."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.text import parse_quantity
from groupbuy.desk import desk
from groupbuy.extensions import limiter
from groupbuy.leaders.gate_desk import place_of
from groupbuy.pickup.bags import token_of
from groupbuy.pickup.finding import look_up
from groupbuy.pickup.searching import PAGE_SIZE, search

bp = Blueprint("gate_search", __name__, url_prefix="/g")


@bp.get("/find")
@policy("staff:pickup")
@limiter.limit("60 per minute")
def find() -> str | Response:
    """`?q=`: a spoken code or an address opens its bag; anything else, and nothing, is a list."""
    post, typed, now = desk(), request.args.get("q", "")[:200], clock.now()
    opened = look_up(post.leader, typed) if typed.strip() else None
    if opened:
        key = token_of(opened.proxy) if opened.proxy else opened.pickup.id
        return redirect(url_for("gate_bag.show", key=key), 303)
    page = _page_asked()
    found, total = search(post.leader, typed, place_of(post), page=page, now=now)
    return render_template(
        "gate/found.html",
        typed=typed.strip(),
        found=found,
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE_SIZE)),
        now=now,
    )


def _page_asked() -> int:
    try:
        return max(1, parse_quantity(request.args.get("page", "1")))
    except ValueError:
        return 1
