"""The demo's deals: what is offered, when, how much is ordered, and how far each has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from groupbuy.core.clock import local
from groupbuy.deals.models import Deal
from groupbuy.demo import acts

_EVENING = 21


class Offer(NamedTuple):
    """A SKU in a deal; `sells` fixes how many pieces are ordered, else it is left to chance."""

    code: str
    stock: int | None = None
    limit: int | None = None
    sells: int | None = None


class Question(NamedTuple):
    """What the leader asks; with `choices` one of them is the answer, else a number is."""

    label: str
    choices: tuple[str, ...] = ()


class Times(NamedTuple):
    """The four instants of a deal."""

    opens_at: datetime
    closes_at: datetime
    pickup_starts_at: datetime
    pickup_ends_at: datetime


@dataclass(frozen=True)
class Scene:
    """A deal, its orders, and what happens to it afterwards.

    `orders` members order, the first of them always the demo's resident; `again` of them order
    twice; the last `pending` orders are not paid, the others in `way`. Without `times` it stays
    a draft.
    """

    slug: str
    leader_slug: str
    title: str
    intro: str
    offers: Sequence[Offer]
    times: Callable[[datetime], Times] | None = None
    orders: int = 0
    again: int = 0
    pending: int = 0
    way: str = "cash"
    rules: Mapping[str, Any] = field(default_factory=dict)
    questions: Sequence[Question] = ()
    acts: Sequence[Callable[[Deal], None]] = ()


def this_evening(now: datetime) -> Times:
    """Open since yesterday; closes at the next 21:00 that is two hours away; pickup a day later."""
    closes = _at(now, 0, _EVENING)
    if closes < now + timedelta(hours=2):
        closes = _at(now, 1, _EVENING)
    return Times(_at(now, -1, 8), closes, *_pickup(closes, 1))


def from_tomorrow(now: datetime) -> Times:
    """Opens tomorrow morning and closes the evening after."""
    closes = _at(now, 2, _EVENING)
    return Times(_at(now, 1, 8), closes, *_pickup(closes, 1))


def closing_now(now: datetime) -> Times:
    """Open for three days, over in a minute; pickup tomorrow."""
    return Times(_at(now, -3, 8), now + acts.ORDERING_TIME, *_pickup(now, 1))


def collected_now(now: datetime) -> Times:
    """Open for five days, over in a minute; the goods come by express and pickup is on already."""
    starts = local(now).replace(minute=0, second=0, microsecond=0)
    times = (now + acts.ORDERING_TIME, starts, starts + timedelta(hours=6))
    return Times(_at(now, -5, 8), *times)


def _at(now: datetime, days: int, hour: int) -> datetime:
    day = local(now) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def _pickup(after: datetime, days: int) -> tuple[datetime, datetime]:
    return _at(after, days, 16), _at(after, days, _EVENING)


def _offers(*codes: str) -> list[Offer]:
    return [Offer(code) for code in codes]


SCENES = (
    Scene(
        "demo-weekend",
        "demo-lin",
        "周末菜篮子：时蔬、土鸡蛋、大虾",
        "青菜当天清晨割，鸡蛋当天捡，冻品全程冰袋。截单后第二天下午送到，请自带袋子。",
        [
            Offer("LS01", stock=120, limit=4),
            *_offers("LS02", "LS04", "LS05", "LS06", "LS07", "LS08", "LS11", "LS12"),
            Offer("LS09", stock=16, limit=1, sells=9),
            Offer("BF01", stock=40),
            *_offers("BF05"),
        ],
        this_evening,
        orders=45,
        again=2,
        pending=4,
        rules={"minimum_kind": "persons", "minimum": 15},
        questions=(
            Question("鸡蛋要不要装盒", ("要，装盒", "不用，自己带袋子")),
            Question("家里几口人吃（方便我估量）"),
        ),
        acts=(acts.change_minds,),
    ),
    Scene(
        "demo-breakfast",
        "demo-lin",
        "早餐冰箱补货：馄饨、小笼、糯玉米",
        "一周的早餐一次备好，明早八点开团。",
        [*_offers("BF05", "BF06", "LS07", "LS01"), Offer("LS11", stock=60)],
        from_tomorrow,
        rules={"minimum_kind": "pieces", "minimum": 40},
    ),
    Scene(
        "demo-garden",
        "demo-lin",
        "本周时蔬和土鸡蛋，带几样冻品",
        "冬笋是第一批，数量凑满一车就截单。",
        _offers("LS01", "LS02", "LS03", "LS10", "LS06", "LS05", "BF02", "BF08"),
        closing_now,
        orders=30,
        again=2,
        pending=2,
        acts=(acts.close_early,),
    ),
    Scene(
        "demo-seafood",
        "demo-lin",
        "舟山海鲜和冻品专场",
        "冷链车直送小区，请在两小时内放进冰箱，带个保温袋。",
        _offers("BF01", "BF02", "BF04", "BF07", "BF08", "LS01"),
        collected_now,
        orders=24,
        pending=1,
        acts=(acts.close_on_time, acts.deliver_almost_all, acts.hand_out_half),
    ),
    Scene(
        "demo-crab",
        "demo-lin",
        "鲜活梭子蟹尝鲜团，满 10 人成团",
        "活蟹要整筐订，不到 10 人就不成团，钱全部退回。",
        _offers("BF03", "BF04"),
        closing_now,
        orders=4,
        rules={"minimum_kind": "persons", "minimum": 10},
        acts=(acts.close_on_time, acts.give_most_money_back),
    ),
    Scene(
        "demo-fruit",
        "demo-zhou",
        "当季水果：草莓、脐橙、榴莲，满 20 人发车",
        "我周末自己开车去果园拉，草莓怕压，每家限两盒。",
        [
            Offer("BS01", stock=24, limit=2, sells=21),
            *_offers("BS02", "BS03"),
            Offer("BS04", stock=40),
            Offer("BS05", stock=6, limit=1, sells=6),
            *_offers("BS06", "BS07", "BS08"),
        ],
        this_evening,
        orders=18,
        pending=1,
        rules={"minimum_kind": "persons", "minimum": 20, "limit_per_person": 20},
    ),
    Scene(
        "demo-milk",
        "demo-zhou",
        "鲜牛奶、酸奶一周装，取货时付钱",
        "保质期短，到货当天请来拿。",
        _offers("BS09", "BS10", "BS07"),
        collected_now,
        orders=20,
        rules={"pay_at_pickup": True, "share_by": "prorata"},
        acts=(acts.close_on_time, acts.deliver_almost_all, acts.hand_out_half),
    ),
    Scene(
        "demo-pantry",
        "demo-gu",
        "米面粮油囤货团",
        "新米到了。重的我拉到楼下，取货时付钱。",
        _offers("SK01", "SK02", "SK03", "SK04", "SK05", "SK07", "SK08"),
        this_evening,
        rules={"pay_at_pickup": True},
    ),
    Scene(
        "demo-household",
        "demo-gu",
        "纸品洗护补货",
        "还在问价格，先放着。",
        _offers("SK09", "SK10", "SK06"),
    ),
)
# Paid from afar where that takes no real money; see online.py.
ONLINE_SCENES = (
    Scene(
        "demo-hotpot",
        "demo-lin",
        "暖锅菜：小排、牛腱子、带鱼、时蔬，线上付款",
        "下单就付款，少货当天原路退。到货在门岗亭取，带个保温袋。",
        _offers("BF08", "BF07", "BF02", "LS02", "LS06", "LS08"),
        closing_now,
        orders=14,
        pending=1,
        way="sandbox",
        acts=(
            acts.close_on_time,
            acts.deliver_almost_all,
            acts.hand_out_half,
            acts.ask_for_second_person,
            acts.hand_over_cash,
        ),
    ),
    Scene(
        "demo-durian",
        "demo-zhou",
        "榴莲拼整箱，满 10 人发车，线上付款",
        "要拼满一车才走得动，不满 10 人钱全部原路退回。",
        _offers("BS05", "BS03"),
        closing_now,
        orders=5,
        way="sandbox",
        rules={"minimum_kind": "persons", "minimum": 10},
        acts=(acts.close_on_time,),
    ),
)
