"""Who may open what: every route says it, and one that says nothing keeps the application down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from flask import Flask, abort, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from groupbuy.accounts.staff import RIGHTS, is_operator
from groupbuy.desk import desk_or_none, posts

View = TypeVar("View", bound=Callable[..., Any])


def policy(name: str) -> Callable[[View], View]:
    """Declare who may open the view below, by a name of POLICIES."""
    if name not in POLICIES:
        raise ValueError(f"there is no policy {name!r}")

    def declare(view: View) -> View:
        view.policy = name  # type: ignore[attr-defined]
        return view

    return declare


def register(app: Flask) -> None:
    """Hold every request to what its route declares. Call it once all routes are there."""
    silent = [rule.endpoint for rule in app.url_map.iter_rules() if not policy_of(app, rule)]
    if silent:
        raise RuntimeError(f"routes without an access policy: {', '.join(sorted(silent))}")
    app.before_request(_guard)


def policy_of(app: Flask, rule: Any) -> str | None:
    """What the view behind a rule of the URL map declares."""
    return getattr(app.view_functions[rule.endpoint], "policy", None)


def _guard() -> Any:
    if request.url_rule is None:
        return None  # nothing is here: 404, or a method that the route does not take
    name = policy_of(current_app._get_current_object(), request.url_rule)  # type: ignore[attr-defined]
    return POLICIES[name or ""]()


def _anybody() -> None:
    """Everybody may ask; what the page shows, it looks up through its owner."""


def _somebody() -> Response | None:
    if current_user.is_authenticated:
        return None
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sign_in.show", next=back), 303)


def _at_a_desk(*rights: str) -> Response | None:
    """A leader, or a helper with one of `rights`; to everybody else the page does not exist."""
    if not current_user.is_authenticated:
        return _somebody()
    post = desk_or_none()
    if post is None or not (post.is_leader or any(post.may(right) for right in rights)):
        abort(404)
    return None


def _at_the_gate() -> Response | None:
    """Who hands over at another desk than the one they sit at says first at which."""
    post = desk_or_none()
    elsewhere = post and not post.may("pickup") and any(each.may("pickup") for each in posts())
    if elsewhere and request.endpoint == "gate.scan":
        return redirect(url_for("lead_settings.desks", to="gate"), 303)
    return _at_a_desk("pickup")


def _operator() -> Response | None:
    if not current_user.is_authenticated:
        return _somebody()
    if not is_operator(current_user):
        abort(404)
    return None


# public: shows the same to everybody. own: only what belongs to whoever asks, a guest's browser
# included; all else is a 404. link: whoever holds the signed or secret address. leader: only who
# leads. staff: and any helper. staff:<right>: and helpers with that right. operator: who runs all.
POLICIES: dict[str, Callable[[], Response | None]] = {
    "public": _anybody,
    "own": _anybody,
    "link": _anybody,
    "signed_in": _somebody,
    "leader": _at_a_desk,
    "staff": partial(_at_a_desk, *RIGHTS),
    **{f"staff:{right}": partial(_at_a_desk, right) for right in RIGHTS},
    "staff:pickup": _at_the_gate,
    "operator": _operator,
}
