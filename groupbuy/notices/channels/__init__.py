"""How a message reaches a person. A channel is a module with `send(reader, message)`.

`send` may use the network and raises `NotDelivered` with a reason, or `NeverDelivered`; it is
called outside transactions. A channel that cannot reach everybody also has `reaches(reader)`:
whom it does not reach is passed over, which is no failure.
"""

from __future__ import annotations

from types import ModuleType

from groupbuy.notices.channels import console, email, in_app, wechat_template
from groupbuy.notices.failures import NeverDelivered, NotDelivered

__all__ = ["CHANNELS", "NeverDelivered", "NotDelivered", "reaches"]

CHANNELS: dict[str, ModuleType] = {
    "in_app": in_app,
    "console": console,
    "email": email,
    "wechat_template": wechat_template,
}


def reaches(name: str, reader: object) -> bool:
    """Whether the channel of this name is set up and knows how to find `reader`."""
    can = getattr(CHANNELS[name], "reaches", None)
    return can is None or bool(can(reader))
