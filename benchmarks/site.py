"""The site as it is measured: without rate limits, which one machine's load would run into."""

from __future__ import annotations

from flask import Flask

from groupbuy import create_app


def make_app() -> Flask:
    """The application, from the environment."""
    return create_app({"RATELIMIT_ENABLED": False})
