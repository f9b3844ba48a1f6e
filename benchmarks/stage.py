"""What the site is measured on: deals, people who are signed in, and the requests they send."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from benchmarks.load import Request
from groupbuy.accounts import consent, devices
from groupbuy.accounts.models import Leader, Member, User
from groupbuy.catalog.models import Category
from groupbuy.core import clock
from groupbuy.core.db import learn_sizes, long_transaction, transaction
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup import arrival, bags, shortage
from groupbuy.pickup.models import Pickup
from groupbuy.purchasing.models import PurchaseList
from tests import factories
from tests.races import crowd

HOUR = timedelta(hours=1)
BROWSER = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile MicroMessenger/8"


class Goods(NamedTuple):
    """A deal to order from, here or at the floor: its name, its items, and where to collect."""

    name: str
    items: list[int]
    point_id: int = 0


class Visitor(NamedTuple):
    """Somebody signed in: the cookie, and the token their forms carry."""

    cookie: str
    token: str


def add_deal(leader: Leader, *, items: int, stock: int, filled: int = 0) -> Goods:
    """An open deal of so many items on five shelves; `filled` orders want all of them already."""
    shelves = list(db.session.scalars(sa.select(Category).order_by(Category.position)))
    if not shelves:
        shelves = [Category(name=name, position=n) for n, name in enumerate("蔬果肉蛋粮")]
        db.session.add_all(shelves)
    skus = []
    for n in range(items):
        sku = factories.make_sku(leader, name=f"商品 {n:03}", spec="500 g", price_fen=990 + n)
        sku.product.category = shelves[n % len(shelves)]
        skus.append(sku)
    opens_at = clock.now() - HOUR
    deal = factories.make_deal(leader=leader, skus=skus, stock=stock, opens_at=opens_at)
    if filled:
        crowd.fill(deal, placed=filled)
    return Goods(deal.slug, [item.id for item in deal.items], deal.points[0].id)


def add_visitors(app: Flask, count: int, *, first: int = 0) -> list[Visitor]:
    """So many residents, each signed in with one browser, who agreed to the documents before."""
    now, visitors = clock.now(), []
    for n in range(first, first + count):
        user = factories.make_user(f"邻居 {n}", f"137{n:08}")
        token = devices.sign_in_device(user, BROWSER, now=now)
        consent.agree(user, consent.missing(user), now=now)
        visitors.append(_visitor(app, token))
    return visitors


def let_in(app: Flask, user: User) -> Visitor:
    """Somebody who is known already, signed in with one more browser."""
    return _visitor(app, devices.sign_in_device(user, BROWSER, now=clock.now()))


def _visitor(app: Flask, token: str) -> Visitor:
    """The cookie and the form token as the site itself would make them."""
    secret = f"{random.getrandbits(160):040x}"
    content = {"_user_id": token, "_fresh": True, "csrf_token": secret}
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    forms = URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token")
    name = app.config["SESSION_COOKIE_NAME"]
    return Visitor(f"{name}={signer.dumps(content)}", str(forms.dumps(secret)))


def orders(
    goods: Goods, visitor: Visitor, *, lines: int, hot: Sequence[int] = ()
) -> Iterator[Request]:
    """Orders of `lines` different items each, `hot` always among them, without end."""
    address = f"/d/{goods.name}/checkout"
    who = {"name": "张伟", "phone": "13800138000", "building": "3", "unit": "1", "room": "602"}
    fixed = {"csrf_token": visitor.token, "point": str(goods.point_id), "way": "cash", **who}
    for wanted in _baskets(goods, lines, hot):
        form = fixed | {"key": f"{random.getrandbits(96):024x}", "note": "放门口", "agree": "1"}
        for item in wanted:
            form |= {f"q-{item}": "1", f"short-{item}": "less", f"wish-{item}": ""}
        yield Request("POST", address, urlencode(form), _headers(visitor, form=True))


def pages(goods: Goods, visitor: Visitor) -> Iterator[Request]:
    """The deal's page, again and again."""
    return itertools.repeat(Request("GET", f"/d/{goods.name}", headers=_headers(visitor)))


