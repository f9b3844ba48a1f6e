"""Sharing out what came: who gets what when it is not enough, shown first, then carried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import contains_eager, load_only

from groupbuy.accounts.models import Member
from groupbuy.core.db import AnySelect, sum_of, text_of
from groupbuy.core.errors import BadInput, WrongState
from groupbuy.core.money import format_yuan, split_by_weight
from groupbuy.deals import stock
from groupbuy.deals.models import Deal, DealItem
from groupbuy.deals.window import lock_for_deciding
from groupbuy.extensions import db
from groupbuy.notices.owing import owe_each
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import record
from groupbuy.payments.settling import settle_all
from groupbuy.pickup import bags, payable
from groupbuy.pickup.arrival import AlreadySharedOut, require_all_counted
from groupbuy.pickup.models import Arrival, ArrivalLine
from groupbuy.purchasing.models import PurchaseLine


@dataclass(frozen=True)
class Cut:
    """What one order line has to do without.

    `less_fen` is what the order costs less, `refund_fen` what of that was paid and goes back.
    """

    line: OrderLine
    order_no: str
    roll_no: int
    member: str
    sku: str
    item: str
    wanted: int
    gets: int
    less_fen: int
    refund_fen: int

    @property
    def message(self) -> str:
        """What the member is told, in the language of whoever asks."""
        facts = {"item": self.item, "gets": self.gets, "wanted": self.wanted}
        if self.gets:
            came = _("“%(item)s”: you get %(gets)s of %(wanted)s, not enough came.", **facts)
        else:
            came = _("“%(item)s”: not enough came, you get none of it this time.", item=self.item)
        if self.refund_fen:
            return came + " " + _("%(money)s go back to you.", money=format_yuan(self.refund_fen))
        return came + " " + _("You pay %(money)s less.", money=format_yuan(self.less_fen))


def share_out(
    received: int, wanted: Sequence[int], whole: Collection[int] = frozenset()
) -> list[int]:
    """Divide what arrived among the orders that want it, earliest payment first.

    `wanted` holds pieces, in order of payment. `whole` holds the places in it that take all or
    nothing: when what is left does not fill one, it is passed over and the next is asked.

    >>> share_out(4, [2, 3, 1])   # two short: the later orders miss out
    [2, 2, 0]
    >>> share_out(4, [2, 3, 1], whole={1})
    [2, 0, 1]
    """
    shares = []
    left = received
    for place, pieces in enumerate(wanted):
        share = pieces if left >= pieces else 0 if place in whole else left
        shares.append(share)
        left -= share
    return shares


def share_pro_rata(
    received: int, wanted: Sequence[int], whole: Collection[int] = frozenset()
) -> list[int]:
    """Divide what arrived in proportion to what is wanted, by largest remainder.

    Ties go to the earlier order. Those in `whole` that would get less than all step back together
    and the others share anew, until nobody steps back. What is left then is offered once more to
    those who stepped back, earliest payment first, all or nothing.

    >>> share_pro_rata(4, [2, 3, 1])
    [1, 2, 1]
    >>> share_pro_rata(4, [2, 3, 1], whole={1})
    [2, 0, 1]
    >>> share_pro_rata(4, [2, 3, 1], whole={0, 1})   # the 3 left over fill the first again
    [2, 0, 1]
    """
    sharing = list(wanted)  # 0 for those who stepped back
    while True:
        shares = split_by_weight(min(received, sum(sharing)), sharing)
        unhappy = [place for place in whole if shares[place] < sharing[place]]
        if not unhappy:
            break
        for place in unhappy:
            sharing[place] = 0
    outside = [pieces - kept for pieces, kept in zip(wanted, sharing, strict=True)]
    offered = share_out(received - sum(shares), outside, whole)
    return [share + more for share, more in zip(shares, offered, strict=True)]


RULES: dict[str, Callable[[int, Sequence[int], Collection[int]], list[int]]] = {
    "payment": share_out,
    "prorata": share_pro_rata,
}


def preview(arrival: Arrival, share_by: str) -> list[Cut]:
    """Who would get less than they want, by roll number; writes nothing.

    `share_by` is "payment" or "prorata", else BadInput. A line that wishes for a "substitute"
    takes what there is, like "less": nobody has yet said what it could be replaced by.
    """
    if share_by not in RULES:
        raise BadInput("share_by", _l("Choose how a shortage is shared."))
    fate: list[tuple[OrderLine, int]] = []
    usable = _in_short_supply(arrival)
    for item_id, wanting in groupby(_lines_of(arrival, usable), key=lambda line: line.item_id):
        lines = list(wanting)
        whole = {place for place, line in enumerate(lines) if line.if_short == "refund"}
        shares = RULES[share_by](usable[item_id], [line.kept_pieces for line in lines], whole)
        fate.extend(zip(lines, shares, strict=True))
    less = [(line, gets) for line, gets in fate if gets < line.kept_pieces]
    less.sort(key=lambda cut: (cut[0].order.roll_no, cut[0].position))
    return list(_cuts(less))


def carry_out(arrival: Arrival, share_by: str, *, by_id: int | None, now: datetime) -> list[Cut]:
    """Share out what was counted, in one step: pieces, money, messages, bags; returns the cuts.

    More than was wanted stays with the leader, as the counts tell. Raises NotAllCounted,
    BadInput, OrdersChanged, or AlreadySharedOut when it was done before.
    """
    deal = arrival.purchase_list.deal
    lock_for_deciding(deal)
    _lock_orders(deal)
    require_all_counted(arrival)
    try:
        arrival.advance("shared_out", shared_out_at=now)
    except WrongState as late:
        raise AlreadySharedOut(late.state, "shared_out") from late
    cuts = preview(arrival, share_by)
    if cuts:
        _take_off(cuts, f"arrival-{arrival.id}", now)
        orders = _orders_cut_by(arrival)
        settle_all(orders, why="short", key=f"short-{arrival.id}", now=now)
        _tell(cuts, arrival, by_id, now)
    payable.owe_for(arrival, by_id=by_id, now=now)
    bags.settle(deal, now=now)
    for cut in cuts:
        db.session.expire(cut.line.order)
        db.session.expire(cut.line)
    return cuts


def _lock_orders(deal: Deal) -> None:
    """Nobody takes cash or hands a bag over while it is worked out; by id, as everywhere."""
    live = sa.select(Order.id).where(Order.deal_id == deal.id, Order.state == "confirmed")
    db.session.execute(live.order_by(Order.id).with_for_update(key_share=True)).all()


def _lines_of(arrival: Arrival, items: Collection[int]) -> Iterator[OrderLine]:
    """The order lines that want one of `items`, item by item, earliest payment first.

    Only these are looked at one by one; the rest of the deal stays in the database.
    """
    wanting = (
        sa.select(OrderLine)
        .join(OrderLine.order)
        .join(Order.member)
        .join(OrderLine.item)
        .where(OrderLine.deal_id == arrival.purchase_list.deal_id, OrderLine.item_id.in_(items))
        .where(Order.state == "confirmed", OrderLine.kept_pieces > 0)
        .order_by(OrderLine.item_id, Order.roll_no, OrderLine.id)
        .options(
            contains_eager(OrderLine.order)
            .contains_eager(Order.member)
            .options(load_only(Member.name)),
            contains_eager(OrderLine.item).options(load_only(DealItem.code, DealItem.name)),
        )
        .execution_options(populate_existing=True)
    )
    return iter(db.session.scalars(wanting))


def _in_short_supply(arrival: Arrival) -> dict[int, int]:
    """Item id -> usable pieces, of the items of which less came than is wanted.

    Two plain sums, compared here: as one statement either database may join a whole deal to
    itself, because neither knows yet how many rows were written a moment ago.
    """
    usable = (
        sa.select(PurchaseLine.item_id, ArrivalLine.received - ArrivalLine.damaged)
        .join(PurchaseLine, PurchaseLine.id == ArrivalLine.purchase_line_id)
        .where(ArrivalLine.arrival_id == arrival.id)
    )
    wanted = (
        sa.select(OrderLine.item_id, sum_of(OrderLine.kept_pieces))
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.deal_id == arrival.purchase_list.deal_id, Order.state == "confirmed")
        .group_by(OrderLine.item_id)
    )
    pieces = dict(db.session.execute(wanted).all())
    return {
        item_id: came
        for item_id, came in db.session.execute(usable)
        if came < pieces.get(item_id, 0)
    }


def _cuts(less: Sequence[tuple[OrderLine, int]]) -> Iterator[Cut]:
    owing: dict[int, int] = {}  # what each order has not paid yet: a cut lowers that first
    for line, gets in less:
        order = line.order
        owed = owing.setdefault(order.id, order.due_fen - order.paid_fen + order.refunded_fen)
        less_fen = (line.kept_pieces - gets) * line.price_fen
        owing[order.id] = owed - less_fen
        yield Cut(
            line=line,
            order_no=order.number,
            roll_no=order.roll_no or 0,
            member=order.member.name,
            sku=line.item.code,
            item=line.item.name,
            wanted=line.kept_pieces,
            gets=gets,
            less_fen=less_fen,
            refund_fen=max(0, less_fen - max(0, owed)),
        )


def _take_off(cuts: Sequence[Cut], key: str, now: datetime) -> None:
    """Lower what the orders cost and what their lines may expect, or raise OrdersChanged."""
    missing = [(cut.line, cut.wanted - cut.gets) for cut in cuts]
    money: Counter[int] = Counter()
    for cut in cuts:
        money[cut.line.order_id] += cut.less_fen
    bags.shift(Order.due_fen, -1, money, Order.due_fen)
    pieces = {line.id: count for line, count in missing}
    bags.shift(OrderLine.short_pieces, 1, pieces, OrderLine.open_pieces)
    stock.release(missing, key, now=now, kind="short")


def _orders_cut_by(arrival: Arrival) -> AnySelect:
    """Ids of the orders in which `arrival` made a line short: each line is of one arrival only."""
    counted = sa.select(ArrivalLine.purchase_line_id).where(ArrivalLine.arrival_id == arrival.id)
    return sa.select(OrderLine.order_id).where(
        OrderLine.deal_id == arrival.purchase_list.deal_id,
        OrderLine.purchase_line_id.in_(counted),
        OrderLine.short_pieces > 0,
    )


def _tell(cuts: Sequence[Cut], arrival: Arrival, by_id: int | None, now: datetime) -> None:
    """Write what was cut on each order's timeline, and owe its member one message."""
    for own in _by_order(cuts):
        order = own[0].line.order
        detail = {
            "lines": [{"item": cut.item, "wanted": cut.wanted, "gets": cut.gets} for cut in own],
            "refund_fen": sum(cut.refund_fen for cut in own),
        }
        record(order, "short", from_state=order.state, now=now, actor_id=by_id, detail=detail)
    db.session.flush()  # before the events that follow in SQL
    key = sa.literal(f"{arrival.id}:") + text_of(Order.id)
    about = sa.select(Order.leader_id, Order.member_id, Order.deal_id, Order.id.label("order_id"))
    told = about.add_columns(key.label("key")).where(Order.id.in_(_orders_cut_by(arrival)))
    owe_each("short", told, now=now)


def _by_order(cuts: Sequence[Cut]) -> list[list[Cut]]:
    found: dict[int, list[Cut]] = {}
    for cut in cuts:
        found.setdefault(cut.line.order_id, []).append(cut)
    return list(found.values())
