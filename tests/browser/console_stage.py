"""What the demo lacks for the pages of leaders, helpers, suppliers and operators."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from PIL import Image

from groupbuy.accounts import applying, devices, membering, people
from groupbuy.accounts.models import Leader, Member, PickupPoint, SavedView, User
from groupbuy.catalog import pictures
from groupbuy.core.models import JobRun
from groupbuy.core.tokens import sign
from groupbuy.deals import copying
from groupbuy.deals.models import Deal
from groupbuy.demo import acts, story
from groupbuy.demo import people as demo_people
from groupbuy.demo.scenes import Offer, Scene, closing_now
from groupbuy.extensions import db
from groupbuy.notices.models import Delivery, Notice
from groupbuy.orders.models import Order
from groupbuy.pickup import arrival, handover
from groupbuy.pickup.models import DoubleHandover, Pickup
from groupbuy.purchasing import answers, photos, reopening
from groupbuy.purchasing.links import supplier_link
from groupbuy.purchasing.models import PurchaseList
from groupbuy.support.asking import Question, ask
from tests.browser.found import Stage, deal_of, leader_of, one, path_of, user_of

_INTRO = "住 3 号楼，平时给邻居带菜，想正式开团。"

_UNHEARD_OF = Scene(
    "demo-frozen",
    "demo-lin",
    "下周的冻品早餐",
    "",
    [Offer("BF05"), Offer("BF06"), Offer("BF08")],
    closing_now,
    orders=6,
    acts=(acts.close_early,),
)
_TAKEN_BACK = replace(_UNHEARD_OF, slug="demo-taken-back", title="这周的冻品早餐")
_LONG_AGO = timedelta(days=400)  # no link lives that long


def add(stage: Stage, *, now: datetime) -> None:
    """Write it, and say on `stage` who looks and where the pages are."""
    _ConsoleSetting(stage, now)


class _ConsoleSetting:
    def __init__(self, stage: Stage, now: datetime) -> None:
        self.stage, self.now = stage, now
        self.leader = leader_of("demo-lin")
        self._people()
        self._applications()
        self._deals()
        self._orders()
        self._purchase_lists()
        self._members()
        self._goods()
        self._gate()
        self._money_at_the_gate()
        self._messages()
        self._operator()

    def _let_in(self, name: str, user: User, **more: object) -> None:
        token = devices.sign_in_device(user, "Chrome Android", now=self.now)
        self.stage.sessions[name] = {"_user_id": token, "_fresh": True, **more}

    def _people(self) -> None:
        self._let_in("leader", self.leader.user)
        for slug in ("demo-zhou", "demo-gu"):
            self._let_in(slug, leader_of(slug).user)
        self.helper, self.operator = (
            user_of(who.phone) for who in (demo_people.HELPER, demo_people.OPERATOR)
        )
        self._let_in("helper", self.helper)
        self._let_in("operator", self.operator)
        self.stage.paths["helper-full"] = f"/lead/helpers/{self.helper.id}"

    def _applications(self) -> None:
        """One who waits, one turned down, one let in who has nothing yet, one shut out later."""
        by_id = self.operator.id
        waits = self._applicant("applicant", "宋知微", "19900009901")
        refused = self._applicant("turned_down", "梁若水", "19900009902")
        applying.refuse(refused, "请先补上取货点的地址。", by_id=by_id, now=self.now)
        new = self._applicant("new_leader", "唐听澜", "19900009903")
        applying.approve(new, by_id=by_id, now=self.now)
        shut = self._applicant("shut_out", "罗星野", "19900009904")
        applying.approve(shut, by_id=by_id, now=self.now)
        applying.disable(shut, "三次没有按时退款。", by_id=by_id, now=self.now)
        paths = {"waiting": waits, "running": self.leader, "shut": shut, "refused": refused}
        for state, leader in paths.items():
            self.stage.paths[f"op_leader-{state}"] = f"/operator/leaders/{leader.id}"

    def _applicant(self, session: str, name: str, phone: str) -> Leader:
        user, _new = people.find_or_add(name, phone, now=self.now)
        self._let_in(session, user)
        form = applying.LeaderForm(f"{name[0]}姐", "望江新村", _INTRO, phone, "demo_new", "每天")
        return applying.apply(user, form, now=self.now)

    def _deals(self) -> None:
        draft = copying.copy_for_next_time(deal_of("demo-garden"), [], now=self.now)
        draft.title = "下周的时蔬和鸡蛋"
        self.stage.paths["editor-draft"] = f"/lead/deals/{draft.slug}/edit"
        self.stage.paths["l_deal-draft"] = f"/lead/deals/{draft.slug}"

    def _orders(self) -> None:
        weekend, seafood = deal_of("demo-weekend"), deal_of("demo-seafood")
        for state, deal, wanted in (
            ("pending", weekend, "pending"),
            ("placed", weekend, "placed"),
            ("cancelled", weekend, "cancelled"),
            ("confirmed", seafood, "confirmed"),
            ("fulfilled", seafood, "fulfilled"),
        ):
            own = sa.select(Order).where(Order.deal_id == deal.id, Order.state == wanted)
            order = one(own.order_by(Order.id))
            self.stage.paths[f"l_order-{state}"] = f"/lead/deals/{deal.slug}/orders/{order.number}"
            if state == "placed":
                self.stage.paths["l_order-unfolded"] = self.stage.paths["l_order-placed"]
                order.staff_note, order.note_to_member = (
                    "上次少给了一盒，这次补",
                    "葱已经替你换成蒜苗",
                )
                self.stage.paths["l_order_cancel-full"] = (
                    f"/lead/deals/{deal.slug}/orders/{order.number}/cancel"
                )
                self.stage.paths["op_order-full"] = f"/operator/orders/{order.number}"
        view = SavedView(leader_id=self.leader.id, user_id=self.leader.user_id, made_at=self.now)
        view.page, view.name, view.query = "lead_orders.index", "没付钱的", "state=pending"
        db.session.add(view)

    def _purchase_lists(self) -> None:
        """One answered short, one half counted, one shared out, and one that nobody answered."""
        asked, counted = self._lists_of(deal_of("demo-garden"))
        story.play(_UNHEARD_OF, now=self.now)
        [silent, *_others] = self._lists_of(deal_of(_UNHEARD_OF.slug))
        short, *full = asked.current.lines
        replies = {line.id: answers.Reply(line.pieces) for line in full}
        replies[short.id] = answers.Reply(max(0, short.pieces - 3), "这批笋小，只挑得出这些")
        said = answers.Said(1, replies, (self.now + timedelta(days=1)).date(), "下午三点送到")
        answers.record(asked, said, by_id=None, now=self.now)
        stored = pictures.store(_paper())
        photos.add_photo(asked, stored, by_id=None, now=self.now)
        lines = counted.current.lines
        counts = {line.id: (line.pieces, 0) for line in lines}
        counts[lines[0].id] = (lines[0].pieces // 2, 1)
        arrival.count_in(counted, counts, by_id=self.leader.user_id, now=self.now)
        [done, *_more] = self._lists_of(deal_of("demo-seafood"))
        story.play(_TAKEN_BACK, now=self.now)
        [taken_back, *_rest] = self._lists_of(deal_of(_TAKEN_BACK.slug))
        self.stage.paths["supplier-withdrawn"] = path_of(supplier_link(taken_back, now=self.now))
        reopening.reopen(taken_back.deal, self.now + timedelta(hours=5), now=self.now)
        expired = supplier_link(done, now=self.now - _LONG_AGO)
        self.stage.paths["supplier-expired"] = path_of(expired)
        self.stage.paths["l_count-error"] = f"/lead/deals/{silent.deal.slug}/arrival/{silent.id}"
        for state, shown in (("answered", asked), ("silent", silent), ("counted", counted)):
            self._show_list(state, shown)
        self._show_list("done", done)
        damaged = f"/lead/deals/{counted.deal.slug}/arrival/{counted.id}/damage/{lines[0].id}"
        self.stage.paths["l_damage-empty"] = damaged
        self.stage.paths["count_in-full"] = f"/p/count-in/{sign('count-in', asked.number)}"

    def _show_list(self, state: str, shown: PurchaseList) -> None:
        paths, deal = self.stage.paths, f"/lead/deals/{shown.deal.slug}"
        link = path_of(supplier_link(shown, now=self.now))
        paths[f"supplier-{state}"] = link
        if state == "silent":
            paths["supplier-error"] = link
        for page, tail in (("supplier_history", "history"), ("supplier_sheet", "answer-sheet")):
            paths[f"{page}-{state}"] = f"{link}/{tail}"
        paths[f"supplier_notes-{state}"] = f"{link}/delivery-notes"
        paths[f"l_list-{state}"] = f"{deal}/lists/{shown.id}"
        paths[f"l_list_answer-{state}"] = f"{deal}/lists/{shown.id}/answer"
        paths[f"l_list_paper-{state}"] = f"{deal}/lists/{shown.id}/paper"
        paths[f"l_count-{state}"] = f"{deal}/arrival/{shown.id}"

    def _lists_of(self, deal: Deal) -> list[PurchaseList]:
        own = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
        return list(db.session.scalars(own.order_by(PurchaseList.id)))

    def _members(self) -> None:
        first, second = db.session.scalars(
            sa.select(Member)
            .where(Member.leader_id == self.leader.id, Member.user_id.is_not(None))
            .order_by(Member.id)
            .limit(2)
        )
        membering.set_tags(first, "老邻居，3 号楼")
        membering.set_note(first, "爱要嫩一点的菜，冻品请敲门。")
        membering.block(second, "两次没来取，也没付钱", by_id=self.leader.user_id, now=self.now)
        self.stage.paths["l_member-full"] = f"/lead/members/{first.id}"
        self.stage.paths["l_member-blocked"] = f"/lead/members/{second.id}"
        self.stage.paths["l_order_new-member"] = (
            f"/lead/deals/demo-weekend/orders/new?member={first.id}"
        )
        point = one(sa.select(PickupPoint).where(PickupPoint.leader_id == self.leader.id))
        self.stage.paths["l_point-full"] = f"/lead/points/{point.id}"

    def _goods(self) -> None:
        item = deal_of("demo-weekend").items[0]
        sku, goods = item.sku, "/lead/goods"
        self.stage.paths["l_product-full"] = f"{goods}/{sku.product_id}"
        self.stage.paths["l_sku-full"] = f"{goods}/{sku.product_id}/skus/{sku.id}"
        self.stage.paths["l_sku-new"] = f"{goods}/{sku.product_id}/skus/new"
        self.stage.paths["l_supplier-full"] = f"{goods}/suppliers/{sku.supplier_id}"
        self.stage.paths["op_category-full"] = f"/operator/categories/{sku.product.category_id}"

    def _gate(self) -> None:
        bags = db.session.scalars(
            sa.select(Pickup)
            .where(Pickup.deal_id == deal_of("demo-seafood").id)
            .order_by(Pickup.id)
        ).all()
        ready = [bag for bag in bags if bag.state == "ready"]
        gone = next(bag for bag in bags if bag.state == "collected")
        waiting = one(sa.select(Pickup).where(Pickup.deal_id == deal_of("demo-garden").id))
        staff = self.leader.user_id
        done = handover.hand_over(ready[-1], nonce="shown", by_id=self.helper.id, now=self.now)
        paths = self.stage.paths
        paths["gate_done-full"] = paths["gate_done-error"] = f"/g/done/{done.id}"
        for state, bag in (("full", ready[0]), ("already", gone), ("not_here", waiting)):
            paths[f"gate_bag-{state}"] = f"/g/bags/{bag.id}"
        paths["l_bag-ready"] = f"/lead/deals/demo-seafood/pickup/{ready[0].id}"
        paths["l_bag-collected"] = f"/lead/deals/demo-seafood/pickup/{gone.id}"
        elsewhere = next(point for point in ready[0].deal.points if point.id != ready[0].point_id)
        for state in ("other_point", "ticked", "offline"):
            paths[f"gate_bag-{state}"] = paths["gate_bag-full"]
        self._let_in("elsewhere", self.leader.user, gate_point=elsewhere.id)
        twice = DoubleHandover(leader_id=self.leader.id, pickup_id=gone.id, nonce="kept")
        twice.scanned_at, twice.reported_at = self.now - timedelta(minutes=9), self.now
        twice.by_id = staff
        db.session.add(twice)

    def _money_at_the_gate(self) -> None:
        """A bag of a deal that is paid for at pickup, and one that nobody came for."""
        own = sa.select(Pickup).where(Pickup.deal_id == deal_of("demo-milk").id)
        to_pay = one(own.where(Pickup.state == "ready").order_by(Pickup.id))
        left = one(own.where(Pickup.state == "uncollected"))
        self.stage.paths["gate_bag-to_pay"] = f"/g/bags/{to_pay.id}"
        self.stage.paths["l_bag-uncollected"] = f"/lead/deals/demo-milk/pickup/{left.id}"

    def _messages(self) -> None:
        weekend = deal_of("demo-weekend")
        order = one(sa.select(Order).where(Order.deal_id == weekend.id, Order.state == "placed"))
        question = Question(
            "想把鸡蛋改成两盒，可是点了没有反应，能帮我改一下吗？",
            order.member.name,
            "19900001001",
            "shown",
            "change",
            "土鸡蛋只剩 1 份了。",
            weekend,
            order,
        )
        ask(self.leader, question, order.member.user, now=self.now)
        self.stage.paths["l_message-full"] = "/lead/messages/1"

    def _operator(self) -> None:
        for name, outcome, failed in (("send-notices", "ok", 0), ("close-due", "failed", 1)):
            times = {"started_at": self.now, "finished_at": self.now + timedelta(seconds=2)}
            run = JobRun(name=name, outcome=outcome, done=12, failed=failed, **times)
            run.late_seconds, run.process = 340 * failed, "worker-1"
            run.detail = {"error": "OperationalError: database is locked"} if failed else {}
            db.session.add(run)
        notice = one(sa.select(Notice).where(Notice.leader_id == self.leader.id))
        notice.state = "failed"
        db.session.add(
            Delivery(
                notice_id=notice.id,
                channel="sms",
                leader_id=notice.leader_id,
                attempts=6,
                last_error="号码停机",
            )
        )
        self.stage.paths["op_message-full"] = f"/operator/messages/{notice.id}"
        self.stage.paths["op_person-full"] = f"/operator/people/{self.helper.id}"


def _paper() -> io.BytesIO:
    """A photograph of a delivery note, as far as one can tell from afar."""
    picture = io.BytesIO()
    Image.new("RGB", (900, 1200), (236, 232, 222)).save(picture, "JPEG")
    picture.seek(0)
    return picture
