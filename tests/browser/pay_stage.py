"""Orders that wait for money from afar, in every state in which paying can be seen."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from groupbuy.accounts import consent, devices
from groupbuy.accounts.membership import membership
from groupbuy.accounts.models import Member, User
from groupbuy.core import clock, crypto
from groupbuy.demo import story
from groupbuy.demo.scenes import Offer, Scene, this_evening
from groupbuy.extensions import db
from groupbuy.orders import changing, paying
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm, place_order
from groupbuy.payments import attempts
from groupbuy.payments.models import Payment
from groupbuy.payments.providers.models import SandboxTrade
from groupbuy.payments.providers.reports import Begun, Paid
from tests.browser.found import Stage, deal_of, leader_of
from tests.fakes import alipay_words, wechat_pay_signing

CONTACT = {"name": "顾春早", "phone": "19900009910", "building": "5", "unit": "1", "room": "602"}
_SCENE = Scene(
    "demo-online",
    "demo-lin",
    "冬至年货：土鸡蛋、带鱼段、小排",
    "年前最后一批，付了钱就给你留着。",
    [Offer("LS01"), Offer("BF02"), Offer("BF08"), Offer("LS10")],
    this_evening,
)
_FAMILY = "顾钱孙郑吴冯陈褚卫蒋"
_LIMITS = {"pay-above": 8000}
_CODE = "weixin://wxpay/bizpayurl?pr=demo-lin-2026"


def set_up_providers() -> None:
    """As if this site had accounts with everybody; nobody is ever asked."""
    current_app.config.update(
        ALIPAY_APP_ID="2021000000000001",
        ALIPAY_SELLER_ID="2088000000000001",
        ALIPAY_KEY=alipay_words.private_pem("app"),
        ALIPAY_PUBLIC_KEY=alipay_words.public_pem("alipay"),
        WECHAT_APP_ID="wx-test",
        WECHAT_PAY_MCHID="1900000001",
        WECHAT_PAY_SERIAL="5157F09EFDC096DE15EBE81A47057A72",
        WECHAT_PAY_KEY=wechat_pay_signing.private_pem("merchant"),
        WECHAT_PAY_V3_KEY="a-secret-v3-key-of-32-characters",
        WECHAT_PAY_PUBLIC_KEY=wechat_pay_signing.public_pem("wechat"),
        WECHAT_PAY_PUBLIC_KEY_ID="PUB_KEY_ID_0119000000012024101100000000000001",
    )


def new_neighbour(stage: Stage, session: str, name: str, phone: str, *, now: datetime) -> Member:
    """Somebody who orders from the demo's first leader, signed in as `session`."""
    user = User(name=name, state="active", locale="zh_Hans_CN", created_at=now)
    user.phone, user.phone_hash = phone, crypto.lookup_hash(phone)
    db.session.add(user)
    db.session.flush()
    consent.agree(user, consent.DOCUMENTS, now=now)
    token = devices.sign_in_device(user, "Chrome Android", now=now)
    stage.sessions[session] = {"_user_id": token, "_fresh": True}
    return membership(leader_of("demo-lin").id, user, now=now)


def paid(payment: Payment) -> str:
    """Its provider says that the money is there; returns what became of it."""
    number, fen, now = payment.out_trade_no, payment.amount_fen, clock.now()
    told = Paid(number, "paid", f"T{number}", fen, paid_at=now)
    return paying.receive(told, payment.way, now=now)


def add(stage: Stage, *, now: datetime) -> None:
    """Write it, and say on `stage` who looks and where the pages are."""
    _PayStage(stage, now)


