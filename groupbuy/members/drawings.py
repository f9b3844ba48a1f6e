"""Which drawing stands for goods that have no photograph: by name, else by category."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from groupbuy.deals.models import DealItem


class Drawing(NamedTuple):
    """A symbol of the sprite, and the kind of tile behind it."""

    symbol: str
    tile: str


# Read from the top: 玉米 before 米, 豆奶 before 豆.
_BY_NAME = (
    ("苹果", Drawing("p-apple", "fruit")),
    ("草莓 蓝莓 树莓 樱桃 车厘子", Drawing("p-berry", "fruit")),
    ("橘 橙 柑 柚 柠檬", Drawing("p-orange", "fruit")),
    ("西红柿 番茄", Drawing("p-tomato", "veg")),
    ("玉米", Drawing("p-corn", "veg")),
    ("水饺 饺子 馄饨 云吞 汤圆", Drawing("p-dump", "cold")),
    ("馒头 包子 花卷", Drawing("p-bun", "grain")),
    ("豆腐 豆干", Drawing("p-tofu", "cold")),
    ("牛奶 鲜奶 酸奶 豆奶 豆浆", Drawing("p-milk", "cold")),
    ("鸡蛋 鸭蛋 鹌鹑蛋", Drawing("p-egg", "dairy")),
    ("大米 新米 小米 稻", Drawing("p-rice", "grain")),
    ("青菜 白菜 上海青 鸡毛菜 菠菜 生菜 油菜", Drawing("p-bok", "veg")),
)
_BY_CATEGORY = (
    ("果", Drawing("p-orange", "fruit")),
    ("菜 蔬", Drawing("p-bok", "veg")),
    ("米 面 粮 主食", Drawing("p-rice", "grain")),
    ("蛋", Drawing("p-egg", "dairy")),
    ("奶", Drawing("p-milk", "dairy")),
    ("豆", Drawing("p-tofu", "dairy")),
    ("冻", Drawing("p-dump", "cold")),
)
_ANYTHING = Drawing("p-bag", "grain")
ON_THE_SHELF = ("p-orange", "p-bok", "p-egg", "p-milk", "p-tomato", "p-dump")  # of the cover


def drawing_of(item: DealItem, category: str) -> Drawing:
    """The drawing for `item`; a bag when neither its name nor `category` says more."""
    return _drawing(item.name, category)


@lru_cache(maxsize=4096)
def _drawing(name: str, category: str) -> Drawing:
    for text, drawings in ((name, _BY_NAME), (category, _BY_CATEGORY)):
        for words, drawing in drawings:
            if any(word in text for word in words.split()):
                return drawing
    return _ANYTHING
