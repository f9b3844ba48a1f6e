"""Templates are indented to be read; what goes down the wire is not."""

from __future__ import annotations

import re

from jinja2.ext import Extension

_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)


class Compact(Extension):
    """Takes the indentation out when a template is compiled, so that no answer pays for it.

    What expressions put in is untouched; there is no `pre` in our templates.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """`source` with one space where its lines were indented: words stay apart."""
        return _INDENT.sub(" ", source)
