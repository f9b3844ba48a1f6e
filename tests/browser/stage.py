"""The demo's community, and what it lacks so that every page can be seen in every state."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts import addresses, consent, devices, following
from groupbuy.accounts.membership import guest_membership, membership
from groupbuy.accounts.models import Member, User
from groupbuy.core import clock, crypto
from groupbuy.core.db import transaction
from groupbuy.deals.editing import DealForm, ItemForm, create_deal, publish
from groupbuy.deals.models import Deal
from groupbuy.demo import loading, people
from groupbuy.extensions import db
from groupbuy.orders import cart
from groupbuy.orders.ending import cancel_deal
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm, place_order
from groupbuy.pickup import bags, proxies, uncollected
from groupbuy.pickup.models import Pickup
from tests.browser import console_stage, money_stage, pay_stage
from tests.browser.found import Session, Stage, deal_of, leader_of, one, path_of, user_of

CALLED_OFF = "demo-called-off"
_CONTACT = {"name": "孙立秋", "phone": "19900001001", "building": "7", "unit": "2", "room": "1102"}


def set_up(app: Flask) -> Stage:
    """Load the demo into the empty database of `app` and add what it lacks."""
    with app.app_context():
        for step in loading.missing_steps():
            step(clock.now())
        with transaction():
            return _Setting(clock.now()).stage


def cookie(app: Flask, session: Session) -> str:
    """The value of the session cookie that holds `session`."""
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(signer.dumps(session))


class _Setting:
    def __init__(self, now: datetime) -> None:
        self.now, self.stage = now, Stage({"nobody": {}})
        self.resident = user_of(people.residents()[0].phone)
        self._people()
        self._call_off()
        self._orders()
        self._pickups()
        self._ways_in()
        console_stage.add(self.stage, now=now)
        pay_stage.set_up_providers()
        pay_stage.add(self.stage, now=now)
        money_stage.add(self.stage, now=now)

    def _let_in(self, name: str, user: User) -> None:
        token = devices.sign_in_device(user, "Chrome Android", now=self.now)
        self.stage.sessions[name] = {"_user_id": token, "_fresh": True}

    def _people(self) -> None:
        consent.agree(self.resident, consent.DOCUMENTS, now=self.now)
        devices.sign_in_device(self.resident, "Mozilla/5.0 (iPhone) MicroMessenger", now=self.now)
        self._let_in("resident", self.resident)
        address = addresses.add(self.resident, _CONTACT, now=self.now)
        addresses.add(self.resident, _CONTACT | {"name": "孙妈妈", "room": "302"}, now=self.now)
        self.stage.paths["address-full"] = f"/me/addresses/{address.id}"
        for slug in ("demo-lin", "demo-zhou"):
            following.follow(self.resident, leader_of(slug), now=self.now)
        weekend = deal_of("demo-weekend")
        for item, pieces in zip(weekend.items, (2, 1, 0, 3), strict=False):
            if pieces:
                cart.put(self.resident.id, item, pieces, now=self.now)
        self.stage.paths["product-open"] = f"/d/demo-weekend/i/{weekend.items[0].id}"
        self.stage.paths["product-closed"] = (
            f"/d/demo-garden/i/{deal_of('demo-garden').items[0].id}"
        )
        newcomer = self._new_user("谷雨", "19900009999")
        consent.agree(newcomer, consent.DOCUMENTS, now=self.now)
        self._let_in("newcomer", newcomer)
        self._let_in("undecided", self._new_user("白露", "19900009998"))
        held = {str(item.id): [1, item.price_fen] for item in weekend.items[:2]}
        self.stage.sessions["shopper"] = {"carts": {str(weekend.id): held}, "browser": "x" * 20}
        self.stage.sessions["refused"] = {"last_error": f"{weekend.items[0].name}只剩 1 份了。"}

    def _new_user(self, name: str, phone: str) -> User:
        user = User(name=name, state="active", locale="zh_Hans_CN", created_at=self.now)
        user.phone, user.phone_hash = phone, crypto.lookup_hash(phone)
        db.session.add(user)
        db.session.flush()
        return user

    def _call_off(self) -> None:
        leader, pantry = leader_of("demo-gu"), deal_of("demo-pantry")
        form = DealForm(
            title="新米尝鲜：现碾五常大米",
            items=[ItemForm(item.sku_id) for item in pantry.items[:3]],
            point_ids=[point.id for point in pantry.points],
            opens_at=pantry.opens_at,
            closes_at=pantry.closes_at,
        )
        deal = create_deal(leader, form, now=self.now)
        deal.slug = CALLED_OFF
        publish(deal, now=self.now)
        self._order("order-called_off", deal, membership(leader.id, self.resident, now=self.now))
        cancel_deal(deal, because="磨米的机器坏了，下周再开", now=self.now)

    def _order(self, name: str, deal: Deal, member: Member) -> None:
        wanted = {item.id: 1 for item in deal.items[:2]}
        form = OrderForm(wanted, deal.points[0].id, name, contact=_CONTACT)
        self.stage.paths[name] = f"/o/{place_order(member, deal, form, now=self.now).number}"

    def _orders(self) -> None:
        """One of each state: the resident's own, or a neighbour's seen by that neighbour."""
        guest = guest_membership(
            leader_of("demo-lin").id, "x" * 20, "顾客阿明", "19900008888", now=self.now
        )
        self.stage.sessions["guest"] = {"guest": [guest.id], "browser": "x" * 20}
        self._order("order-guest", deal_of("demo-weekend"), guest)
        mine = Order.member_id == Member.id, Member.user_id == self.resident.id
        kinds = {
            "paid": ("demo-weekend", "placed", *mine),
            "ordered": ("demo-garden", "confirmed", *mine),
            "ready": ("demo-seafood", "confirmed", *mine),
            "failed": ("demo-crab", "cancelled", *mine),
            "to_pay": ("demo-weekend", "pending", Member.user_id.is_not(None)),
            "cancelled": ("demo-weekend", "cancelled"),
            "expired": ("demo-garden", "expired"),
            "collected": ("demo-seafood", "fulfilled"),
        }
        for name, (slug, state, *more) in kinds.items():
            own = sa.select(Order).join(Order.member).join(Order.deal)
            order = one(own.where(Deal.slug == slug, Order.state == state, *more))
            self._show_order(f"order-{name}", order)

    def _show_order(self, name: str, order: Order) -> None:
        """To the resident if it is theirs, else to the neighbour whose it is."""
        self.stage.paths[name] = f"/o/{order.number}"
        if name in ("order-paid", "order-ordered"):
            states = ("full", "difference", "error") if name == "order-paid" else ("closed",)
            for page in [f"{act}-{state}" for act in ("change", "cancel") for state in states]:
                self.stage.paths[page] = f"/o/{order.number}/{page.split('-')[0]}"
        owner = db.session.get_one(User, order.member.user_id)
        if owner is not self.resident:
            consent.agree(owner, consent.missing(owner), now=self.now)
            self._let_in(name, owner)

    def _pickups(self) -> None:
        ready = sa.select(Pickup).join(Pickup.deal).where(Pickup.state == "ready")
        own = one(ready.join(Pickup.member).where(Member.user_id == self.resident.id))
        self.stage.paths["pass-ready"] = path_of(
            bags.pickup_url(proxies.make_pass(own, now=self.now))
        )
        missed = one(ready.where(Deal.slug == "demo-milk"))
        ended = missed.deal.pickup_ends_at or self.now
        by_id = missed.deal.leader.user_id
        uncollected.end(missed, "kept", "放在快递柜旁的冰箱里", by_id=by_id, now=ended)
        same = sa.select(Order).where(
            Order.member_id == missed.member_id, Order.deal_id == missed.deal_id
        )
        self._show_order("order-uncollected", one(same))

    def _ways_in(self) -> None:
        phone = crypto.encrypt("13812340001")
        self.stage.sessions["entering"] = {"proving": ["sign_in", phone, None]}
        self.stage.sessions["registering"] = {"proving": ["register", phone, 1]}
        self.stage.sessions["forgetful"] = {"proving": ["forgotten", phone, 1]}
