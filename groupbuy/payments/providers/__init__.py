"""The ways to pay, each a module with the same functions; they know nothing of the trade.

`query(out_trade_no)` says "paid" or "unpaid" and `close(out_trade_no)` ends the attempt with the
provider. Both may use the network, so they are called outside transactions.
"""

from __future__ import annotations

from types import ModuleType

from groupbuy.payments.providers import cash

WAYS: dict[str, ModuleType] = {"cash": cash}
