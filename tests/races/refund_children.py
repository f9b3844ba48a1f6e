"""Processes that send refunds, and die while they do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app

from groupbuy import jobs
from groupbuy.payments.providers import alipay_gateway
from tests.races import children


def send_refunds(now: datetime, gateway: dict[str, Any], patience: float) -> None:
    """The job, as the scheduler runs it, against the gateway with these settings."""
    current_app.config.update(gateway)
    alipay_gateway.TIME_OUTS = (patience, patience)
    jobs.run("send-refunds", now)


def send_refunds_dying(
    now: datetime, gateway: dict[str, Any], patience: float, writes: int
) -> None:
    """`send_refunds`, with a `kill -9` just before the write or commit after the first `writes`."""
    children.die_after(writes)
    send_refunds(now, gateway, patience)
