"""Somebody goes to pay an order that counts already, while the closing calls it off."""

from __future__ import annotations

import threading
import time

import pytest

from groupbuy.core.db import on_postgresql, transaction
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders import paying
from groupbuy.orders.models import Order
from groupbuy.payments import attempts
from groupbuy.purchasing import closing
from tests import factories
from tests.checks import assert_everything_true, in_thread
from tests.conftest import NOON

pytestmark = pytest.mark.races


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "control"])
def test_paying_an_order_that_counts_and_a_failing_close_wait_for_each_other(
    shared_app, monkeypatch, guarded
):
    with transaction():
        deal = factories.make_deal(pay_at_pickup=True, minimum_kind="persons", minimum=9)
        order = factories.make_order(deal, 1, way="sandbox")
        deal.state = "closing"
        deal_id, order_id, at = deal.id, order.id, deal.closes_at
    db.session.remove()
    if not guarded:
        monkeypatch.setattr(paying, "_is_open", lambda _deal: True)
    inside, go_on, switch = threading.Event(), threading.Event(), attempts.switch

    def slowly(*told, **when):
        inside.set()
        go_on.wait(5)
        return switch(*told, **when)

    monkeypatch.setattr(attempts, "switch", slowly)

    def begin() -> None:
        with transaction():
            paying.begin(db.session.get_one(Order, order_id), "sandbox", "page", now=NOON)

    def close() -> None:
        assert inside.wait(5)
        with transaction():
            closing.finish(db.session.get_one(Deal, deal_id), now=at)

    waiting = [in_thread(shared_app, begin), in_thread(shared_app, close)]
    assert inside.wait(5)
    time.sleep(1)
    go_on.set()
    ended = [str(wait()) for wait in waiting]
    if guarded or not on_postgresql():  # SQLite's writer is alone
        assert ended == ["None", "None"]
        assert db.session.get_one(Order, order_id).state == "cancelled"
        assert_everything_true("I17")
    else:
        assert any("deadlock" in said for said in ended)
