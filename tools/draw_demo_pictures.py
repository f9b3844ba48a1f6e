"""Draw the demo's pictures of goods: python tools/draw_demo_pictures.py [folder]

The goods are the drawings of groupbuy/templates/_sprite.html and tools/demo_goods.svg, laid out
on boards, in crates and close up, and photographed by Chromium. Needs the development packages
and a Chromium (CHROMIUM=/path; /usr/bin/chromium otherwise). The same drawings give the same files.
"""

from __future__ import annotations

import io
import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
OUT = ROOT / "groupbuy" / "demo" / "pictures"
SQUARE, WIDE = (600, 600), (960, 480)  # pixels, and the units everything below is measured in
LARGEST = 14_000  # bytes of one file

ALONE = (
    "apple-crate apple-close berry-board berry-close orange-crate orange-board egg-board egg-close"
    " bok-crate tomato-board tomato-close corn-board dump-cloth bun-cloth milk-shelf rice-shelf"
    " shrimp-ice shrimp-close hairtail-ice croaker-ice crab-ice cucumber-board potato-crate"
    " sweet-board blueberry-close grape-board kiwi-board mango-crate date-cloth oil-shelf"
    " noodle-cloth yoghurt-shelf yam-board durian-board"
)
MIXED = {
    "farm-crate": "bok tomato corn cucumber potato sweet",
    "orchard-crate": "orange apple grape mango kiwi berry",
    "harbour-ice": "shrimp croaker crab hairtail shrimp croaker",
    "breakfast-shelf": "egg milk yoghurt",
    "pantry-shelf": "oil rice noodle",
    "weekend-market": "bok corn cucumber milk apple egg tomato shrimp potato",
}


class Palette(NamedTuple):
    """Wall (light, dark), table (light, dark)."""

    wall: tuple[str, str]
    table: tuple[str, str]


WARM = (
    Palette(("#fdf1dc", "#f7dfb8"), ("#d9a866", "#c08b4a")),
    Palette(("#f6f3e2", "#e3e9c8"), ("#cfa168", "#b38347")),
    Palette(("#fdeee2", "#f9d6bd"), ("#e0b27a", "#c6925a")),
)
COLD = Palette(("#eaf4f8", "#cfe4ee"), ("#a9c6d6", "#8fb2c5"))


def use(symbol: str, x: float, y: float, size: float, turn: float = 0) -> str:
    """One piece with its middle at (x, y)."""
    corner = f'x="{x - size / 2:.0f}" y="{y - size / 2:.0f}" width="{size:.0f}" height="{size:.0f}"'
    return f'<use href="#p-{symbol}" {corner} transform="rotate({turn:.1f} {x:.0f} {y:.0f})"/>'


def stand(symbol: str, x: float, ground: float, size: float, turn: float = 0) -> str:
    """One piece that stands at (x, ground): drawings end a little above their lower edge."""
    return use(symbol, x, ground - size * 0.36, size, turn)


def room(palette: Palette, horizon: int) -> str:
    """A wall with light from a window, and a table from `horizon` down."""
    planks = "".join(
        f'<path d="M0 {y}h600" stroke="#7a4f1f" stroke-opacity=".14" stroke-width="2"/>'
        for y in range(horizon + 46, 600, 58)
    )
    return f"""
    <defs>
      <linearGradient id="wall" x2="0" y2="1"><stop stop-color="{palette.wall[0]}"/><stop
        offset="1" stop-color="{palette.wall[1]}"/></linearGradient>
      <linearGradient id="table" x2="0" y2="1"><stop stop-color="{palette.table[0]}"/><stop
        offset="1" stop-color="{palette.table[1]}"/></linearGradient>
      <radialGradient id="light"><stop stop-color="#fff" stop-opacity=".75"/><stop
        offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>
    </defs>
    <rect width="600" height="600" fill="url(#wall)"/>
    <ellipse cx="150" cy="120" rx="330" ry="230" fill="url(#light)"/>
    <rect y="{horizon}" width="600" height="{600 - horizon}" fill="url(#table)"/>{planks}
    <rect y="{horizon}" width="600" height="5" fill="#fff" opacity=".25"/>"""


def awning(stripes: int, width: int) -> str:
    """The market's awning along the upper edge."""
    return "".join(
        f'<path d="M{i * width} 0h{width}v68a{width / 2} 30 0 0 1-{width} 0z"'
        f' fill="{"#fffaf0" if i % 2 else "#018942"}"/>'
        for i in range(stripes)
    )


