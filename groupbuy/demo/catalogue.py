"""What the demo's leaders sell: categories, invented suppliers, forty products at 2026 prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.catalog.attributes import parse_attributes, parse_video_url
from groupbuy.catalog.models import Category, Product, Sku, Supplier
from groupbuy.demo.details import DETAILS, Details
from groupbuy.extensions import db

CATEGORIES = ("新鲜蔬菜", "时令水果", "蛋奶早餐", "鲜肉禽类", "海鲜水产", "米面粮油", "居家日用")
VEGETABLES, FRUIT, BREAKFAST, MEAT, SEAFOOD, PANTRY, HOUSEHOLD = CATEGORIES


class Goods(NamedTuple):
    """One size of one product; money in fen, `pack` pieces come in a case."""

    code: str
    name: str
    spec: str
    unit: str
    pack: int
    price_fen: int
    cost_fen: int
    category: str
    storage: str = "fresh"
    after_sale: str = "fresh"
    description: str = ""


class Business(NamedTuple):
    """A supplier, which leader buys there, and what it delivers."""

    leader_slug: str
    name: str
    contact: str
    phone: str
    goods: tuple[Goods, ...]


_FARM = (
    Goods(
        "LS01",
        "崇明土鸡蛋",
        "30 枚",
        "盒",
        6,
        4280,
        3350,
        BREAKFAST,
        description="当天捡，破了包赔",
    ),
    Goods("LS02", "上海青", "500 g", "份", 20, 450, 280, VEGETABLES, description="清晨现割"),
    Goods("LS03", "鸡毛菜", "500 g", "份", 20, 580, 360, VEGETABLES),
    Goods("LS04", "普罗旺斯西红柿", "1.25 kg", "盒", 8, 1980, 1400, VEGETABLES),
    Goods("LS05", "水果黄瓜", "1 kg", "份", 10, 1280, 850, VEGETABLES),
    Goods(
        "LS06", "铁棍山药", "1.5 kg", "份", 8, 2980, 2100, VEGETABLES, description="沙土地，粉糯"
    ),
    Goods("LS07", "糯玉米", "10 根", "袋", 6, 2680, 1850, VEGETABLES),
    Goods("LS08", "新土豆", "2.5 kg", "袋", 8, 1380, 900, VEGETABLES),
    Goods("LS09", "散养老母鸡", "约 1.2 kg", "只", 4, 8800, 6600, MEAT, description="已处理干净"),
    Goods("LS10", "鲜冬笋", "1 kg", "份", 6, 3680, 2600, VEGETABLES),
    Goods("LS11", "红心红薯", "2.5 kg", "箱", 4, 1990, 1350, VEGETABLES),
    Goods("LS12", "草头", "300 g", "份", 20, 880, 550, VEGETABLES),
)
_FROZEN = ("frozen", "fresh")
_SEA = (
    Goods("BF01", "冷冻白虾", "1.4 kg", "盒", 6, 9900, 7600, SEAFOOD, *_FROZEN, "净重，不含冰"),
    Goods("BF02", "舟山带鱼段", "1 kg", "袋", 10, 4580, 3400, SEAFOOD, *_FROZEN),
    Goods("BF03", "鲜活梭子蟹", "2 只", "份", 8, 6800, 5200, SEAFOOD, description="蟹死包退"),
    Goods("BF04", "宁德大黄鱼", "500 g", "条", 10, 3280, 2450, SEAFOOD, *_FROZEN),
    Goods("BF05", "荠菜鲜肉馄饨", "500 g", "盒", 12, 2580, 1800, BREAKFAST, *_FROZEN, "约 25 只"),
    Goods("BF06", "鲜肉小笼包子", "24 个", "袋", 10, 2980, 2100, BREAKFAST, *_FROZEN),
    Goods("BF07", "原切牛腱子", "1 kg", "袋", 10, 7600, 6000, MEAT, *_FROZEN),
    Goods("BF08", "黑猪小排", "500 g", "盒", 12, 4980, 3850, MEAT, *_FROZEN),
)
_ORCHARD = (
    Goods(
        "BS01", "丹东草莓", "500 g", "盒", 8, 3990, 2900, FRUIT, description="约 15 颗，坏果包赔"
    ),
    Goods("BS02", "红富士苹果", "2.5 kg", "箱", 4, 3280, 2300, FRUIT),
    Goods("BS03", "赣南脐橙", "5 kg", "箱", 4, 4980, 3600, FRUIT),
    Goods("BS04", "蓝莓", "6 盒，每盒 125 g", "箱", 6, 5990, 4500, FRUIT),
    Goods("BS05", "金枕榴莲", "约 2 kg", "个", 4, 12800, 9800, FRUIT, description="熟度七八成"),
    Goods("BS06", "阳光玫瑰葡萄", "1 kg", "盒", 6, 2990, 2100, FRUIT),
    Goods("BS07", "徐香猕猴桃", "12 个", "盒", 8, 2580, 1800, FRUIT, description="放软再吃"),
    Goods("BS08", "海南小台芒", "2.5 kg", "箱", 4, 3680, 2600, FRUIT),
    Goods("BS09", "低温鲜牛奶", "950 ml", "瓶", 12, 1680, 1250, BREAKFAST, description="冷藏 7 天"),
    Goods("BS10", "原味酸奶", "8 杯，每杯 180 g", "组", 6, 2880, 2100, BREAKFAST),
)
_DRY = ("ambient", "standard")
_GROCER = (
    Goods("SK01", "五常稻花香大米", "5 kg", "袋", 4, 6990, 5400, PANTRY, *_DRY, "今年新米"),
    Goods("SK02", "压榨菜籽油", "5 L", "桶", 4, 8990, 7200, PANTRY, *_DRY),
    Goods("SK03", "手工挂面", "900 g", "把", 12, 1280, 800, PANTRY, *_DRY),
    Goods("SK04", "东北黑木耳", "250 g", "袋", 20, 2880, 2000, PANTRY, *_DRY),
    Goods("SK05", "新疆灰枣", "1 kg", "袋", 10, 2680, 1800, PANTRY, *_DRY),
    Goods("SK06", "安吉白茶", "100 g", "罐", 10, 9800, 7000, PANTRY, "ambient", "no_return"),
    Goods("SK07", "宁夏枸杞", "500 g", "袋", 20, 3680, 2600, PANTRY, *_DRY),
    Goods("SK08", "桂花藕粉", "20 条，每条 30 g", "盒", 12, 3280, 2200, PANTRY, *_DRY),
    Goods("SK09", "原生木浆抽纸", "24 包，每包 120 抽", "箱", 4, 4590, 3500, HOUSEHOLD, *_DRY),
    Goods("SK10", "洗衣液", "2 瓶，每瓶 3 kg", "组", 4, 3990, 2800, HOUSEHOLD, *_DRY),
)
BUSINESSES = (
    Business("demo-lin", "芦穗湾农场", "顾师傅", "19900009001", _FARM),
    Business("demo-lin", "白帆渔港冷链", "阿海", "19900009002", _SEA),
    Business("demo-zhou", "半山云果园", "小韦", "19900009003", _ORCHARD),
    Business("demo-gu", "石桥头粮油行", "许老板", "19900009004", _GROCER),
)


def add(leaders: Mapping[str, Leader], *, now: datetime) -> None:
    """Write categories, suppliers, products and SKUs; `leaders` are found by slug."""
    categories = {name: _category(name, place) for place, name in enumerate(CATEGORIES, 1)}
    for business in BUSINESSES:
        leader = leaders[business.leader_slug]
        supplier = Supplier(
            leader_id=leader.id,
            name=business.name,
            contact_name=business.contact,
            contact_phone=business.phone,
            link_version=1,
            created_at=now,
        )
        db.session.add(supplier)
        db.session.flush()
        for number, goods in enumerate(business.goods, 1):
            product = _product(goods, leader, categories[goods.category], now)
            product.skus = [_sku(goods, supplier, f"{number:03}", now)]
            db.session.add(product)
    db.session.flush()


def _product(goods: Goods, leader: Leader, category: Category, now: datetime) -> Product:
    said = DETAILS.get(goods.code, Details({}))
    return Product(
        leader_id=leader.id,
        category_id=category.id,
        name=goods.name,
        description="\n".join(words for words in (goods.description, said.words) if words),
        attributes=parse_attributes(said.attributes),
        video_url=parse_video_url(said.film),
        created_at=now,
    )


def _category(name: str, position: int) -> Category:
    """The operator may have made it already."""
    found = sa.select(Category).where(Category.parent_id.is_(None), Category.name == name)
    category = db.session.scalars(found.order_by(Category.id)).first()
    if category is None:
        category = Category(name=name, position=position)
        db.session.add(category)
        db.session.flush()
    return category


def _sku(goods: Goods, supplier: Supplier, supplier_code: str, now: datetime) -> Sku:
    return Sku(
        leader_id=supplier.leader_id,
        supplier_id=supplier.id,
        code=goods.code,
        supplier_code=supplier_code,
        spec=goods.spec,
        unit=goods.unit,
        pack_size=goods.pack,
        price_fen=goods.price_fen,
        cost_fen=goods.cost_fen,
        storage_class=goods.storage,
        after_sale_class=goods.after_sale,
        created_at=now,
    )
