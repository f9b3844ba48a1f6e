"""groupbuy: community group-buying, from an opened deal to handed-over bags."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import config
from groupbuy import cli, models, pages  # noqa: F401 (models: tables must be known)
from groupbuy.core import crypto
from groupbuy.core.engines import engine_options, set_up_engine
from groupbuy.extensions import babel, csrf, db, limiter, login_manager, migrate
from groupbuy.sessions import Sessions


def create_app(overrides: dict[str, Any] | None = None) -> Flask:
    """The application, from the environment; `overrides` replace single settings (tests)."""
    app = Flask("groupbuy", static_folder=None)  # assets.py serves what was built
    app.config.from_mapping(config.load() | (overrides or {}))
    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.session_interface = Sessions()
    app.extensions["groupbuy_data_keys"] = crypto.parse_keys(app.config["DATA_KEYS"])
    app.extensions["groupbuy_kept"] = {}
    _bind_extensions(app)
    pages.register(app)
    cli.register(app)
    return app


def _bind_extensions(app: Flask) -> None:
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url, app.config["DATABASE_POOL_SIZE"])
    db.init_app(app)
    migrate.init_app(app, db, render_as_batch=True, compare_type=True)
    babel.init_app(app, locale_selector=pages.chosen_locale)
    login_manager.init_app(app)
    csrf.init_app(app)
    limiter.init_app(app)
    with app.app_context():
        set_up_engine(db.engine)
