"""Handing bags over: once, whole or in part, and taken back when it was a slip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader
from groupbuy.core.clock import local
from groupbuy.core.db import moment, rowcount
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.core.money import format_yuan
from groupbuy.core.text import label
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.orders.moving import Locked, move, move_locked, record
from groupbuy.payments import attempts, earning
from groupbuy.pickup import bags, proxies, writing
from groupbuy.pickup.finding import Opened, look_up
from groupbuy.pickup.models import Handover, Pickup, PickupProxy
from groupbuy.pickup.writing import Line

UNDO_WITHIN = timedelta(minutes=10)
_NONCE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class UnknownCode(RuleBroken):
    """No bag of this leader or deal is opened by what was shown; foreign bags look the same."""

    message = _l("This code opens no bag here. It may have been replaced by a newer one.")
    status = 404


class NotPaid(RuleBroken):
    """Money is owed for the bag: the leader records the cash first."""

    message = _l("Not paid yet: %(money)s to collect.")  # facts also hold fen


class NotArrived(RuleBroken):
    """Goods of the bag have not been counted in and shared out."""

    message = _l("The goods for this bag have not all arrived yet.")


class BagCancelled(RuleBroken):
    """Nothing is in the bag: all was cancelled, or nothing came."""

    message = _l("There is nothing in this bag: everything in it was cancelled or did not come.")


class OtherPoint(RuleBroken):
    """The bag stands somewhere else."""

    message = _l("This bag is waiting at “%(point)s”.")


class AlreadyHandedOver(RuleBroken):
    """Another scan was first."""

    message = _l("Already handed over at %(at)s by %(by)s.")


class BagEnded(RuleBroken):
    """The bag was not collected and has been dealt with."""

    message = _l("This bag was not collected in time and has been dealt with.")


class NotThatMany(RuleBroken):
    """Fewer pieces of a line are left than should be handed over."""

    message = _l("“%(item)s”: only %(open)s left to hand over.")


class HandoverUndone(RuleBroken):
    """A scan that was undone cannot be sent again, and is undone only once."""

    message = _l("This handover was undone. Scan the bag again to hand it over.")


class TooLateToUndo(RuleBroken):
    """The minutes in which a slip may be taken back are over."""

    message = _l("A handover can be undone for %(minutes)s minutes only.")


def find(scope: Deal | Leader | None, shown: str) -> Pickup:
    """The bag of `scope` that a token, its URL or a spoken code opens, or a pass that is good.

    Raises UnknownCode, or PassEnded for a pass whose bag still waits for somebody.
    """
    pickup, proxy = opened_by(scope, shown)
    if proxy and proxy.ended_at and pickup.state in bags.COLLECTIBLE:
        raise proxies.PassEnded
    return pickup


def opened_by(scope: Deal | Leader | None, shown: str) -> Opened:
    """The bag as `find` finds it, and the pass it was opened with: `hand_over` wants to know.

    Raises UnknownCode. Whether a pass is good is for `hand_over`, which holds the lock.
    """
    opened = look_up(scope, shown)
    if opened is None:
        raise UnknownCode
    return opened


def hand_over(
    pickup: Pickup,
    *,
    nonce: str,
    by_id: int | None,
    now: datetime,
    pieces: Mapping[int, int] | None = None,
    at_point_id: int | None = None,
    proxy: PickupProxy | None = None,
) -> Handover:
    """Hand over all that is open, or `pieces` (order line id -> pieces); the bag is locked first.

    `nonce` is made by the scanner for one act: sent again it gives the same handover and writes
    nothing. `proxy` is the bag's pass when that was shown, and ends with this. Raises OtherPoint,
    NotArrived, BagCancelled, BagEnded, AlreadyHandedOver, NotPaid, PassEnded, NotThatMany,
    HandoverUndone or BadInput.
    """
    if not _NONCE.fullmatch(nonce):
        raise BadInput("nonce", _l("This scan cannot be read. Please scan again."))
    lines, earlier_id, has_pass = writing.lock(pickup, nonce)
    if earlier_id:
        return _again(earlier_id)
    if at_point_id not in (None, pickup.point_id):
        raise OtherPoint(point=pickup.point.name)
    require_ready(pickup, lines, now)
    giving = _chosen(lines, pieces)
    _require_paid([line for line in lines if line.id in giving])
    if proxy:
        proxies.use(proxy, now=now)
    handover = writing.act(pickup, giving, nonce=nonce, at=now, by_id=by_id)
    detail = {"handover": handover.id} | ({"proxy": True} if proxy else {})
    writing.pick(handover, giving)
    key = f"handover:{handover.id}"
    earning.recognise(giving, "handed_over", key, now=now, actor_id=by_id)
    after = _after(lines, giving)
    move_locked(after, "handed_over", now=now, actor_id=by_id, detail=detail)
    if all(line.open_pieces == giving.get(line.id, 0) for line in lines):
        pickup.advance("collected")
        if has_pass:
            bags.end_passes(pickup, now=now)
    return handover


def undo(handover: Handover, *, because: str, by_id: int | None, now: datetime) -> None:
    """Take a handover back within ten minutes; what was given is open again.

    Raises BadInput without a reason, TooLateToUndo, HandoverUndone, or BagEnded once the rest of
    the bag has been dealt with.
    """
    because = label(because, 300)
    if not because:
        raise BadInput("because", _l("Say why it is undone."))
    pickup = db.session.get_one(Pickup, handover.pickup_id)
    given = {line.line_id: line.pieces for line in handover.lines}
    lines = [line for line in bags.lock_contents(pickup) if line.id in given]
    if moment(now) - handover.at > UNDO_WITHIN:
        raise TooLateToUndo(minutes=UNDO_WITHIN.seconds // 60)
    undone = sa.update(Handover).where(Handover.id == handover.id, Handover.undone_at.is_(None))
    if not rowcount(undone.values(undone_at=now, undone_by_id=by_id, undone_because=because)):
        raise HandoverUndone
    if pickup.state == "collected":
        pickup.advance("ready")
    elif pickup.state != "ready":
        raise BagEnded
    told = {"now": now, "actor_id": by_id, "why": because, "detail": {"handover": handover.id}}
    _put_back(lines, given, told)
    proxies.reopen(handover)


def collect_cash(pickup: Pickup, *, by_id: int | None, now: datetime) -> int:
    """The leader took the money that the bag's orders still owe; returns the fen, 0 when none."""
    fen = 0
    for order in _orders(bags.lock_contents(pickup)):
        owed = max(0, order.due_fen - order.paid_fen + order.refunded_fen)
        if owed:
            payment = attempts.switch(order, "cash", now=now)
            attempts.confirm(payment, now=now, by_id=by_id)
            db.session.refresh(order)
            earning.paid_later(order, payment, now=now)
            detail = {"fen": owed}
            record(order, "paid", from_state=order.state, now=now, actor_id=by_id, detail=detail)
            fen += owed
    return fen


