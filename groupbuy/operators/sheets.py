"""The settlement sheet of any deal: what its leader sees, with the same numbers."""

from __future__ import annotations

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from groupbuy import settlement_page
from groupbuy.access import policy
from groupbuy.operators.item_rates import deal_or_404

bp = Blueprint("sheets", __name__)


@bp.get("/deals/<slug>")
@policy("operator")
def show(slug: str) -> str:
    """The figures; `of` in the address opens the entries behind a number."""
    sheet = settlement_page.facts(deal_or_404(slug))
    return render_template("operators/settlement_sheet.html", **sheet)


@bp.post("/deals/<slug>/sheet.xlsx")
@policy("operator")
def download(slug: str) -> Response:
    """The sheet as a workbook. A POST because it writes down that it was taken."""
    return settlement_page.download(deal_or_404(slug))
