"""Where the files of pictures lie: a folder of the instance, or whatever takes its place here."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from flask import current_app


def keep(name: str, content: bytes) -> None:
    """Write a new file whole or not at all. The first two letters of `name` are its folder."""
    path = _place(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent) as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())  # a row is about to name this file
        os.link(draft.name, path)


def read(name: str) -> bytes | None:
    """The content of the file called `name`, or None when this host does not have it."""
    try:
        return _place(name).read_bytes()
    except FileNotFoundError:
        return None


def _place(name: str) -> Path:
    return Path(current_app.config["INSTANCE_DIR"]) / "pictures" / name[:2] / name
