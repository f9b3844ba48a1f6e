"""Messages on standard output, for development and small installations without a provider."""

from __future__ import annotations

from groupbuy.notices.letters import Message, Reader
from groupbuy.notices.printing import print_line


def send(reader: Reader, message: Message) -> None:
    """Print one line: to whom, of what kind, the words and the link."""
    print_line(f"[notice] {reader.who}: {message.kind}: {message.words} {message.link}".rstrip())