def owed_fen(lines: Iterable[OrderLine]) -> int:
    """What is still to be paid for the orders of `lines`."""
    return sum(order.owed_fen for order in _orders(lines))


def require_ready(pickup: Pickup, lines: Sequence[OrderLine | Line], now: datetime) -> None:
    """Raises the refusal that fits unless the bag, with `lines` in it, stands there to be given."""
    if pickup.state == "collected":
        raise _already(pickup, now)
    if pickup.state == "uncollected":
        raise BagEnded
    if pickup.state == "void" or not lines:
        raise BagCancelled
    if pickup.state == "waiting":
        raise NotArrived


def _again(handover_id: int) -> Handover:
    """What the same scan was before."""
    handover = db.session.get_one(Handover, handover_id)
    if handover.undone_at:
        raise HandoverUndone
    return handover


def _already(pickup: Pickup, now: datetime) -> AlreadyHandedOver:
    valid = sa.select(Handover).where(Handover.pickup_id == pickup.id, Handover.undone_at.is_(None))
    last = db.session.scalars(valid.order_by(Handover.id.desc()).limit(1)).one()
    at = local(last.at)
    form = "%H:%M" if at.date() == local(now).date() else "%Y-%m-%d %H:%M"
    return AlreadyHandedOver(at=at.strftime(form), by=last.by.name if last.by else _("the office"))


def _chosen(lines: Sequence[Line], pieces: Mapping[int, int] | None) -> dict[int, int]:
    """Line id -> pieces to hand over now; all that is open unless `pieces` says less."""
    opened = {line.id: line for line in lines if line.open_pieces}
    if not opened:
        raise BagCancelled
    if pieces is None:
        return {line_id: line.open_pieces for line_id, line in opened.items()}
    by_id = {line.id: line for line in lines}
    if set(pieces) - set(by_id) or min(pieces.values(), default=0) < 0 or not any(pieces.values()):
        raise BadInput("pieces", _l("Choose what to hand over."))
    for line_id, count in pieces.items():
        if count > by_id[line_id].open_pieces:
            item = db.session.get_one(DealItem, by_id[line_id].item_id)
            raise NotThatMany(item=item.name, open=by_id[line_id].open_pieces)
    return {line_id: count for line_id, count in pieces.items() if count}


def _require_paid(lines: Sequence[Line]) -> None:
    owed = sum({line.order: line.owed_fen for line in lines}.values())
    if owed:
        raise NotPaid(money=format_yuan(owed), fen=owed)


def _after(lines: Sequence[Line], giving: Mapping[int, int]) -> dict[Locked, str]:
    """The orders of what is given -> their states then; those of which nothing is left end."""
    left = {line.order for line in lines if line.open_pieces > giving.get(line.id, 0)}
    given = [line.order for line in lines if line.id in giving]
    return {order: order.state if order in left else "fulfilled" for order in given}


def _put_back(lines: Sequence[OrderLine], given: Mapping[int, int], told: dict[str, Any]) -> None:
    bags.shift(OrderLine.picked_pieces, -1, given, OrderLine.picked_pieces)
    key = f"handover-undone:{told['detail']['handover']}"
    earning.recognise(given, "handover_undone", key, now=told["now"], actor_id=told["actor_id"])
    for order in _orders(lines):
        if order.state == "fulfilled":
            values = {"fulfilled_at": None}
            move(order, "confirmed", "handover_undone", values=values, **told)
        else:
            record(order, "handover_undone", from_state=order.state, **told)


def _orders(lines: Iterable[OrderLine]) -> list[Order]:
    """The orders of `lines`, each once, by id."""
    return sorted({line.order for line in lines}, key=lambda order: order.id)
