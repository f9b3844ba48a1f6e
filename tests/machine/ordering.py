"""The first half of the trade as random steps: from a new deal to its closing."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from groupbuy.accounts.models import Leader, Member
from groupbuy.catalog.models import Sku
from groupbuy.core.db import transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.editing import copy_deal, publish
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.changing import cancel_order, change_order
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm, place_order
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_member, make_sku, make_supplier
from tests.machine import rows
from tests.machine.book import Book
from tests.machine.promises import Bargain, Item, Promise, pay_by

T = TypeVar("T")
HOUR = timedelta(hours=1)
some = st.integers(0, 11)  # which one of those there are
quantities = st.lists(st.sampled_from([0, 1, 1, 2, 3]), min_size=3, max_size=3)
kinds_of_deal = st.fixed_dictionaries(
    {
        "stock": st.none() | st.integers(3, 16),
        "limit_per_item": st.none() | st.integers(2, 7),
        "limit_per_person": st.none() | st.integers(3, 14),
        "hold_minutes": st.sampled_from([None, 15, 240]),
        "pay_at_pickup": st.booleans(),
        "pickup_hours": st.sampled_from([None, 2, 20]),
        "minimum": st.sampled_from(
            [("none", 0), ("none", 0), ("persons", 3), ("pieces", 8), ("amount", 9000)]
        ),
    }
)


class Ordering(RuleBasedStateMachine):
    """One leader, three members and their deals; an example leaves the database as it was."""

    def __init__(self) -> None:
        super().__init__()
        db.session.remove()
        connection: Any = db.engines[None]  # the fixture `app` puts its connection here
        self.undo = connection.begin_nested()
        self.now, self.book, self.keys = NOON, Book(), itertools.count(1)
        with transaction():
            leader = make_leader()
            leader.commission_bp = 333
            suppliers = [make_supplier(leader), make_supplier(leader)]
            prices = zip([*suppliers, suppliers[0]], (1250, 990, 3780), strict=True)
            self.skus = [make_sku(leader, of, price_fen=fen).id for of, fen in prices]
            self.members = [make_member(leader).id for _ in range(3)]
            self.leader_id = leader.id

    def teardown(self) -> None:
        db.session.remove()
        self.undo.rollback()

    def asked(self, act: Callable[[], T]) -> tuple[bool, T | None]:
        """Whether `act` was allowed, and its answer; a refusal must have changed nothing."""
        before = rows.digest()
        try:
            with transaction():
                answer = act()
        except RuleBroken:
            self.changed = rows.digest() != before
            assert not self.changed, "refused, and yet something has changed"
            return False, None
        self.changed = rows.digest() != before
        return True, answer

    def pick(self, things: Sequence[T], which: int) -> T:
        return things[which % len(things)]

    def bargain(self, which: int) -> Bargain:
        return self.pick(list(self.book.bargains.values()), which)

    def promise(self, which: int) -> Promise:
        """Any promise, those that are alive first."""
        alive = [p for p in self.book.promises.values() if p.state in ("pending", "placed")]
        return self.pick(alive or list(self.book.promises.values()), which)

    def wanted(self, bargain: Bargain, numbers: list[int]) -> Counter[int]:
        return +Counter({i.id: n for i, n in zip(bargain.items, numbers, strict=False)})

    # ---------- making deals ----------

    @precondition(lambda self: len(self.book.bargains) < 3)
    @rule(kind=kinds_of_deal, kinds=st.integers(1, 3), later=st.booleans())
    def new_deal(self, kind: dict[str, Any], kinds: int, later: bool) -> None:
        opens_at = self.now + HOUR if later else self.now
        values = self._spelt_out(kind, opens_at)
        with transaction():
            deal = make_deal(
                leader=db.session.get_one(Leader, self.leader_id),
                skus=[db.session.get_one(Sku, sku_id) for sku_id in self.skus[:kinds]],
                points=2,
                opens_at=opens_at,
                closes_at=opens_at + 8 * HOUR,
                **values,
            )
            self._remember(deal, values)

    @precondition(lambda self: len(self.book.bargains) < 3)
    @rule(which=some)
    def copy(self, which: int) -> None:
        old = self.bargain(which)
        with transaction():
            deal = copy_deal(db.session.get_one(Deal, old.id), now=self.now)
            assert [item.sold for item in deal.items] == [0] * len(old.items)
            assert (deal.closes_at, deal.last_roll_no) == (None, 0)
            deal.closes_at = self.now + 4 * HOUR
            publish(deal, now=self.now)
            self._remember(deal, vars(old))

    def _spelt_out(self, kind: dict[str, Any], opens_at: datetime) -> dict[str, Any]:
        values = dict(kind)
        hours = values.pop("pickup_hours")
        values["pickup_ends_at"] = opens_at + (8 + hours) * HOUR if hours else None
        values["minimum_kind"], values["minimum"] = kind["minimum"]
        return values

    def _remember(self, deal: Deal, values: dict[str, Any]) -> None:
        rules = ("stock", "limit_per_item", "limit_per_person", "hold_minutes", "pay_at_pickup")
        assert deal.opens_at
        assert deal.closes_at
        self.book.bargains[deal.id] = Bargain(
            id=deal.id,
            items=[Item(item.id, item.price_fen, item.supplier_id) for item in deal.items],
            point_ids=[point.id for point in deal.points],
            opens_at=deal.opens_at,
            closes_at=deal.closes_at,
            minimum_kind=values["minimum_kind"],
            minimum=values["minimum"],
            pickup_ends_at=deal.pickup_ends_at,
            **{name: values[name] for name in rules},
        )

    # ---------- members ----------

    @rule(
        which=some,
        who=some,
        numbers=quantities,
        wish=st.sampled_from(["less", "refund"]),
        way=st.sampled_from(["cash", "wechat"]),
    )
    def place(self, which: int, who: int, numbers: list[int], wish: str, way: str) -> None:
        bargain, member_id = self.bargain(which), self.pick(self.members, who)
        wanted = self.wanted(bargain, numbers)
        allowed = self.book.may_place(bargain, member_id, wanted, self.now)
        form = OrderForm(
            wanted,
            self.pick(bargain.point_ids, who),
            f"form-{next(self.keys)}",
            if_short=dict.fromkeys(wanted, wish),
            way=way,
        )
        yes, order_id = self.asked(lambda: self._place(bargain, member_id, form))
        assert yes == allowed
        if order_id:
            self._promise(order_id, bargain, member_id, form)

    @precondition(lambda self: self.book.promises)
    @rule(which=some)
    def same_form_again(self, which: int) -> None:
        promise = self.promise(which)
        form = OrderForm({promise.bargain.items[0].id: 1}, promise.point_id, promise.key)
        _yes, order_id = self.asked(lambda: self._place(promise.bargain, promise.member_id, form))
        assert order_id == promise.id
        assert not self.changed

    @precondition(lambda self: self.book.promises)
    @rule(which=some, numbers=quantities, stale=st.sampled_from([0, 0, 0, 1]))
    def change(self, which: int, numbers: list[int], stale: int) -> None:
        promise = self.promise(which)
        bargain, wanted = promise.bargain, self.wanted(promise.bargain, numbers)
        allowed = not stale and self.book.may_change(promise, wanted, self.now)
        point_id = self.pick(bargain.point_ids, which)
        form = OrderForm(
            wanted,
            point_id,
            f"form-{next(self.keys)}",
            if_short=dict.fromkeys(wanted, promise.wish),
        )
        yes, added_id = self.asked(lambda: self._change(promise, form, promise.version - stale))
        assert yes == allowed
        if not yes:
            return
        promise.version += 1
        promise.point_id = point_id
        more = wanted - promise.kept
        promise.kept &= wanted
        assert bool(added_id) == bool(more and promise.state == "placed")
        if added_id:
            added = replace(form, quantities=more, key=f"{form.key}:more")
            self._promise(added_id, bargain, promise.member_id, added)
        else:
            promise.kept += more

    @precondition(lambda self: self.book.promises)
    @rule(which=some)
    def cancel(self, which: int) -> None:
        promise = self.promise(which)
        alive = promise.state in ("pending", "placed")
        allowed = alive and promise.bargain.is_open(self.now)
        yes, _fen = self.asked(
            lambda: cancel_order(db.session.get_one(Order, promise.id), now=self.now, actor_id=None)
        )
        assert yes == allowed
        if yes:
            promise.end("cancelled")

    def _place(self, bargain: Bargain, member_id: int, form: OrderForm) -> int:
        deal = db.session.get_one(Deal, bargain.id)
        return place_order(db.session.get_one(Member, member_id), deal, form, now=self.now).id

    def _change(self, promise: Promise, form: OrderForm, version: int) -> int | None:
        order = db.session.get_one(Order, promise.id)
        added = change_order(order, form, version=version, now=self.now, actor_id=None)
        return added and added.id

    def _promise(self, order_id: int, bargain: Bargain, member_id: int, form: OrderForm) -> None:
        assert order_id not in self.book.promises
        promise = Promise(
            id=order_id,
            bargain=bargain,
            member_id=member_id,
            point_id=form.point_id,
            kept=Counter(form.quantities),
            wish=next(iter(form.if_short.values()), "less"),
            key=form.key,
            pay_by=pay_by(form.way, bargain, self.now),
            state="pending",
            placed_at=self.now,
        )
        self.book.place(promise)
