"""All deals of a leader: find one, share it, do it again."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.text import clean, parse_quantity
from groupbuy.desk import leader
from groupbuy.leaders.deals_reading import PHASES, counts, listing

bp = Blueprint("lead_deals", __name__, url_prefix="/lead/deals")

_LONGEST_SEARCH = 60


@bp.get("")
@policy("staff:orders")
def index() -> str:
    """Reads `state`, `find` and `page`; a state that is none shows all."""
    now = clock.now()
    words = clean(request.args.get("find", ""))[:_LONGEST_SEARCH]
    phase = request.args.get("state", "")
    phase = phase if phase in PHASES else ""
    return render_template(
        "leaders/deals.html",
        deals=listing(leader(), phase, words, _page_asked(), now),
        counts=counts(leader(), words, now),
        phases=PHASES,
        phase=phase,
        find=words,
        now=now,
    )


def _page_asked() -> int:
    """Whatever is no number is the first."""
    try:
        return max(1, parse_quantity(request.args.get("page", "1")))
    except ValueError:
        return 1
