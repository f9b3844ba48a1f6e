"""Playing the demo's scenes: deals are opened, ordered from and carried on by the real rules."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa

from groupbuy.accounts.models import Leader, Member, PickupPoint
from groupbuy.catalog.models import Sku
from groupbuy.core import clock
from groupbuy.deals.editing import DealForm, ItemForm, create_deal, publish
from groupbuy.deals.models import Deal, DealQuestion
from groupbuy.demo.people import SEED
from groupbuy.demo.scenes import Offer, Question, Scene
from groupbuy.extensions import db
from groupbuy.notices import sending
from groupbuy.notices.models import Notice
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm, place_order
from groupbuy.orders.vouching import vouch

_NOTES = (
    "鸡蛋请放最上面",
    "晚上七点以后来拿，谢谢",
    "请帮忙留一个保温袋",
    "替我妈妈取，报我的名字就行",
    "挑大一点的，辛苦啦",
    "和楼上邻居的那份放一起就行",
    "带小朋友来，麻烦打包紧一点",
    "到货请先放冰柜，我下班晚",
)
_NOTE_CHANCE = 0.2


def play(scene: Scene, *, now: datetime) -> None:
    """Write `scene` from its draft to where it stands. The caller commits."""
    deal = begin(scene, now=now)
    for act in scene.acts:
        act(deal)


def begin(scene: Scene, *, now: datetime) -> Deal:
    """Write `scene` up to its last order; what is paid from afar has been begun. No commit."""
    leader = db.session.scalars(sa.select(Leader).where(Leader.slug == scene.leader_slug)).one()
    deal = _draft(scene, leader, now)
    if scene.times:
        publish(deal, now=now)
        _take_orders(scene, deal)
    return deal


def tell(*, now: datetime) -> None:
    """Messages arrive at once, or hundreds would be printed on the first run."""
    for notice_id in db.session.scalars(sa.select(Notice.id).where(Notice.state == "owed")).all():
        sending.write_down(notice_id, {"in_app": ""}, now=now)


def _draft(scene: Scene, leader: Leader, now: datetime) -> Deal:
    own = sa.select(Sku).where(Sku.leader_id == leader.id)
    skus = {sku.code: sku.id for sku in db.session.scalars(own)}
    points = sa.select(PickupPoint.id).where(PickupPoint.leader_id == leader.id)
    form = DealForm(
        title=scene.title,
        intro=scene.intro,
        items=[
            ItemForm(skus[offer.code], stock=offer.stock, limit_per_person=offer.limit)
            for offer in scene.offers
        ],
        point_ids=db.session.scalars(points.order_by(PickupPoint.id)).all(),
        **(scene.times(now)._asdict() if scene.times else {}),
        **scene.rules,
    )
    deal = create_deal(leader, form, now=now)
    deal.slug = scene.slug  # the demo's addresses can be remembered
    deal.questions = [_question(deal, asked, n) for n, asked in enumerate(scene.questions, 1)]
    db.session.flush()
    return deal


def _question(deal: Deal, asked: Question, position: int) -> DealQuestion:
    return DealQuestion(
        leader_id=deal.leader_id,
        position=position,
        kind="choice" if asked.choices else "number",
        label=asked.label,
        choices=list(asked.choices),
        required=False,
    )


def _take_orders(scene: Scene, deal: Deal) -> None:
    rng = random.Random(f"{SEED}:{scene.slug}")
    items = {item.code: item.id for item in deal.items}
    baskets = list(_baskets(scene, rng))
    members = _buyers(scene, deal, rng)
    for number, (member, basket) in enumerate(zip(members, baskets, strict=True), 1):
        wanted = {items[code]: pieces for code, pieces in basket.items()}
        form = OrderForm(
            wanted,
            rng.choice(deal.points).id,
            f"{scene.slug}-{number}",
            rng.choice(_NOTES) if rng.random() < _NOTE_CHANCE else "",
            {item_id: _wish(rng) for item_id in wanted},
            way=scene.way,
        )
        order = place_order(member, deal, form, now=clock.now(), actor_id=member.user_id)
        if order.state == "pending" and number <= scene.orders - scene.pending:
            _let_pay(order)


def _let_pay(order: Order) -> None:
    """Cash is there at once."""
    if order.way == "cash":
        vouch(order, by_id=order.deal.leader.user_id, now=clock.now())
    else:
        paying.begin(order, order.way, "page", now=clock.now())


def _buyers(scene: Scene, deal: Deal, rng: random.Random) -> Sequence[Member]:
    """Who orders, in turn: the first member, others by chance, and `again` of them once more."""
    if not scene.orders:
        return []
    everybody = sa.select(Member).where(Member.leader_id == deal.leader_id).order_by(Member.id)
    first, *others = db.session.scalars(everybody)
    once = [first, *rng.sample(others, scene.orders - scene.again - 1)]
    return once + once[1 : scene.again + 1]


def _baskets(scene: Scene, rng: random.Random) -> Iterator[Counter[str]]:
    """Pieces per SKU code of each order; offers with `sells` go one each to the first in line."""
    plenty = [offer for offer in scene.offers if offer.sells is None]
    for place in range(scene.orders):
        kinds = rng.choices((1, 2, 3, 4, 5), (2, 4, 5, 3, 1))[0]
        chosen = rng.sample(plenty, min(kinds, len(plenty)))
        basket = Counter({offer.code: _pieces(offer, rng) for offer in chosen})
        for offer in scene.offers:
            whole, rest = divmod(offer.sells or 0, scene.orders)
            if whole + (place < rest):
                basket[offer.code] = whole + (place < rest)
        yield basket


def _pieces(offer: Offer, rng: random.Random) -> int:
    """Mostly one; who orders twice stays within half a limit each time."""
    pieces = rng.choices((1, 2, 3), (8, 2, 1))[0]
    return min(pieces, max(1, offer.limit // 2)) if offer.limit else pieces


def _wish(rng: random.Random) -> str:
    return rng.choices(("less", "refund", "substitute"), (7, 3, 1))[0]
