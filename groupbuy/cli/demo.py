"""`flask demo`: a made-up community to look around in."""

from __future__ import annotations

from typing import Any

import click
from flask_babel import gettext as _

from groupbuy.cli import frame
from groupbuy.core import clock
from groupbuy.demo import loading

group = frame.Group("demo", help="Demo data for a development site.")


@frame.command(group, "load")
@frame.as_json
def load(as_json: bool) -> None:
    """Fill an empty database with invented neighbours, deals and orders. Again changes nothing."""
    loading.require_demo_site()
    steps = loading.missing_steps()
    for step in frame.progress(steps, len(steps), "demo"):
        step(clock.now())
    summary = loading.summary(clock.now())
    if as_json:
        frame.print_json(summary)
    else:
        _print(summary)


def _print(summary: dict[str, Any]) -> None:
    click.echo(
        _(
            "%(leaders)s leaders with %(points)s pickup points and %(residents)s residents;"
            " %(suppliers)s suppliers, %(products)s products in %(categories)s categories;"
            " %(deals)s deals with %(orders)s orders.",
            **summary["counts"],
        )
    )
    click.echo()
    deals = summary["deals"]
    headings = (_("deal"), _("state"), _("open it at"))
    frame.print_table(headings, ((d["title"], _(d["state"]), d["url"]) for d in deals))
    click.echo()
    click.echo(_("A purchase list as its supplier sees it: %(url)s", url=summary["supplier_page"]))
    click.echo()
    who = summary["people"]
    headings = (_("role"), _("name"), _("phone"))
    frame.print_table(headings, ((p["role"], p["name"], p["phone"]) for p in who))
    click.echo(_("They all sign in with the password %(password)s", password=summary["password"]))