def board(goods: list[str], chance: random.Random) -> str:
    """A few pieces on a round-cornered board."""
    places = ((168, 424, 280), (432, 424, 280), (300, 456, 345))
    pieces = (
        stand(symbol, x, y, size, chance.uniform(-6, 6))
        for symbol, (x, y, size) in zip(goods * 3, places, strict=False)
    )
    return f"""{room(chance.choice(WARM), 330)}
    <ellipse cx="300" cy="516" rx="262" ry="30" fill="#3b2a0a" opacity=".18"/>
    <rect x="44" y="402" width="512" height="96" rx="46" fill="#8e5c2b"/>
    <rect x="44" y="390" width="512" height="92" rx="46" fill="#c98d4f"/>
    <rect x="66" y="400" width="468" height="66" rx="33" fill="#dba568"/>
    <path d="M96 420h250M150 436h320M120 452h200" stroke="#c08746" stroke-width="3"
      stroke-linecap="round"/>{"".join(pieces)}"""


def crate(goods: list[str], chance: random.Random) -> str:
    """Pieces heaped up in a wooden crate."""
    heap = [(130 + 112 * i, 222, 165) for i in range(4)] + [
        (90 + 140 * i, 302, 190) for i in range(4)
    ]
    pieces = (
        use(symbol, x, y, size, chance.uniform(-14, 14))
        for symbol, (x, y, size) in zip(goods * 8, heap, strict=False)
    )
    slats = "".join(
        f'<rect x="40" y="{y}" width="520" height="54" rx="6" fill="#d6a566"/>'
        f'<rect x="40" y="{y}" width="520" height="9" rx="4" fill="#e8c08a"/>'
        f'<path d="M70 {y + 26}h180M300 {y + 34}h200" stroke="#b98446" stroke-width="2.5"/>'
        for y in (372, 434, 496)
    )
    posts = "".join(
        f'<rect x="{x}" y="356" width="46" height="206" rx="6" fill="#c48f4e"/>'
        + "".join(f'<circle cx="{x + 23}" cy="{y}" r="5" fill="#8a5f2c"/>' for y in (398, 460, 522))
        for x in (52, 502)
    )
    return f"""{room(chance.choice(WARM), 440)}
    <ellipse cx="300" cy="560" rx="280" ry="24" fill="#3b2a0a" opacity=".2"/>
    <rect x="56" y="300" width="488" height="120" fill="#8a5f2c"/>{"".join(pieces)}{slats}{posts}"""


def close(goods: list[str], chance: random.Random) -> str:
    """So near that the pieces run out of the picture, on a checked cloth."""
    stripes = "".join(
        f'<path d="M{i} 0v600M0 {i}h600" stroke="#d9503c" stroke-opacity=".16" stroke-width="30"/>'
        for i in range(15, 615, 60)
    )
    places = ((455, 190, 350), (120, 215, 350), (305, 395, 470))
    pieces = (
        use(symbol, x, y, size, chance.uniform(-12, 12))
        for symbol, (x, y, size) in zip(goods * 3, places, strict=False)
    )
    return f"""<rect width="600" height="600" fill="#fffaf0"/>{stripes}{"".join(pieces)}"""


def cloth(goods: list[str], chance: random.Random) -> str:
    """On a plate, on a green cloth."""
    places = ((178, 448, 270), (422, 448, 270), (300, 482, 330))
    pieces = (
        stand(symbol, x, y, size, chance.uniform(-3, 3))
        for symbol, (x, y, size) in zip(goods * 3, places, strict=False)
    )
    hem = "".join(f'<circle cx="{x}" cy="330" r="13" fill="#5b9a63"/>' for x in range(12, 620, 24))
    return f"""{room(chance.choice(WARM), 330)}
    {hem}<rect y="330" width="600" height="270" fill="#5b9a63"/>
    <path d="M0 360h600M0 576h600" stroke="#fffaf0" stroke-opacity=".5" stroke-width="5"
      stroke-dasharray="16 12"/>
    <ellipse cx="300" cy="480" rx="250" ry="62" fill="#1f4a27" opacity=".25"/>
    <ellipse cx="300" cy="462" rx="250" ry="62" fill="#f7f1e4"/>
    <ellipse cx="300" cy="456" rx="206" ry="46" fill="#e9dfcb"/>{"".join(pieces)}"""


