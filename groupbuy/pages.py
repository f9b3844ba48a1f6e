"""What all pages share: blueprints, language, headers."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, request, session
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy.exc import DBAPIError

from groupbuy import access, assets, error_pages, health, words
from groupbuy.accounts.choices import LANGUAGES
from groupbuy.accounts.devices import user_behind
from groupbuy.compact import Compact
from groupbuy.core.settings import setting
from groupbuy.extensions import db, login_manager
from groupbuy.leaders import frame
from groupbuy.leaders import routes as leaders
from groupbuy.members import (
    agreeing,
    by_code,
    by_wechat,
    cart,
    checkout,
    contacts_proven,
    documents,
    entering,
    help,
    leader_home,
    me,
    me_addresses,
    me_devices,
    me_messages,
    me_password,
    my_pickups,
    order_changing,
    orders,
    pay,
    pictures,
    products,
    sharing,
    sign_in,
)
from groupbuy.members import views as members
from groupbuy.members.language import language_asked
from groupbuy.operators import routes as operators
from groupbuy.paying import notifications, sandbox
from groupbuy.pickup import views as pickup
from groupbuy.suppliers import views as suppliers

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
_BLUEPRINTS = (
    assets.bp,
    health.bp,
    members.bp,
    products.bp,
    pictures.bp,
    cart.bp,
    checkout.bp,
    orders.bp,
    order_changing.bp,
    pay.bp,
    notifications.bp,
    sandbox.bp,
    my_pickups.bp,
    pickup.bp,
    suppliers.bp,
    leader_home.bp,
    sharing.bp,
    agreeing.bp,
    by_code.bp,
    by_wechat.bp,
    contacts_proven.bp,
    documents.bp,
    entering.bp,
    sign_in.bp,
    me.bp,
    me_addresses.bp,
    me_devices.bp,
    me_messages.bp,
    me_password.bp,
    help.bp,
    *leaders.BLUEPRINTS,
    *operators.BLUEPRINTS,
)


def register(app: Flask) -> None:
    """Attach blueprints and everything that surrounds a page."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension(Compact)
    words.register(app)
    frame.register(app)
    error_pages.register(app)
    app.add_template_global(assets.asset)
    app.context_processor(_for_every_page)
    app.after_request(_protect)
    login_manager.user_loader(user_behind)
    login_manager.session_protection = None  # phones change their address all day
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    access.register(app)


def chosen_locale() -> str:
    """`?lang=`, what the person chose, what their browser prefers, or the setting."""
    default: str = current_app.config["BABEL_DEFAULT_LOCALE"]
    if not request:
        return default
    wanted = language_asked() or session.get("lang")
    if wanted not in LANGUAGES and current_user.is_authenticated:
        return str(current_user.locale)
    if wanted not in LANGUAGES:
        wanted = request.accept_languages.best_match(LANGUAGES)
    return LANGUAGES[wanted] if wanted else default


def _for_every_page() -> dict[str, Any]:
    return {
        "site_name": _site_name(),
        "language": str(get_locale()).replace("_", "-"),
        "asked_language": language_asked(),
        "large_type": _wants_large_type(),
    }


def _site_name() -> str:
    """Also when the page has to say that the database does not answer."""
    try:
        return str(setting("SITE_NAME"))
    except DBAPIError:
        db.session.rollback()
        return str(current_app.config["SITE_NAME"])


def _wants_large_type() -> bool:
    """As this browser was told, else as the person chose for all theirs."""
    here = session.get("large_type")
    if here is None and current_user.is_authenticated:
        return bool(current_user.large_type)
    return bool(here)


def _protect(answer: Response) -> Response:
    said = {name.lower() for name, _value in answer.headers}  # once; `setdefault` each time
    for name, value in HEADERS.items():
        if name.lower() not in said:
            answer.headers.add(name, value)
    if current_app.config["HTTPS"]:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if answer.mimetype == "text/html":
        answer.vary.update(("Accept-Language", "Cookie"))
    return answer
