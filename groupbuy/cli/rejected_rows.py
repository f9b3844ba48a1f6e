"""`FILE.rejected.csv`: the rows an import refused, and why."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Self

from flask_babel import gettext as _

from groupbuy.cli.frame import Refused
from groupbuy.orders.export_columns import as_text

_FORMULA = re.compile(r"[=@\t\r]|[-+](?![0-9.,]+$)")


class RejectedRows:
    """Used as a context: the file appears when it ends well, and is not there if nothing was noted.

    The file of an earlier run is replaced or removed. Only its owner may read it: rows name people.
    """

    def __init__(self, source: Path, headings: Sequence[str]) -> None:
        self.path = source.with_name(f"{source.name}.rejected.csv")
        self.headings = headings
        self._file: IO[str] | None = None

    def note(self, number: int, reason: Any, cells: Sequence[Any]) -> None:
        """Write down a refused row. Raises Refused when the folder cannot be written to."""
        try:
            if self._file is None:
                self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115 (closed by __exit__)
                    "w",
                    encoding="utf-8-sig",  # or Excel takes it for another encoding
                    errors="replace",
                    newline="",
                    dir=self.path.parent,
                    delete=False,
                )
                self._write("row", "reason", *self.headings)
            self._write(number, reason, *cells[: len(self.headings)])
        except OSError as error:
            path, why = self.path, error.strerror
            raise Refused(_("“%(path)s” cannot be written: %(why)s", path=path, why=why)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if self._file is None:
            if not failed:
                self.path.unlink(missing_ok=True)
            return
        self._file.close()
        if failed:
            os.unlink(self._file.name)
        else:
            os.replace(self._file.name, self.path)

    def _write(self, *cells: Any) -> None:
        texts = (as_text(cell) for cell in cells)
        writer: Any = csv.writer(self._file)  # type: ignore[arg-type]
        writer.writerow(f"'{text}" if _FORMULA.match(text) else text for text in texts)
