"""QR codes: a text as SVG for pages and as PNG for paper.

Always medium error correction and the standard's quiet border of four modules. The mask is fixed:
every mask can be read, and trying all eight takes eight times as long.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

BORDER = 4
_MASK = 3


def svg(text: str) -> str:
    """`text` as an SVG element on white (a dark page must not swallow the border), sized by CSS."""
    grid = _modules(text)
    size = len(grid)
    dark = "".join(
        f"M{x} {y}.5h{length}" for y, row in enumerate(grid) for x, length in _dark_runs(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        f' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path stroke="#000" d="{dark}"/></svg>'
    )


def png(text: str, scale: int = 8) -> bytes:
    """`text` as a black and white PNG, `scale` pixels to the module."""
    grid = _modules(text)
    image = Image.new("1", (len(grid), len(grid)), 1)
    image.putdata([not dark for row in grid for dark in row])
    side = len(grid) * scale
    file = BytesIO()
    image.resize((side, side), Image.Resampling.NEAREST).save(file, "PNG", optimize=True)
    return file.getvalue()


def _modules(text: str) -> list[list[bool]]:
    """Rows of modules with their border, True is dark. Raises ValueError beyond 2,331 bytes."""
    code: QRCode = QRCode(error_correction=ERROR_CORRECT_M, border=BORDER, mask_pattern=_MASK)
    code.add_data(text)
    code.make(fit=True)
    return code.get_matrix()


def _dark_runs(row: list[bool]) -> list[tuple[int, int]]:
    """(start, length) of each run of dark modules.

    >>> _dark_runs([False, True, True, False, True])
    [(1, 2), (4, 1)]
    """
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and x and row[x - 1]:
            start, length = runs.pop()
            runs.append((start, length + 1))
        elif dark:
            runs.append((x, 1))
    return runs
