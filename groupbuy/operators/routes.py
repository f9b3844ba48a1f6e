"""Every page of the operator's console."""

from __future__ import annotations

from groupbuy.operators import (
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
    orders,
    people,
    settings,
)

BLUEPRINTS = (
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
    orders.bp,
    people.bp,
    settings.bp,
)
