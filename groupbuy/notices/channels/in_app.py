"""The message list inside the product: the owed row is the message, so it has arrived."""

from __future__ import annotations

from groupbuy.notices.letters import Message, Reader


def send(reader: Reader, message: Message) -> None:
    """Nothing has to leave the process."""
