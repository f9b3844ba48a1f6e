"""Commands for operators: `flask people`, `flask deals`, `flask jobs` and so on."""

from __future__ import annotations

from flask import Flask

from groupbuy.cli import deals


def register(app: Flask) -> None:
    """Attach the commands."""
    for group in (deals.group,):
        app.cli.add_command(group)
