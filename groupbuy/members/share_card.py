"""What a chat shows of a shared deal: title, line and picture (Open Graph, WeChat's card)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import NamedTuple

from flask import current_app, url_for
from flask_babel import gettext as _
from PIL import Image, ImageDraw

from groupbuy import wechat
from groupbuy.catalog.models import Picture
from groupbuy.core.money import format_yuan
from groupbuy.deals.announcing import closing_line
from groupbuy.deals.models import Deal, DealItem
from groupbuy.members.pictures import picture_url
from groupbuy.members.sign_in import in_wechat

_MOST_ITEMS = 3
_SIDE = 600  # pixels; a chat takes no picture under 300
_GREEN, _PAPER, _CREAM, _SHELF, _WHITE = "#018942", "#f6f2ea", "#fffaf0", "#e2bf8a", "#ffffff"


class ShareCard(NamedTuple):
    """Addresses are whole; `in_wechat` says whether WeChat is looking and can be given a card."""

    title: str
    description: str
    url: str
    image: str
    in_wechat: bool


def share_card(
    deal: Deal, items: Sequence[DealItem], picture: Picture | None, *, now: datetime
) -> ShareCard:
    """The card of `deal`; `picture` is the one to show, or None for the house's own."""
    image = picture_url(picture, 480) if picture else url_for("sharing.brand_picture")
    return ShareCard(
        title=f"{deal.title} · {deal.leader.community}",
        description=_description(deal, items, now),
        url=deal_address(deal),
        image=current_app.config["SITE_URL"] + image,
        in_wechat=in_wechat() and wechat.configured(),
    )


def deal_address(deal: Deal) -> str:
    """The short link people pass on."""
    address: str = current_app.config["SITE_URL"] + url_for("members.deal", slug=deal.slug)
    return address


def _description(deal: Deal, items: Sequence[DealItem], now: datetime) -> str:
    prices = [f"{item.name} {format_yuan(item.price_fen)}" for item in items[:_MOST_ITEMS]]
    goods = _(", ").join(prices)
    if len(items) > _MOST_ITEMS:
        goods = _("%(goods)s, %(count)s kinds in all", goods=goods, count=len(items))
    return f"{closing_line(deal, now=now)} · {goods}" if goods else closing_line(deal, now=now)


@cache
def brand_png() -> bytes:
    """Awning, bag and shelf on warm paper, 600 px square: for deals without a photograph."""
    big = _SIDE * 3  # drawn large and made small: Pillow draws without smoothing
    image = Image.new("RGB", (big, big), _PAPER)
    draw = ImageDraw.Draw(image)
    stripe = big // 10
    for number in range(10):
        left, colour = number * stripe, _CREAM if number % 2 else _GREEN
        draw.rectangle((left, 0, left + stripe, stripe * 2), fill=colour)
        draw.ellipse((left, stripe * 1.5, left + stripe, stripe * 2.5), fill=colour)
    draw.rectangle((0, stripe * 8, big, big), fill=_SHELF)
    _draw_bag(draw, stripe)
    file = BytesIO()
    small = image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    small.quantize(64).save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw_bag(draw: ImageDraw.ImageDraw, unit: int) -> None:
    """A green bag with handles, standing on the shelf; `unit` is a tenth of the picture."""
    line = unit // 4
    handles = (unit * 3.8, unit * 3.1, unit * 6.2, unit * 5.9)
    draw.arc(handles, 180, 360, fill=_GREEN, width=line)
    sides = [(2.7, 4.5), (7.3, 4.5), (7.0, 8.5), (3.0, 8.5)]
    draw.polygon([(x * unit, y * unit) for x, y in sides], fill=_GREEN)
    smile = (unit * 3.9, unit * 4.4, unit * 6.1, unit * 6.6)
    draw.arc(smile, 20, 160, fill=_WHITE, width=line)
