"""The rules of the community and what happens to people's data, to be read by everybody."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template
from flask_babel import get_locale

from groupbuy.access import policy
from groupbuy.accounts.consent import DOCUMENTS
from groupbuy.core.settings import setting

bp = Blueprint("documents", __name__)


@bp.get("/documents/<name>")
@policy("public")
def show(name: str) -> str:
    """The version in force, in the reader's language."""
    version = DOCUMENTS.get(name) or abort(404)
    language = "en" if str(get_locale()).startswith("en") else "zh"
    return render_template(
        "documents/document.html",
        document=name,
        version=version,
        text=f"documents/{name}/{version}/{language}.html",
        operator=setting("OPERATOR_NAME"),
        write_to=current_app.config["MAIL_FROM"],
    )
