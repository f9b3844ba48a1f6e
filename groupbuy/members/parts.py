"""Parts of pages that are drawn once for everybody."""

from __future__ import annotations

from typing import Any

from flask import current_app
from markupsafe import Markup


def draw(name: str, /, **known: Any) -> Markup:
    """The template `members/_<name>.html`, of ours and escaping, with nothing but `known`.

    What every page is told of its reader is left out, so that none of it can get into the part.
    """
    return Markup(current_app.jinja_env.get_template(f"members/_{name}.html").render(known))
