"""The demo's deals that are paid from afar, at the sandbox.

Like every provider it is called outside transactions, so such a deal is played in several. Where
that was interrupted it goes on; refunds that were not sent the scheduler sends.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from groupbuy import money_jobs
from groupbuy.core import clock
from groupbuy.core.db import long_transaction, transaction
from groupbuy.deals.models import Deal
from groupbuy.demo import acts, story
from groupbuy.demo.scenes import Scene
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.payments import attempts
from groupbuy.payments.beginning import tell_provider
from groupbuy.payments.models import Payment, Refund
from groupbuy.payments.providers import sandbox
from groupbuy.settlement import settling


def is_missing(scene: Scene) -> bool:
    """Whether `scene` is still to be played, from the beginning or from its last order on."""
    deal = _deal(scene)
    return sandbox.is_on() and (deal is None or deal.state == "open")


def play(scene: Scene, now: datetime) -> None:
    """Write `scene` from its draft, or from where it was left, to where it stands."""
    if _deal(scene) is None:
        with long_transaction():
            story.begin(scene, now=now)
    _pay(scene)
    with long_transaction():
        deal = _deal(scene)
        assert deal is not None
        for act in scene.acts:
            act(deal)
        end = acts.end_of(deal)
    _send_refunds(scene, end)
    with long_transaction():
        deal = _deal(scene)
        if deal and deal.id in settling.due(end):
            settling.settle(deal, by_id=None, now=end)
        story.tell(now=now)


def _pay(scene: Scene) -> None:
    """Everybody who has begun to pay does."""
    begun = (
        sa.select(Payment.id, Payment.out_trade_no, Order.number)
        .join(Order, Order.id == Payment.order_id)
        .join(Deal, Deal.id == Order.deal_id)
        .where(Deal.slug == scene.slug, Payment.state == "begun", Payment.method != "")
        .order_by(Payment.id)
    )
    for payment_id, number, order_number in db.session.execute(begun).all():
        page = tell_provider(payment_id, title=scene.title, back=f"/o/{order_number}/pay")
        with transaction():
            attempts.note_begun(payment_id, page._asdict())
        told = sandbox.pay(number)
        with transaction():
            paying.receive(told, scene.way, now=clock.now())


def _send_refunds(scene: Scene, now: datetime) -> None:
    """All of a deal that is off; of another one the scheduler sends the others."""
    deal = _deal(scene)
    assert deal is not None
    waiting = sa.select(Refund.id).join(Order, Order.id == Refund.order_id)
    waiting = waiting.where(Order.deal_id == deal.id, Refund.state == "requested")
    ids = db.session.scalars(waiting.order_by(Refund.id)).all()
    for refund_id in ids if deal.state == "failed" else ids[:1]:
        money_jobs.send_refund(refund_id, now=now)


def _deal(scene: Scene) -> Deal | None:
    return db.session.scalars(sa.select(Deal).where(Deal.slug == scene.slug)).one_or_none()
