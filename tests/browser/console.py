"""Staff at their consoles: signed in, on a phone or at a PC, pressing what is on the screen."""

from __future__ import annotations

import io
import pathlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from groupbuy import jobs
from groupbuy.accounts import devices
from groupbuy.accounts.models import Member, User
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.purchasing import closing
from tests import factories
from tests.browser.conftest import OpenPage
from tests.browser.gate import sign_in
from tests.browser.site import Site

SIZES: dict[str, dict[str, Any]] = {
    "phone": {},
    "pc": {
        "viewport": {"width": 1280, "height": 800},
        "device_scale_factor": 1,
        "is_mobile": False,
        "has_touch": False,
        "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
        " (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    },
}
on_both = pytest.mark.parametrize("size", SIZES)

Desk = Callable[[User], Page]


def desks(site: Site, open_page: OpenPage, size: str, **options: Any) -> Desk:
    """Opens another screen of `size` at which somebody is signed in."""

    def sit_down(user: User) -> Page:
        with transaction():
            token = devices.sign_in_device(user, "Chrome", now=clock.now())
        page = open_page(**SIZES[size] | options)
        sign_in(site, page.context, {"_user_id": token, "_fresh": True})
        return page

    return sit_down


def open_up(page: Page, path: str) -> None:
    """Go there; the page must come, whole, and as wide as the screen."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    fits(page)


def fits(page: Page) -> None:
    """Nothing makes the page wider than the screen."""
    page.wait_for_load_state()
    wide, screen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= screen, f"{page.url} is {wide} wide on {screen}"


def press(page: Page, name: str) -> None:
    """The first visible button or link that says `name`."""
    either = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))
    either.filter(visible=True).first.click()


def said(page: Page) -> Locator:
    """What the page says has just happened."""
    return page.locator(".alert-success, .flash_success, .said_success").first


def saved(page: Page, words: str = "") -> None:
    """It worked, and says so."""
    expect(said(page)).to_contain_text(words)
    fits(page)


def photo(folder: pathlib.Path, name: str = "veg.jpg", colour: str = "#3a7d44") -> pathlib.Path:
    """A small photograph, with a place in its EXIF."""
    kept = folder / name
    image, exif = Image.new("RGB", (640, 480), colour), Image.Exif()
    exif[0x010F] = "camera of the test"
    image.save(kept, "JPEG", exif=exif)
    return kept


def fetched(page: Page, press_it: Callable[[], None]) -> bytes:
    """The file that comes when `press_it` is done."""
    with page.expect_download() as coming:
        press_it()
    return pathlib.Path(coming.value.path()).read_bytes()


def cells(workbook: bytes) -> list[str]:
    """Every value of every sheet, as text."""
    sheets = load_workbook(io.BytesIO(workbook)).worksheets
    rows = [row for sheet in sheets for row in sheet.iter_rows(values_only=True)]
    return [str(value) for row in rows for value in row if value is not None]


def at(hours: float) -> str:
    """So many hours from now, as a date box takes it."""
    return f"{clock.local(clock.now() + timedelta(hours=hours)):%Y-%m-%dT%H:%M}"


def fresh() -> None:
    """Read what the server has written meanwhile."""
    db.session.rollback()
    db.session.expire_all()


def deal_of_one_supplier(*names: str) -> Deal:
    """A deal of goods at ¥10.00 that opened an hour ago; all come from one supplier."""
    leader = factories.make_leader()
    farm = factories.make_supplier(leader)
    skus = [factories.make_sku(leader, farm, name=name, price_fen=1000) for name in names]
    opens_at = clock.now() - timedelta(hours=1)
    deal = factories.make_deal(leader=leader, skus=skus, opens_at=opens_at)
    db.session.commit()
    return deal


def order_now(
    deal: Deal, *pieces: int, name: str = "张伟", member: Member | None = None, paid: bool = True
) -> Order:
    """Somebody orders now; `paid`: the leader has the money."""
    make = factories.make_placed if paid else factories.make_order
    member = member or factories.make_member(deal.leader, name)
    placed: Order = make(deal, *pieces, member=member, now=clock.now())
    db.session.commit()
    return placed


def finish_closing(deal: Deal) -> None:
    """What the scheduler does a moment later."""
    fresh()
    jobs.close_deal(deal.id, now=clock.now())


def close_now(deal: Deal) -> None:
    """Close it before its time, lists and all."""
    with transaction():
        closing.begin_early(deal, because="够了", now=clock.now())
    finish_closing(deal)
