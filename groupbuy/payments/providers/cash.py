"""Cash into the leader's hand. Nobody can be asked: it is paid when the leader vouches for it."""

from __future__ import annotations


def query(out_trade_no: str) -> str:
    """What has not been vouched for is not paid."""
    return "unpaid"


def close(out_trade_no: str) -> None:
    """There is no provider with whom an attempt would have to be ended."""
