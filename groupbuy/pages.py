"""What all pages share: blueprints, language, headers."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, request
from flask_babel import get_locale

from groupbuy import assets, error_pages, health, words
from groupbuy.extensions import login_manager
from groupbuy.members import views as members
from groupbuy.pickup import views as pickup
from groupbuy.suppliers import views as suppliers

LANGUAGES = {"zh": "zh_Hans_CN", "en": "en"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:;"
    " worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    # A countdown or a state kept by a cache would be a lie; what may be kept says so itself.
    "Cache-Control": "no-store",
}


def register(app: Flask) -> None:
    """Attach blueprints and everything that surrounds a page."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    words.register(app)
    error_pages.register(app)
    app.add_template_global(assets.asset)
    app.context_processor(_for_every_page)
    app.after_request(_protect)
    login_manager.user_loader(_nobody)
    for blueprint in (assets.bp, health.bp, members.bp, pickup.bp, suppliers.bp):
        app.register_blueprint(blueprint)


def chosen_locale() -> str:
    """The language of this answer: `?lang=`, what the browser prefers, or the setting."""
    default: str = current_app.config["BABEL_DEFAULT_LOCALE"]
    if not request:
        return default
    wanted = _asked_language() or request.accept_languages.best_match(LANGUAGES)
    return LANGUAGES[wanted] if wanted else default


def _asked_language() -> str | None:
    asked = request.args.get("lang", "")
    return asked if asked in LANGUAGES else None


def _for_every_page() -> dict[str, Any]:
    return {
        "site_name": current_app.config["SITE_NAME"],
        "language": str(get_locale()).replace("_", "-"),
        "asked_language": _asked_language(),
    }


def _nobody(_user_id: str) -> None:
    """Nobody can sign in yet, so whatever a cookie says, nobody is."""


def _protect(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if current_app.config["HTTPS"]:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if answer.mimetype == "text/html":
        answer.vary.add("Accept-Language")
    return answer
