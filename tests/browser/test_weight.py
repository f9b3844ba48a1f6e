"""How much a first visit costs a phone: cold cache, what it fetches before anybody scrolls."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from playwright.sync_api import Page

from groupbuy.catalog import pictures
from groupbuy.core import clock
from groupbuy.demo import album
from groupbuy.extensions import db
from tests.browser.site import Site
from tests.browser.walking import HOUR
from tests.factories import make_deal, make_leader, make_order, make_sku

pytestmark = pytest.mark.slow

MOST_BYTES = 150_000


def twenty_items_with_pictures() -> str:
    """The address of an open deal as big as they come, with a cover and a roll."""
    leader, now = make_leader(), clock.now()
    skus = [make_sku(leader, name=f"时令好货第 {n} 样", spec="500 g") for n in range(1, 21)]
    photos = sorted(album.FOLDER.glob("*.webp"))
    for sku, photo in zip(skus, photos, strict=False):
        with photo.open("rb") as file:
            pictures.add_picture(sku.product, file, alt="摆在木板上", now=now)
    deal = make_deal(leader=leader, skus=skus, opens_at=now - HOUR)
    with (album.FOLDER / "weekend-market.webp").open("rb") as file:
        pictures.add_picture(deal, file, alt="摊位", now=now)
    for _ in range(30):
        make_order(deal, 1, 1, now=now)
    db.session.commit()
    return f"/d/{deal.slug}"


def fetched(page: Page, path: str) -> dict[str, int]:
    """Address -> bytes on the wire, headers and all, until the page was quiet."""
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def asked(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def finished(event: dict[str, Any]) -> None:
        sizes[addresses[event["requestId"]]] = event["encodedDataLength"]

    wire = page.context.new_cdp_session(page)
    wire.on("Network.requestWillBeSent", asked)
    wire.on("Network.loadingFinished", finished)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(path, wait_until="networkidle")
    return {url: size for url, size in sizes.items() if not url.startswith("data:")}


def test_the_first_view_of_twenty_items_with_pictures_is_light(site: Site, page: Page):
    sizes = fetched(page, twenty_items_with_pictures())
    photos = [url for url in sizes if "/pictures/" in url]
    total = sum(sizes.values())
    parts = [f"{size:7} {url.removeprefix(site.url)}" for url, size in sizes.items()]
    figures = "\n".join([f"first view: {total} bytes, {len(photos)} photos", *sorted(parts)[::-1]])
    sys.stdout.write(figures + "\n")
    assert total < MOST_BYTES, figures
    assert 3 < len(photos) < 20  # those in sight and near, not all
