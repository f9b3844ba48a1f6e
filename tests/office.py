"""Opening our workbooks with other programs."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

_ALL_SHEETS_AS_UTF8 = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"


def opened(workbook: bytes) -> Any:
    """The workbook as openpyxl reads it."""
    return load_workbook(io.BytesIO(workbook))


def rows(sheet: Any) -> list[list[Any]]:
    """The values of a sheet, row by row."""
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def as_csv(workbook: bytes, folder: Path) -> list[list[list[str]]]:
    """The rows of every sheet as LibreOffice shows them."""
    written = _convert(workbook, folder, _ALL_SHEETS_AS_UTF8)
    return [list(csv.reader(io.StringIO(file.read_text("utf-8")))) for file in written]


def as_pdf(workbook: bytes, folder: Path) -> bytes:
    """What LibreOffice would print."""
    [printed] = _convert(workbook, folder, "pdf")
    return printed.read_bytes()


def _convert(workbook: bytes, folder: Path, form: str) -> list[Path]:
    """The files LibreOffice makes of `workbook`, oldest first."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("missing tool: soffice")
    source, out = folder / "list.xlsx", folder / "out"
    source.write_bytes(workbook)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [soffice, "--headless", profile, "--convert-to", form, "--outdir", out, source]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return sorted(out.iterdir(), key=lambda file: file.stat().st_mtime_ns)
