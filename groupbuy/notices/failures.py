"""What a way out of the house says when it did not take a message."""

from __future__ import annotations


class NotDelivered(Exception):
    """It did not take the message; the text says why, for the operator, and holds no address."""


class NeverDelivered(NotDelivered):
    """Nor will it ever take a message for this person: trying again is no use."""
