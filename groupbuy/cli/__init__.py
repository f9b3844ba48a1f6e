"""Commands for operators: `flask people`, `flask deals`, `flask jobs` and so on."""

from __future__ import annotations

from flask import Flask

from groupbuy.cli import arrivals, deals, demo, jobs, people, pickups, purchase_lists


def register(app: Flask) -> None:
    """Attach the commands."""
    groups = (arrivals, deals, demo, jobs, people, pickups, purchase_lists)
    commands = (*(module.group for module in groups), jobs.scheduler, jobs.verify)
    for command in commands:
        app.cli.add_command(command)
