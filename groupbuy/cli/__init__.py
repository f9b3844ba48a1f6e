"""Commands for operators: `flask people`, `flask deals`, `flask jobs` and so on."""

from __future__ import annotations

from flask import Flask

from groupbuy.cli import deals, demo, jobs, people


def register(app: Flask) -> None:
    """Attach the commands."""
    commands = (deals.group, demo.group, jobs.group, people.group, jobs.scheduler, jobs.verify)
    for command in commands:
        app.cli.add_command(command)