class _PayStage:
    def __init__(self, stage: Stage, now: datetime) -> None:
        self.stage, self.now = stage, now
        story.play(_SCENE, now=now)
        self.deal = deal_of(_SCENE.slug)
        self._waiting()
        self._not_paid()
        self._paid()
        self._order("pay-above", way="cash")

    def _order(self, *pages: str, way: str = "sandbox") -> Order:
        """A pending order of a neighbour of its own, who looks at `pages`."""
        count = len(self.stage.sessions)
        name, phone = f"{_FAMILY[count % len(_FAMILY)]}春早", f"1990001{count:04}"
        member = new_neighbour(self.stage, pages[0], name, phone, now=self.now)
        member.order_limit_fen = _LIMITS.get(pages[0])
        for page in pages:
            self.stage.sessions[page] = self.stage.sessions[pages[0]]
        item, other, *_rest = self.deal.items
        point = self.deal.points[0]
        form = OrderForm({item.id: 1, other.id: 2}, point.id, pages[0], contact=CONTACT, way=way)
        order = place_order(member, self.deal, form, now=self.now)
        self._show(order, *pages)
        return order

    def _show(self, order: Order, *pages: str) -> None:
        tails = {"order": "", "cancel": "/cancel"}
        for page in pages:
            tail = tails.get(page.split("-")[0], "/pay")
            self.stage.paths[page] = f"/o/{order.number}{tail}"

    def _begin(self, order: Order, way: str, method: str, begun: Begun) -> Payment:
        payment = paying.begin(order, way, method, now=self.now)
        attempts.note_begun(payment.id, begun._asdict())
        return payment

    def _at_the_sandbox(self, order: Order, state: str = "unpaid", page: str = "") -> Payment:
        payment = paying.begin(order, "sandbox", "page", now=self.now)
        url = f"/sandbox/pay/{payment.out_trade_no}"
        attempts.note_begun(payment.id, Begun("redirect", url=url)._asdict())
        trade = SandboxTrade(
            out_trade_no=payment.out_trade_no,
            amount_fen=payment.amount_fen,
            title=self.deal.title,
            return_url=f"{current_app.config['SITE_URL']}/o/{order.number}/pay",
            state=state,
            created_at=self.now,
        )
        db.session.add(trade)
        if page:
            self.stage.paths[page] = url
        return payment

    def _waiting(self) -> None:
        self._order("pay-full", "pay-error", "order-to_pay_online")
        self._order("pay_leave-full")
        self._at_the_sandbox(self._order("pay-waiting", "cancel-paying"), page="sandbox-full")
        self._begin(self._order("pay-scan"), "wechat", "native", Begun("qr", url=_CODE))
        params = {"appId": "wx-test", "package": "prepay_id=1"}
        inside = Begun("jsapi", params=params)
        self._begin(self._order("pay-in_wechat"), "wechat", "jsapi", inside)
        self._at_the_sandbox(self._order("pay-failed"), "failed")

    def _not_paid(self) -> None:
        stale = self._at_the_sandbox(self._order("pay-stale"), "closed", "sandbox-closed")
        stale.expires_at = self.now - timedelta(seconds=1)
        self._order("pay-over").pay_by = self.now - timedelta(minutes=1)
        ended = self._order("pay-ended")
        changing.cancel_order(ended, now=clock.now(), actor_id=ended.member.user_id)
        late = self._order("pay-late")
        attempt = self._at_the_sandbox(late)
        changing.cancel_order(late, now=clock.now(), actor_id=late.member.user_id)
        paid(attempt)

    def _paid(self) -> None:
        order = self._order("pay-paid", "order-paid_online", "cancel-paid_online")
        attempt = self._at_the_sandbox(order, "paid", "sandbox-paid")
        paid(attempt)
        twice = self._order("pay-twice", "order-paid_twice")
        first = self._at_the_sandbox(twice)
        second = paying.begin_anew(twice, "page", now=self.now)
        for each in (first, second):
            paid(each)


def everybody(slug: str) -> list[Member]:
    """The demo's neighbours of a leader, in the order in which they came."""
    theirs = sa.select(Member).where(Member.leader_id == leader_of(slug).id)
    return list(db.session.scalars(theirs.where(Member.user_id.is_not(None)).order_by(Member.id)))