def add_bags(leader: Leader, *, count: int, lines: int) -> dict[int, list[int]]:
    """A deal of so many items that has arrived, a household for each bag: bag id -> its lines."""
    with transaction():
        skus = [factories.make_sku(leader, name=f"商品 {n}", price_fen=990) for n in range(lines)]
        opens_at = clock.now() - timedelta(hours=1)
        deal = factories.make_deal(leader=leader, skus=skus, opens_at=opens_at)
        crowd.fill(deal, placed=count)
    learn_sizes(Member, Order, OrderLine)
    with long_transaction():
        _arrive(deal)
        inside = _inside(deal)
    learn_sizes(Order, OrderLine, Pickup)
    return inside


def _arrive(deal: Deal) -> None:
    """Close the deal, make its bags, count in all that was ordered."""
    factories.close(deal)
    closed_at = deal.closes_at or clock.now()
    bags.make_bags(deal, now=clock.now())
    for purchase_list in db.session.scalars(
        sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    ):
        came = {line.id: (line.pieces, 0) for line in purchase_list.current.lines}
        counted = arrival.count_in(purchase_list, came, by_id=None, now=closed_at)
        shortage.carry_out(counted, "payment", by_id=None, now=closed_at)


def _inside(deal: Deal) -> dict[int, list[int]]:
    """Bag id -> its lines, of those that can be handed over."""
    rows = db.session.execute(
        sa.select(Pickup.id, OrderLine.id)
        .join(Order, (Order.deal_id == Pickup.deal_id) & (Order.member_id == Pickup.member_id))
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Pickup.deal_id == deal.id, Pickup.state == "ready")
    )
    inside: dict[int, list[int]] = defaultdict(list)
    for bag_id, line_id in rows:
        inside[bag_id].append(line_id)
    return inside


def scans(waiting: Iterator[tuple[int, list[int]]], visitor: Visitor) -> Iterator[Request]:
    """Bags with all boxes ticked, until none is left; scanners share `waiting`."""
    for bag_id, lines in waiting:
        boxes = {f"give-{bag_id}-{line_id}": str(crowd.PIECES) for line_id in lines}
        form = boxes | {"csrf_token": visitor.token, "nonce": f"{random.getrandbits(96):024x}"}
        address = f"/g/bags/{bag_id}/hand-over"
        yield Request("POST", address, urlencode(form), _headers(visitor, form=True))


def floor_scans(waiting: Iterator[str]) -> Iterator[Request]:
    """The same at the floor, by token."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for token in waiting:
        nonce = f"nonce={random.getrandbits(96):024x}"
        yield Request("POST", f"/hand-over/{token}", nonce, headers)


def collected(leader: Leader) -> int:
    """Bags of a leader that were handed over."""
    own = Pickup.leader_id == leader.id, Pickup.state == "collected"
    count = int(db.session.scalar(sa.select(sa.func.count()).where(*own)) or 0)
    db.session.rollback()
    return count


def floor_orders(
    goods: Goods, path: str, *, lines: int, hot: Sequence[int] = ()
) -> Iterator[Request]:
    """The same orders as the floor takes them, at one of its two addresses."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for wanted in _baskets(goods, lines, hot):
        yield Request("POST", path, urlencode({f"q-{item}": "1" for item in wanted}), headers)


def floor_pages(goods: Goods) -> Iterator[Request]:
    return itertools.repeat(Request("GET", f"/deal/{goods.name}"))


def sold(goods: Goods) -> int:
    """Pieces of a deal that were sold, here."""
    pieces = sa.select(sa.func.sum(DealItem.sold)).where(DealItem.id.in_(goods.items))
    count = int(db.session.scalar(pieces) or 0)
    db.session.rollback()
    return count


def _baskets(goods: Goods, lines: int, hot: Sequence[int]) -> Iterator[list[int]]:
    others = [item for item in goods.items if item not in hot]
    while True:
        yield [*hot, *random.sample(others, lines - len(hot))]


def _headers(visitor: Visitor, *, form: bool = False) -> dict[str, str]:
    sent = {"Cookie": visitor.cookie, "User-Agent": BROWSER, "Accept-Language": "zh-CN"}
    return sent | {"Content-Type": "application/x-www-form-urlencoded"} if form else sent
