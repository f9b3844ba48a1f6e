"""Where providers tell what happened: believed by its signature, answered when it is written down.

A provider tells it again until it hears that it was taken, so an answer of success before COMMIT
would lose money, and a failure costs nothing.
"""

from __future__ import annotations

import logging
from datetime import datetime

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from groupbuy.access import policy
from groupbuy.core import clock
from groupbuy.core.db import retrying, transaction
from groupbuy.extensions import csrf, limiter
from groupbuy.orders import paying
from groupbuy.payments import refunding
from groupbuy.payments.providers import WAYS
from groupbuy.payments.providers.reports import Forged, Paid, Refunded

bp = Blueprint("notifications", __name__)
log = logging.getLogger(__name__)
_LONGEST = 64 * 1024


@bp.post("/pay/<way>/notify")
@policy("public")
@csrf.exempt  # no browser sends it: the signature over every byte says whose it is
@limiter.limit("1200 per minute")
def take(way: str) -> Response:
    """Write down what the provider of `way` tells."""
    provider = WAYS.get(way)
    if provider is None or not provider.ONLINE or not provider.is_on():
        abort(404)
    request.max_content_length = _LONGEST
    body = request.get_data(cache=False)
    try:
        told = provider.parse(request.headers, body)
    except Forged as forgery:
        log.warning("notification for %s refused: %s", way, forgery)
        return Response("", 401)
    retrying(lambda: _write_down(told, way, clock.now()))
    content, kind = provider.ACCEPTED
    return Response(content, mimetype=kind)


def _write_down(told: Paid | Refunded, way: str, now: datetime) -> None:
    """What is neither paid nor given back changes nothing: the jobs ask about it."""
    with transaction():
        if isinstance(told, Refunded):
            refunding.write_down(told, now=now)
        elif told.state == "paid":
            paying.receive(told, way, now=now)
