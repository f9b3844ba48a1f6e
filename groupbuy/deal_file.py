"""A workbook about a deal, as a download."""

from __future__ import annotations

import io
import re
from datetime import datetime

from flask import send_file
from werkzeug.wrappers import Response

from groupbuy.core import clock, xlsx
from groupbuy.core.text import label
from groupbuy.deals.models import Deal

_NOT_IN_FILE_NAME = re.compile(r"[^\w\-（）()]+")


def send(file: bytes, deal: Deal, now: datetime) -> Response:
    """The workbook `file` under a name that tells the deal and the time, on whoever's disk."""
    title = label(_NOT_IN_FILE_NAME.sub(" ", deal.title), 40)
    return send_file(
        io.BytesIO(file),
        mimetype=xlsx.MIME_TYPE,
        as_attachment=True,
        download_name=f"{title} {clock.local(now):%Y%m%d-%H%M}.xlsx".strip(),
    )
