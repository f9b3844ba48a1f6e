"""What sharing a delivery out will do, worked out beforehand: money, and who is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from groupbuy.core.db import AnySelect, sum_of
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup.models import Arrival, ArrivalLine, Pickup
from groupbuy.pickup.shortage import Cut

_Household = tuple[int, int]  # member id, point id: whose bag it is


class Outlook(NamedTuple):
    """`refund_fen` goes back, `less_fen` is what orders cost less in all (refunds within).

    `cut` households get less, `ready` bags are called for, `told` households hear of it at all.
    """

    refund_fen: int
    less_fen: int
    cut: int
    ready: int
    told: int


def outlook(arrival: Arrival, cuts: Sequence[Cut]) -> Outlook:
    """What `shortage.carry_out` of a fully counted delivery with these `cuts` comes to."""
    lost: Counter[_Household] = Counter()
    for cut in cuts:
        lost[(cut.line.order.member_id, cut.line.order.point_id)] += cut.wanted - cut.gets
    open_pieces, waiting_for_more = _left_with(arrival, lost)
    emptied = {household for household in lost if open_pieces[household] <= lost[household]}
    ready = _complete_bags(arrival) - len(emptied)
    return Outlook(
        refund_fen=sum(cut.refund_fen for cut in cuts),
        less_fen=sum(cut.less_fen for cut in cuts),
        cut=len(lost),
        ready=ready,
        told=ready + len(emptied | waiting_for_more),
    )


def _left_with(
    arrival: Arrival, cut: Counter[_Household]
) -> tuple[dict[_Household, int], set[_Household]]:
    """Pieces that each `cut` household expects now, and those of them that await another list."""
    if not cut:
        return {}, set()
    awaited = sa.case((_on_another_list(arrival), 1), else_=0)
    expecting = (
        _expecting(arrival, sum_of(OrderLine.open_pieces), sa.func.max(awaited))
        .where(Order.member_id.in_({member_id for member_id, _point_id in cut}))
        .group_by(Order.member_id, Order.point_id)
    )
    rows = {(row[0], row[1]): (row[2], row[3]) for row in db.session.execute(expecting)}
    pieces = {household: rows.get(household, (0, 0))[0] for household in cut}
    return pieces, {household for household in cut if rows.get(household, (0, 0))[1]}


def _complete_bags(arrival: Arrival) -> int:
    """Waiting bags that expect something, and nothing from another list."""
    household = sa.tuple_(Pickup.member_id, Pickup.point_id)
    waiting = (
        sa.select(sa.func.count())
        .select_from(Pickup)
        .where(Pickup.deal_id == arrival.purchase_list.deal_id, Pickup.state == "waiting")
        .where(household.in_(_expecting(arrival)))
        .where(household.not_in(_expecting(arrival).where(_on_another_list(arrival))))
    )
    return int(db.session.scalars(waiting).one())


def _expecting(arrival: Arrival, *more: sa.ColumnElement[int]) -> AnySelect:
    """(member id, point id, `more`) of order lines with pieces still to be handed over."""
    return (
        sa.select(Order.member_id, Order.point_id, *more)
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.deal_id == arrival.purchase_list.deal_id, Order.state == "confirmed")
        .where(OrderLine.open_pieces > 0)
    )


def _on_another_list(arrival: Arrival) -> sa.ColumnElement[bool]:
    """Whether an order line is neither of this delivery nor of one shared out before."""
    counted = (
        sa.select(ArrivalLine.purchase_line_id)
        .join(Arrival, Arrival.id == ArrivalLine.arrival_id)
        .where(Arrival.leader_id == arrival.leader_id)
        .where(sa.or_(Arrival.id == arrival.id, Arrival.state == "shared_out"))
    )
    on_no_list = OrderLine.purchase_line_id.is_(None)
    return sa.or_(on_no_list, OrderLine.purchase_line_id.not_in(counted))
