"""The demo's pictures: which of the drawings in pictures/ show which goods."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.catalog import pictures
from groupbuy.catalog.models import Picture, Product, Sku
from groupbuy.deals.models import Deal
from groupbuy.extensions import db

FOLDER = Path(__file__).parent / "pictures"
_SHOWN = {
    "LS01": "egg-board egg-close breakfast-shelf",
    "LS02": "bok-crate farm-crate",
    "LS04": "tomato-board tomato-close farm-crate",
    "LS05": "cucumber-board farm-crate",
    "LS06": "yam-board",
    "LS07": "corn-board farm-crate",
    "LS08": "potato-crate farm-crate",
    "LS11": "sweet-board farm-crate",
    "BF01": "shrimp-ice shrimp-close harbour-ice",
    "BF02": "hairtail-ice harbour-ice",
    "BF03": "crab-ice harbour-ice",
    "BF04": "croaker-ice harbour-ice",
    "BF05": "dump-cloth",
    "BF06": "bun-cloth",
    "BS01": "berry-board berry-close orchard-crate",
    "BS02": "apple-crate apple-close orchard-crate",
    "BS03": "orange-crate orange-board orchard-crate",
    "BS04": "blueberry-close",
    "BS05": "durian-board",
    "BS06": "grape-board orchard-crate",
    "BS07": "kiwi-board orchard-crate",
    "BS08": "mango-crate orchard-crate",
    "BS09": "milk-shelf breakfast-shelf",
    "BS10": "yoghurt-shelf breakfast-shelf",
    "SK01": "rice-shelf pantry-shelf",
    "SK02": "oil-shelf pantry-shelf",
    "SK03": "noodle-cloth pantry-shelf",
    "SK05": "date-cloth",
}
_COVERS = {"demo-weekend": ("weekend-market", "摊位上摆着青菜、玉米、鸡蛋、西红柿和大虾")}
_TOGETHER = {
    "farm-crate": "刚收的一筐时蔬",
    "orchard-crate": "果园拉来的一筐水果",
    "harbour-ice": "冰上的各样海鲜",
    "breakfast-shelf": "货架上的鸡蛋、酸奶和牛奶",
    "pantry-shelf": "货架上的油、挂面和米",
}
_LAYOUTS = {
    "board": "放在木板上",
    "crate": "装在木箱里",
    "close": "近看",
    "cloth": "盛在盘子里",
    "ice": "放在碎冰上",
    "shelf": "摆在货架上",
}


def names() -> set[str]:
    """The files of FOLDER that are used, without their ending."""
    used = [*_SHOWN.values(), *(name for name, _alt in _COVERS.values())]
    return set(" ".join(used).split())


def is_missing() -> bool:
    """Whether the demo's deals are still without their pictures."""
    shown = sa.select(Picture.id).join(Deal, Deal.id == Picture.deal_id)
    return db.session.scalar(shown.where(Deal.slug.in_(_COVERS)).limit(1)) is None


def add(leaders: list[Leader], *, now: datetime) -> None:
    """Put the pictures to the products of `leaders` and to their deals, as an upload would."""
    own = sa.select(Sku.code, Product).join(Product, Product.id == Sku.product_id)
    products = own.where(Sku.leader_id.in_([leader.id for leader in leaders]))
    for code, product in db.session.execute(products.order_by(Product.id)):
        for name in _SHOWN.get(code, "").split():
            layout = name.rsplit("-", 1)[1]
            alt = _TOGETHER.get(name) or f"{product.name}，{_LAYOUTS[layout]}"
            _add(product, name, alt, now)
    for slug, (name, alt) in _COVERS.items():
        _add(db.session.scalars(sa.select(Deal).where(Deal.slug == slug)).one(), name, alt, now)


def _add(owner: Product | Deal, name: str, alt: str, now: datetime) -> None:
    with (FOLDER / f"{name}.webp").open("rb") as file:
        pictures.add_picture(owner, file, alt=alt, now=now)
