"""What happens to the demo's deals after ordering, each by the rules that real deals go through.

The rules never act in the past, so a deal that is over here was closed while the demo was
loaded, however long ago it opened.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders import changing
from groupbuy.orders.models import Order
from groupbuy.orders.placing import OrderForm
from groupbuy.payments import refunds
from groupbuy.payments.models import Refund
from groupbuy.pickup import arrival, bags, handover, proposing, shortage
from groupbuy.pickup.back_plan import plan, whole
from groupbuy.pickup.models import Pickup
from groupbuy.purchasing import closing
from groupbuy.purchasing.models import PurchaseLine, PurchaseList
from groupbuy.settlement import cash

ORDERING_TIME = timedelta(minutes=1)  # a deal that is soon over stays open for its orders


def change_minds(deal: Deal) -> None:
    """The third order takes less of something, the fifth is cancelled."""
    orders = db.session.scalars(
        sa.select(Order).where(Order.deal_id == deal.id).order_by(Order.id).limit(5)
    ).all()
    third, fifth = orders[2], orders[4]
    wanted = {line.item_id: line.quantity for line in third.lines}
    if len(wanted) > 1:
        wanted.pop(third.lines[0].item_id)
    form = OrderForm(wanted, third.point_id, f"{deal.slug}-less", third.note)
    user_id = third.member.user_id
    changing.change_order(third, form, version=third.version, now=clock.now(), actor_id=user_id)
    changing.cancel_order(fifth, now=clock.now(), actor_id=fifth.member.user_id, why="周末临时出差")


def close_on_time(deal: Deal) -> None:
    """Close at the announced time, which is within a minute from now."""
    closing.begin(deal, now=end_of(deal))
    _decide(deal)


def close_early(deal: Deal) -> None:
    """Close because the leader says so."""
    closing.begin_early(deal, because="已经凑满一车，提前截单", now=clock.now())
    _decide(deal)


def deliver_almost_all(deal: Deal) -> None:
    """Count every list in: two pieces too few of its first line, one of the last damaged."""
    lists = sa.select(PurchaseList).where(PurchaseList.deal_id == deal.id)
    for purchase_list in db.session.scalars(lists.order_by(PurchaseList.id)).all():
        lines = purchase_list.current.lines
        if lines:
            counts = {line.id: (line.pieces, 0) for line in lines}
            counts[lines[0].id] = (_short_by(lines[0], 2), 0)
            counts[lines[-1].id] = (counts[lines[-1].id][0], 1)
            _count_and_share(purchase_list, counts)


def hand_out_half(deal: Deal) -> None:
    """Every second bag has been collected; the money still owed for it was taken there."""
    ready = sa.select(Pickup).where(Pickup.deal_id == deal.id, Pickup.state == "ready")
    for pickup in db.session.scalars(ready.order_by(Pickup.id)).all()[1::2]:
        staff_id = db.session.get_one(Leader, deal.leader_id).user_id
        handover.collect_cash(pickup, by_id=staff_id, now=end_of(deal))
        handover.hand_over(pickup, nonce=f"demo-{pickup.id}", by_id=staff_id, now=end_of(deal))


def give_most_money_back(deal: Deal) -> None:
    """All refunds but one have been handed back in cash."""
    requested = (
        sa.select(Refund)
        .join(Order, Order.id == Refund.order_id)
        .where(Order.deal_id == deal.id, Refund.state == "requested")
        .order_by(Refund.id)
    )
    for refund in db.session.scalars(requested).all()[1:]:
        refunds.finish_cash(refund, by_id=deal.leader.user_id, now=end_of(deal))


def ask_for_second_person(deal: Deal) -> None:
    """The leader wants to give the dearest order back, which takes an operator, too."""
    dearest = sa.select(Order).where(Order.deal_id == deal.id, Order.state == "confirmed")
    order = db.session.scalars(dearest.order_by(Order.due_fen.desc(), Order.id).limit(1)).one()
    wishes = whole(order)
    proposing.ask(
        order,
        wishes,
        because="整箱在路上压坏了，照片已经发给平台",
        nonce=f"demo{order.id:08}",
        limit_fen=proposing.limit_fen(False),
        seen_fen=plan(order, wishes).fen,
        by_id=deal.leader.user_id,
        now=end_of(deal),
    )


def hand_over_cash(deal: Deal) -> None:
    """The leader says that most of the cash in hand was given to the operator."""
    fen = cash.in_hand_fen(deal.leader) * 4 // 5 // 10_000 * 10_000  # whole banknotes
    by: dict[str, Any] = {"by_id": deal.leader.user_id, "now": end_of(deal)}
    cash.report(deal.leader, fen, "装信封里，给了小陈", form_key=f"{deal.slug}-cash", **by)


def end_of(deal: Deal) -> datetime:
    """Now, or the deal's closing when that is in the next minute."""
    return max(clock.now(), deal.closes_at or clock.now())


def _decide(deal: Deal) -> None:
    """Step C and the bags. Step B would ask providers of attempts, and none is open any more."""
    closing.finish(deal, now=end_of(deal))
    if deal.state == "closed":
        bags.make_bags(deal, now=end_of(deal))


def _count_and_share(purchase_list: PurchaseList, counts: arrival.Counts) -> None:
    deal = purchase_list.deal
    staff_id, now = deal.leader.user_id, end_of(deal)
    counted = arrival.count_in(purchase_list, counts, by_id=staff_id, now=now)
    shortage.carry_out(counted, deal.share_by, by_id=staff_id, now=now)


def _short_by(line: PurchaseLine, pieces: int) -> int:
    return max(1, line.pieces - pieces)