def ice(goods: list[str], chance: random.Random) -> str:
    """On crushed ice in an insulated box."""
    flakes = "".join(
        f'<path d="m{chance.uniform(30, 570):.0f} {chance.uniform(300, 470):.0f} 26-14 24 16-20 20'
        f'-28-6z" fill="#fff" opacity="{chance.uniform(0.5, 0.95):.2f}"/>'
        for _ in range(46)
    )
    many = len(set(goods)) > 1
    near = ((170, 250, 215), (420, 245, 215), (160, 380, 225), (430, 385, 225), (300, 320, 235))
    places = near if many else ((180, 255, 290), (425, 275, 290), (290, 385, 345))
    pieces = (
        use(symbol, x, y, size, chance.uniform(-16, 16))
        for symbol, (x, y, size) in zip(goods * 5, places, strict=False)
    )
    return f"""{room(COLD, 300)}
    <path d="M14 276h572l-18 300H32z" fill="#f4f8fa"/>
    <path d="M14 276h572l-3 26H17z" fill="#dfeaf0"/>
    <path d="M40 306h520l-8 190H48z" fill="#d3e6f0"/>{flakes}{"".join(pieces)}
    <path d="M26 494h548l-6 84H32z" fill="#fbfdfe"/><path d="M26 494h548l-1 10H27z" fill="#cfdde5"/>
    <path d="M300 514v48M279 526l42 24M279 550l42-24" stroke="#6aa9d8" stroke-width="6"
      stroke-linecap="round"/>"""


def shelf(goods: list[str], chance: random.Random) -> str:
    """Upright things in a row under an awning."""
    places = ((120, 438, 270), (480, 438, 270), (300, 452, 330))
    pieces = (
        stand(symbol, x, y, size) for symbol, (x, y, size) in zip(goods * 3, places, strict=False)
    )
    return f"""{room(chance.choice(WARM), 600)}
    <rect y="432" width="600" height="56" fill="#c98d4f"/><rect y="424" width="600" height="16"
      fill="#e3b77c"/><rect y="488" width="600" height="112" fill="#b27a3e" opacity=".55"/>
    {"".join(pieces)}<rect width="600" height="108" fill="#5a4310" opacity=".1"/>{awning(8, 75)}"""


def market(goods: list[str], chance: random.Random) -> str:
    """Everything on one long stall: the cover of a deal."""
    places = [(110 + 185 * i, 352, 215) for i in range(5)] + [
        (205 + 185 * i, 408, 235) for i in range(4)
    ]
    pieces = (
        stand(symbol, x, y, size, chance.uniform(-4, 4))
        for symbol, (x, y, size) in zip(goods, places, strict=True)
    )
    return f"""{room(WARM[0], 600)}<rect x="600" width="360" height="480" fill="url(#wall)"/>
    <rect y="330" width="960" height="150" fill="#d9a866"/><rect y="330" width="960" height="6"
      fill="#f0cf9b"/><rect y="420" width="960" height="60" fill="#b27a3e"/><rect y="412"
      width="960" height="14" fill="#e3b77c"/>{"".join(pieces)}
    <rect width="960" height="104" fill="#5a4310" opacity=".08"/>{awning(12, 80)}"""


LAYOUTS: dict[str, Callable[[list[str], random.Random], str]] = {
    layout.__name__: layout for layout in (board, crate, close, cloth, ice, shelf, market)
}


def pictures() -> Iterator[tuple[str, str]]:
    """(name, scene) of every picture; the last part of a name is its layout."""
    for name in ALONE.split():
        yield name, scene(name, [name.split("-")[0]])
    for name, goods in MIXED.items():
        yield name, scene(name, goods.split())


def scene(name: str, goods: list[str]) -> str:
    return LAYOUTS[name.split("-")[1]](goods, random.Random(name))


def drawings() -> str:
    sources = (ROOT / "groupbuy/templates/_sprite.html", ROOT / "tools/demo_goods.svg")
    return "".join(
        symbol
        for source in sources
        for symbol in re.findall(r'<symbol id="p-.*?</symbol>', source.read_text(), re.S)
    )


def packed(png: bytes) -> bytes:
    """A WebP file of at most LARGEST bytes."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in range(88, 20, -4):
        content = io.BytesIO()
        image.save(content, "WEBP", quality=quality, method=6)
        if content.tell() <= LARGEST:
            return content.getvalue()
    raise ValueError("too much in one picture")


def main() -> None:
    """Draw everything into the folder."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    out.mkdir(parents=True, exist_ok=True)
    symbols = drawings()
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for name, drawn in pictures():
            width, height = WIDE if name.endswith("-market") else SQUARE
            page.set_viewport_size({"width": width, "height": height})
            page.set_content(
                f'<body style="margin:0"><svg width="{width}" height="{height}" '
                f'xmlns="http://www.w3.org/2000/svg">{symbols}{drawn}</svg>'
            )
            (out / f"{name}.webp").write_bytes(packed(page.screenshot()))
        browser.close()
    files = list(out.glob("*.webp"))
    print(f"{len(files)} pictures, {sum(file.stat().st_size for file in files) // 1000} kB")


if __name__ == "__main__":
    main()
