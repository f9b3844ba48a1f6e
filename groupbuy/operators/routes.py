"""Every page of the operator's console."""

from __future__ import annotations

from groupbuy.operators import (
    bills,
    categories,
    deals,
    frame,
    goods,
    health,
    home,
    jobs,
    leaders,
    log,
    messages,
    money,
    order_refund,
    orders,
    people,
    refunds,
    settings,
    settlement,
)

BLUEPRINTS = (
    bills.bp,
    categories.bp,
    deals.bp,
    frame.bp,
    goods.bp,
    health.bp,
    home.bp,
    jobs.bp,
    leaders.bp,
    log.bp,
    messages.bp,
    money.bp,
    order_refund.bp,
    orders.bp,
    people.bp,
    refunds.bp,
    settings.bp,
    settlement.bp,
)
