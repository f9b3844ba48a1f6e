"""Pictures of every page in its states: phone (light, dark, large letters, whole) and desktop.

Pages that are as often seen on a computer are drawn there in the dark as well.

`make screenshots` writes them into screenshots/, with an index.html that shows them side by side.
Names on the command line choose pages: `python -m tools.screenshots deal checkout-error`.
"""

from __future__ import annotations

import html
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import PHONE
from tests.browser.found import Stage
from tests.browser.showing import PAGES
from tests.browser.shown import Shown
from tests.browser.site import Site, running_site
from tests.browser.stage import set_up

FOLDER = Path(__file__).parents[1] / "screenshots"
DESKTOP = {
    "viewport": {"width": 1280, "height": 800},
    "locale": "zh-CN",
    "timezone_id": "Asia/Shanghai",
}
# Name -> what the browser is, and what the cookie says besides.
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "phone": (PHONE, {}),
    "dark": (PHONE | {"color_scheme": "dark"}, {}),
    "large": (PHONE, {"large_type": True}),
    "desktop": (DESKTOP, {}),
    "desktop_dark": (DESKTOP | {"color_scheme": "dark"}, {}),
}
WIDE_ONLY = "desktop_dark"
WHOLE = "whole"  # the first variant again, on a screen as tall as the page
TALLEST = 8000
# Pictures below the fold load late; those in sight must be there.
SETTLED = """() => Promise.all([document.fonts.ready, ...[...document.images]
  .filter(it => it.getBoundingClientRect().top < innerHeight)
  .map(it => it.decode().catch(() => 0))])"""


def main() -> int:
    began = time.monotonic()
    wanted = [page for page in PAGES if _is_wanted(page.name, sys.argv[1:])]
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with _community() as (site, stage), ThreadPoolExecutor(2) as threads:
        parts = [threads.submit(_draw, site, stage, wanted, part) for part in _halves()]
        failures = [failure for part in parts for failure in part.result()]
    _write_index(wanted)
    count = len(list(FOLDER.glob("*.png")))
    print(f"{count} pictures in {FOLDER}/index.html, {time.monotonic() - began:.0f} s")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _is_wanted(name: str, asked: list[str]) -> bool:
    return not asked or name in asked or name.split("-")[0] in asked


def _halves() -> list[list[str]]:
    """About as much work for each of two browsers: the first variant is drawn whole as well."""
    first, *others = VARIANTS
    return [[first], others]


@contextmanager
def _community() -> Iterator[tuple[Site, Stage]]:
    folder = Path(tempfile.mkdtemp(prefix="groupbuy-screenshots-"))
    logging.disable(logging.WARNING)
    try:
        with running_site(f"sqlite:///{folder}/site.db", folder) as site:
            yield site, set_up(site.app)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _draw(site: Site, stage: Stage, wanted: list[Shown], variants: list[str]) -> list[str]:
    """Draw `wanted` in some variants with a browser of its own; returns what did not work."""
    failures = []
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or "chromium"
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for variant in variants:
            options, session = VARIANTS[variant]
            options = options | {"base_url": site.url, "reduced_motion": "reduce"}
            context = browser.new_context(**options, service_workers="block")
            context.set_default_timeout(5000)
            page = context.new_page()
            for shown in (it for it in wanted if it.wide or variant != WIDE_ONLY):
                try:
                    _picture(page, site.app, stage, shown, variant, session)
                except Exception as failure:  # the others are still worth seeing
                    failures.append(f"{shown.name}-{variant}: {str(failure).splitlines()[0]}")
            context.close()
        browser.close()
    return failures


def _picture(
    page: Page, app: Flask, stage: Stage, shown: Shown, variant: str, session: dict[str, Any]
) -> None:
    shown.open(page, app, stage, **session)
    page.evaluate(SETTLED)
    page.screenshot(path=FOLDER / f"{shown.name}-{variant}.png")
    if variant != next(iter(VARIANTS)):
        return
    before = dict(page.viewport_size or {})
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": before["width"], "height": min(height, TALLEST)})
    page.evaluate(SETTLED)
    page.screenshot(path=FOLDER / f"{shown.name}-{WHOLE}.png")
    page.set_viewport_size(before)


def _write_index(wanted: list[Shown]) -> None:
    rows = []
    for shown in wanted:
        cells = "".join(
            f'<td><a href="{shown.name}-{variant}.png">'
            f'<img src="{shown.name}-{variant}.png" alt="{variant}" loading="lazy"></a></td>'
            for variant in (*VARIANTS, WHOLE)
            if shown.wide or variant != WIDE_ONLY
        )
        rows.append(f"<tr><th>{html.escape(shown.name)}</th>{cells}</tr>")
    heads = "".join(f"<th>{variant}</th>" for variant in (*VARIANTS, WHOLE))
    (FOLDER / "index.html").write_text(
        "<!DOCTYPE html><meta charset=utf-8><title>Screenshots</title>"
        "<style>img { height: 26em; border: 1px solid #ccc } th { vertical-align: top }</style>"
        f"<table><tr><th></th>{heads}</tr>{''.join(rows)}</table>\n"
    )


if __name__ == "__main__":
    os.environ.setdefault("INSTANCE_DIR", tempfile.gettempdir())
    sys.exit(main())
