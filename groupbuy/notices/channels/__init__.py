"""How a message reaches a person. A channel is a module with `send(notice, words)`.

`send` may use the network and raises `NotDelivered` with a reason; it is called outside
transactions.
"""

from __future__ import annotations

from types import ModuleType

from groupbuy.notices.channels import console, in_app


class NotDelivered(Exception):
    """The channel did not take the message; the text says why, for the operator."""


CHANNELS: dict[str, ModuleType] = {"in_app": in_app, "console": console}
