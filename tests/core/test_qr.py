"""QR codes as pages and paper get them."""

from __future__ import annotations

import re
from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from groupbuy.core import qr
from tests.checks import unreadable

LINK = "https://tuan.example.cn/p/count-in/IlBMMjAzNTA1MTItQUJDREVGIg.9f8e7d6c5b4a3f2e1d0c9b8a"
SVG = "{http://www.w3.org/2000/svg}"
FINDER = ["#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######"]
FORMAT_MASK = 0b101010000010010  # the standard lays this over the fifteen bits of the format


def _from_png(text: str, scale: int = 3) -> list[str]:
    image = Image.open(BytesIO(qr.png(text, scale)))
    size = image.width // scale
    dark = [
        [not image.getpixel((x * scale + 1, y * scale + 1)) for x in range(size)]
        for y in range(size)
    ]
    return ["".join("#" if module else " " for module in row) for row in dark]


def _from_svg(text: str) -> list[str]:
    drawing = ElementTree.fromstring(qr.svg(text))
    size = int(drawing.attrib["viewBox"].split()[-1])
    grid = [[" "] * size for _ in range(size)]
    path = drawing.findall(f"{SVG}path")[-1].attrib["d"]
    for x, y, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", path):
        grid[int(y)][int(x) : int(x) + int(length)] = "#" * int(length)
    return ["".join(row) for row in grid]


@pytest.mark.parametrize("text", ["a", LINK, "团长的自提码 123", "x" * 2000])
def test_the_drawing_and_the_picture_show_the_same_code(text: str) -> None:
    assert _from_svg(text) == _from_png(text)


@pytest.mark.parametrize("text", ["a", LINK, "x" * 2000])
def test_a_code_has_a_quiet_border_of_four_modules_and_its_three_corners(text: str) -> None:
    grid = _from_png(text)
    inner = [row[4:-4] for row in grid[4:-4]]
    assert (len(inner) - 17) % 4 == 0
    assert {*grid[:4], *grid[-4:]} == {" " * len(grid)}
    assert {row[:4] + row[-4:] for row in grid} == {" " * 8}
    assert [row[:7] for row in inner[:7]] == FINDER
    assert [row[-7:] for row in inner[:7]] == FINDER
    assert [row[:7] for row in inner[-7:]] == FINDER


@pytest.mark.parametrize("text", ["a", LINK])
def test_scanners_read_medium_error_correction(text: str) -> None:
    inner = [row[4:-4] for row in _from_png(text)[4:-4]]
    first_bits = "".join("1" if module == "#" else "0" for module in inner[8][:2])
    assert int(first_bits, 2) ^ (FORMAT_MASK >> 13) == 0b00


def test_a_dark_page_does_not_swallow_the_border() -> None:
    ground, dark = ElementTree.fromstring(qr.svg(LINK)).findall(f"{SVG}path")
    assert ground.attrib["fill"] == "#fff"
    assert dark.attrib["stroke"] == "#000"


def test_the_same_text_always_gives_the_same_code_and_another_text_another() -> None:
    assert qr.png(LINK) == qr.png(LINK)
    assert qr.svg(LINK) == qr.svg(LINK)
    assert qr.svg(LINK) != qr.svg(LINK + "x")


def test_more_text_than_a_code_holds_is_refused() -> None:
    with unreadable():
        qr.svg("x" * 2332)
