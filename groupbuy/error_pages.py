"""What people see when something did not work: what happened, and what to do next."""

from __future__ import annotations

import logging
import sys
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, InternalServerError

from groupbuy.accounts.staff import is_operator
from groupbuy.core.db import is_transient
from groupbuy.core.errors import RuleBroken
from groupbuy.core.tokens import public_id
from groupbuy.desk import desk_or_none
from groupbuy.extensions import db

log = logging.getLogger(__name__)

# Status -> what happened, what to do next.
_WORDS = {
    400: (
        _l("This request cannot be read"),
        _l("Go back and try again, or open the link in your chat once more."),
    ),
    403: (
        _l("You may not open this page"),
        _l("It belongs to somebody else. Ask your leader if you think it should be yours."),
    ),
    404: (
        _l("Nothing is here"),
        _l("The link may be incomplete, or the page is gone. Open the link in your chat again."),
    ),
    405: (
        _l("This page cannot do that"),
        _l("Open the link in your chat again and start from there."),
    ),
    409: (_l("That is not possible now"), _l("Go back to see how things stand.")),
    410: (_l("This link has ended"), _l("Ask whoever sent it to you for a new one.")),
    413: (
        _l("That is too large to send"),
        _l("Files may have up to 16 MB. Send a smaller one."),
    ),
    422: (_l("Something is not filled in correctly"), _l("Go back, correct it and send it again.")),
    429: (
        _l("That was a bit too often"),
        _l("Wait a minute, then try again. Nothing has been lost."),
    ),
    503: (
        _l("Very many people are ordering right now"),
        _l("Nothing has been changed. Wait a few seconds and tap once more."),
    ),
    500: (
        _l("Something went wrong here"),
        _l("It is our fault, not yours, and it has been noted. Try again in a few minutes."),
    ),
}
_OTHER_FAULT = (_l("This did not work"), _l("Try again in a few minutes."))
_FORM_TOO_OLD = (
    _l("This page has been open too long"),
    _l("Go back, load the page again and send it once more. Nothing has been changed."),
)
_GONE = _l("The address may be incomplete, or it belongs to another desk. Go back, or begin anew.")
# Frame -> the page inside it.
_PAGES = {
    "gate.html": "gate/error.html",
    "leaders/console.html": "console_error.html",
    "operators/console.html": "console_error.html",
}
_RETRY_SECONDS = "60"


def register(app: Flask) -> None:
    """Answer every error of `app` with a page in the reader's language."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(RuleBroken, _rule_broken)
    app.register_error_handler(InternalServerError, _failed)
    app.register_error_handler(DBAPIError, _database_failed)
    app.log_exception = _log_failure  # type: ignore[method-assign]


def _page(status: int, words: tuple[Any, Any], **more: Any) -> Response:
    title, advice = words
    frame = _frame() if 400 <= status < 500 and status != 429 else ""
    if status == 404 and frame:
        advice = _GONE
        g.nowhere = True  # a place marked in the navigation would tell that there is such a page
    said = {"status": status, "title": title, "advice": advice, "frame": frame}
    page = render_template(_PAGES.get(frame, "error.html"), **said, **more)
    return make_response(page, status)


def _frame() -> str:
    """The frame of the console whose address was asked for, if whoever asks works there; or ""."""
    begins = request.path.split("/", 2)[1]
    if begins == "operator" and current_user.is_authenticated and is_operator(current_user):
        return "operators/console.html"
    if begins in ("lead", "g") and desk_or_none():
        return "leaders/console.html" if begins == "lead" else "gate.html"
    return ""


def _refused(error: HTTPException) -> Response:
    status = error.code or 500
    answer = _page(status, _WORDS.get(status, _OTHER_FAULT))
    for name, value in error.get_headers():  # such as Allow and Retry-After
        if name.lower() != "content-type":
            answer.headers.setdefault(name, value)
    if status == 429:
        answer.headers.setdefault("Retry-After", _RETRY_SECONDS)
    return answer


def _form_too_old(error: CSRFError) -> Response:
    return _page(400, _FORM_TOO_OLD)


def _rule_broken(refusal: RuleBroken) -> Response:
    title, _advice = _WORDS.get(refusal.status, _OTHER_FAULT)
    return _page(refusal.status, (title, refusal.sentence))


def _failed(error: InternalServerError) -> Response:
    return _page(500, _WORDS[500], reference=g.get("failure"))


def _database_failed(error: DBAPIError) -> Response:
    """A lock that others held too long is no fault of ours; anything else is."""
    db.session.rollback()  # the page itself asks the database who is reading
    if not is_transient(error):
        _log_failure(sys.exc_info())
        return _failed(InternalServerError(original_exception=error))
    log.warning("%s %s: %s", request.method, request.url_rule, type(error.orig).__name__)
    answer = _page(503, _WORDS[503])
    answer.headers["Retry-After"] = "3"
    return answer


def _log_failure(exc_info: Any) -> None:
    """Flask's own line would hold the path, and with it the key of a signed link."""
    g.failure = public_id(8)
    log.error(
        "%s %s failed, reference %s", request.method, request.url_rule, g.failure, exc_info=exc_info
    )
