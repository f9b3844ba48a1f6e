"""Who may open what: every route says it, and one that says nothing keeps the application down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

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


# public: shows the same to everybody. own: only what belongs to whoever asks, a guest's browser
# included; all else is a 404. link: whoever holds the signed or secret address.
POLICIES: dict[str, Callable[[], Response | None]] = {
    "public": _anybody,
    "own": _anybody,
    "link": _anybody,
    "signed_in": _somebody,
}
