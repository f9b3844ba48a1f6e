"""Money as leaders and operators meet it: given back, stuck, handed over, settled, paid out."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app

from groupbuy.accounts import people
from groupbuy.accounts.models import Leader, Member, User
from groupbuy.catalog.models import Supplier
from groupbuy.deals.models import Deal
from groupbuy.demo import acts, story
from groupbuy.demo import people as demo_people
from groupbuy.demo.scenes import Offer, Scene, closing_now
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm, place_order
from groupbuy.payments import cases, reconciling, refunding
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers.reports import Paid, Refunded
from groupbuy.pickup import arrival, handover, proposing, shortage
from groupbuy.pickup.back_plan import Wish, plan, whole
from groupbuy.pickup.models import Pickup
from groupbuy.purchasing.models import PurchaseList
from groupbuy.settlement import balances, cash, crediting, payouts, rates, settling
from tests.browser import pay_stage
from tests.browser.found import Stage, deal_of, leader_of, one, user_of

_METHODS = {"wechat": "h5", "alipay": "wap", "sandbox": "page"}
_GOODS = [Offer("LS01"), Offer("BF02"), Offer("LS05"), Offer("LS02")]
_ONLINE = Scene(
    "demo-prepaid",
    "demo-lin",
    "立冬暖锅菜：土鸡蛋、带鱼、时蔬",
    "先付款，周日取货。",
    _GOODS,
    closing_now,
)
_SETTLED = Scene(
    "demo-settled", "demo-lin", "上周的菜篮子：鸡蛋、带鱼、黄瓜", "", _GOODS, closing_now, orders=9
)
_COMMISSION = 800
_NONCE = "shown-on-the-stage-{}"


def add(stage: Stage, *, now: datetime) -> None:
    """Write it, and say on `stage` where the pages are."""
    _MoneyStage(stage, now)


class _MoneyStage:
    def __init__(self, stage: Stage, now: datetime) -> None:
        self.stage, self.now = stage, now
        self.leader = leader_of("demo-lin")
        self.operator = user_of(demo_people.OPERATOR.phone)
        self.second = User(name="钱敏", state="active", locale="zh_Hans_CN", created_at=now)
        db.session.add(self.second)
        db.session.flush()
        people.grant(self.second, "operator", now=now)
        rates.set_for_leader(self.leader, _COMMISSION, by_id=self.operator.id, now=now)
        self.deal = self._prepaid()
        self.after = self.deal.closes_at or now
        self._refunds()
        self._ask_to_give_back()
        self._stuck()
        self._settle()
        self._hand_over_and_pay_out()
        self._bills()

    def _prepaid(self) -> Deal:
        """Nine paid online and one in cash; two boxes of eggs too few came, half is collected."""
        story.play(_ONLINE, now=self.now)
        deal = deal_of(_ONLINE.slug)
        payer = pay_stage.new_neighbour(self.stage, "payer", "方春早", "19900009910", now=self.now)
        ways = ["wechat", "alipay", "sandbox"] * 3
        buyers = pay_stage.everybody("demo-lin")[2:11]
        for place, (member, way) in enumerate(zip(buyers, ways, strict=True)):
            self._buy(deal, member, way, {0: 6} if place == 0 else {0: 1, place % 3 + 1: 2})
        mine = self._buy(deal, payer, "alipay", {0: 3, 1: 4, 3: 2})
        self.stage.paths["order-refunds"] = f"/o/{mine.number}"
        acts.close_on_time(deal)
        self._deliver(deal, short=2)
        acts.hand_out_half(deal)
        self.mine = mine
        return deal

    def _buy(self, deal: Deal, member: Member, way: str, wanted: dict[int, int]) -> Order:
        pieces = {deal.items[place].id: count for place, count in wanted.items()}
        key, contact = f"prepaid-{member.id}", pay_stage.CONTACT
        form = OrderForm(pieces, deal.points[0].id, key, contact=contact, way=way)
        order = place_order(member, deal, form, now=self.now)
        payment = paying.begin(order, way, _METHODS[way], now=self.now)
        pay_stage.paid(payment)
        return order

    def _deliver(self, deal: Deal, short: int = 0) -> None:
        """Count every list in, of its first line `short` pieces too few, and share it out."""
        by: dict[str, Any] = {"by_id": self.leader.user_id, "now": deal.closes_at or self.now}
        lists = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
        for asked in db.session.scalars(lists.order_by(PurchaseList.id)).all():
            lines = asked.current.lines
            counts = {line.id: (line.pieces, 0) for line in lines}
            counts[lines[0].id] = (lines[0].pieces - short, 0)
            counted = arrival.count_in(asked, counts, **by)
            shortage.carry_out(counted, deal.share_by, **by)

    def _orders(self, *states: str) -> list[Order]:
        own = sa.select(Order).where(Order.deal_id == self.deal.id, Order.state.in_(states))
        return list(db.session.scalars(own.order_by(Order.id)))

    def _give(self, order: Order, wishes: dict[int, Wish], because: str, **more: Any) -> None:
        facts = {"by_id": self.leader.user_id, "now": self.after, "limit_fen": 10**7} | more
        nonce = _NONCE.format(f"{order.id}-{because}"[:20])
        fen = plan(order, wishes).fen
        proposing.ask(order, wishes, because=because, nonce=nonce, seen_fen=fen, **facts)

    def _refunds(self) -> None:
        """The payer has one of each state; a neighbour's was refused again and again."""
        line, other = self.mine.lines[:2]
        self._give(self.mine, {line.id: Wish(fen=500)}, "有两枚碎了")
        self._give(self.mine, {other.id: Wish(fen=1200)}, "带鱼段偏小")
        back = sa.select(Refund).where(Refund.order_id == self.mine.id).order_by(Refund.id)
        arrived, failed, *_sent = db.session.scalars(back).all()
        self._answer(arrived, "succeeded")
        self._answer(failed, "failed", tries=len(refunding.TRY_AGAIN))
        own = sa.select(Refund).where(Refund.leader_id == self.leader.id, Refund.id > failed.id)
        waiting = own.join(Refund.payment).where(Payment.way != "cash").order_by(Refund.id)
        for refund in db.session.scalars(waiting.limit(1)).all():
            refund.requested_at = self.now - timedelta(hours=26)
            refunding.claim(refund.id, now=self.after)

    def _answer(self, refund: Refund, state: Any, tries: int = 1) -> None:
        refunding.claim(refund.id, now=self.after)
        db.session.refresh(refund)
        refund.tries = tries
        error = "" if state == "succeeded" else "SELLER_BALANCE_NOT_ENOUGH 卖家余额不足"
        told = Refunded(refund.out_refund_no, state, refund.amount_fen, "R1", error)
        refunding.write_down(told, now=self.after)

    def _ask_to_give_back(self) -> None:
        """An order to give back, a dear one, one that waits for a second person, one too early."""
        big, plain = self._orders("confirmed", "fulfilled")[:2]
        waits = next(order for order in self._orders("fulfilled") if order not in (big, plain))
        early = one(sa.select(Order).join(Order.deal).where(Deal.slug == "demo-online"))
        self._give(waits, whole(waits), "整袋都不新鲜", limit_fen=0)
        by_operator = one(
            sa.select(Order)
            .join(Order.deal)
            .where(Deal.slug == "demo-seafood", Order.state == "fulfilled")
        )
        self._give(by_operator, whole(by_operator), "冷链断了", limit_fen=0, by_id=self.operator.id)
        lead = "/lead/deals/{}/orders/{}/refund"
        asked = f"?pieces-{plain.lines[0].id}=1&yuan-{plain.lines[1].id}=2.50"
        wrong = f"?pieces-{plain.lines[0].id}=很多"
        for page, order, query in (
            ("full", plain, ""),
            ("planned", plain, asked),
            ("above", big, "?whole=1"),
            ("error", plain, wrong),
            ("waiting", waits, ""),
            ("closed", early, ""),
        ):
            path = lead.format(order.deal.slug, order.number)
            self.stage.paths[f"l_order_refund-{page}"] = path + query
            self.stage.paths[f"op_order_refund-{page}"] = (
                f"/operator/orders/{order.number}/refund{query}"
            )

    def _stuck(self) -> None:
        """What nobody knows the end of, money under strange numbers, too much cash in hand."""
        waiting = sa.select(Payment).join(Order, Order.id == Payment.order_id).join(Order.deal)
        begun = waiting.where(Deal.slug == "demo-online", Payment.method == "native")
        one(begun).begun_at = self.now - timedelta(minutes=40)
        told = Paid("GB20261120STRANGE7", "paid", "4200001234202611200000000001", 4580)
        cases.unknown_money(told._replace(paid_at=self.now), "wechat", now=self.now)
        mine = db.session.scalars(
            sa.select(Payment).where(Payment.order_id == self.mine.id)
        ).first()
        assert mine is not None
        other = Paid(mine.out_trade_no, "paid", "2026112022001499999", 990, paid_at=self.now)
        paying.receive(other, mine.way, now=self.now)
        cash.set_limit(leader_of("demo-zhou"), 5000, by_id=self.operator.id, now=self.now)

    def _settle(self) -> None:
        """A deal of last week that is over; a complaint comes after all."""
        story.play(_SETTLED, now=self.now)
        deal = deal_of(_SETTLED.slug)
        acts.close_on_time(deal)
        self._deliver(deal)
        over = deal.closes_at or self.now
        ready = sa.select(Pickup).where(Pickup.deal_id == deal.id).order_by(Pickup.id)
        for bag in db.session.scalars(ready).all():
            nonce = _NONCE.format(bag.id)
            handover.hand_over(bag, nonce=nonce, by_id=self.leader.user_id, now=over)
        of_it = sa.update(Order).where(Order.deal_id == deal.id)
        db.session.execute(of_it.values(fulfilled_at=self.now - timedelta(days=3)))
        crediting.credit(now=over)
        hours, current_app.config["AFTER_SALE_HOURS"] = current_app.config["AFTER_SALE_HOURS"], 0
        settling.settle(deal, by_id=None, now=over)
        current_app.config["AFTER_SALE_HOURS"] = hours
        late = one(sa.select(Order).where(Order.deal_id == deal.id).order_by(Order.id.desc()))
        self._give(late, {late.lines[0].id: Wish(fen=600)}, "黄瓜里面空心", now=over)

    def _hand_over_and_pay_out(self) -> None:
        by: dict[str, Any] = {"by_id": self.leader.user_id, "now": self.after}
        office: dict[str, Any] = {"by_id": self.operator.id, "now": self.after}
        for place, (fen, note) in enumerate(
            ((80000, "给了小陈，在社区活动室"), (30000, "转账"), (50000, "下午送到你们店里"))
        ):
            given = cash.report(self.leader, fen, note, form_key=f"cash-{place}", **by)
            if place == 0:
                cash.confirm(given, **office)
            if place == 1:
                cash.refuse(given, "账上没有看到这笔", **office)
        for place, fen in enumerate((1500, 900, 600)):
            wish = payouts.ask_commission(self.leader, fen, form_key=f"wish-{place}", **by)
            if place < 2:
                payouts.approve(wish, **office)
            if place == 0:
                payouts.pay(wish, "招行 20261122 0017", **office)
        owed = self._suppliers(self.leader)
        for supplier, by_id in zip(owed, (self.operator.id, self.second.id), strict=False):
            payouts.ask_for_supplier(
                supplier, 20000, form_key=f"goods-{supplier.id}", by_id=by_id, now=self.after
            )
        self.stage.paths["op_settlement_leader-full"] = (
            f"/operator/settlement/leaders/{self.leader.id}"
        )
        self.stage.paths["op_settlement_leader-error"] = self.stage.paths[
            "op_settlement_leader-full"
        ]

    def _suppliers(self, leader: Leader) -> list[Any]:
        owed = [id for id, sum_ in balances.of_suppliers(leader).items() if sum_.left > 20000]
        return [db.session.get_one(Supplier, id) for id in owed]

    def _bills(self) -> None:
        """One that agrees with the books; one that lacks, adds and alters a payment."""
        own = sa.select(Payment).where(Payment.way == "sandbox", Payment.state == "confirmed")
        booked = db.session.scalars(own.order_by(Payment.id)).all()
        lines = [self._line(each, each.amount_fen) for each in booked] + self._given_back()
        self._read_bill(*lines)
        altered = self._line(booked[1], booked[1].amount_fen - 100)
        strange = [*self._line(booked[0], 3280)[:2], "GBNOTOURS1", "SBX1", "", "PAID", 3280, 20]
        self._read_bill(strange, altered, *lines[2:])

    def _given_back(self) -> list[list[Any]]:
        """The sandbox's refunds that have arrived, as lines of a bill."""
        own = sa.select(Refund).join(Refund.payment).where(Payment.way == "sandbox")
        done = db.session.scalars(own.where(Refund.state == "succeeded").order_by(Refund.id))
        return [
            [
                "refund",
                (each.finished_at or self.now).isoformat(),
                each.payment.out_trade_no,
                each.payment.transaction_no,
                each.out_refund_no,
                "DONE",
                each.amount_fen,
                0,
            ]
            for each in done
        ]

    def _line(self, payment: Payment, fen: int) -> list[Any]:
        at = payment.paid_at or self.now
        return [
            "payment",
            at.isoformat(),
            payment.out_trade_no,
            payment.transaction_no,
            "",
            "PAID",
            fen,
            26,
        ]

    def _read_bill(self, *lines: list[Any]) -> None:
        text = "".join(f"{line}\n" for line in ["sandbox bill", *map(json.dumps, lines)])
        reconciling.import_bill("sandbox", text.encode(), by_id=self.operator.id, now=self.after)
