"""Refusals: what a rule says when a person may not do what they asked."""

from __future__ import annotations

from typing import Any, ClassVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _l


class RuleBroken(Exception):
    """A refusal with a sentence for the person; nothing has been written.

    Children set `message` (a gettext id) and are raised with the facts it names:
    `raise SoldOut(item="Eggs", left=2)`. `status` is the HTTP status of the answer.
    """

    message: ClassVar[Any] = _l("That is not possible now.")
    status: ClassVar[int] = 409

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts)
        self.facts = facts

    @property
    def sentence(self) -> str:
        """The refusal in the language of whoever is asking."""
        message = str(self.message)
        return message % self.facts if self.facts else gettext(message)

    def __str__(self) -> str:
        return self.sentence


class BadInput(RuleBroken):
    """Input that cannot be read; `field` says where the sentence belongs."""

    status = 422

    def __init__(self, field: str, message: Any, **facts: Any) -> None:
        super().__init__(**facts)
        self.field = field
        self.message = message  # type: ignore[misc]


class WrongState(RuleBroken):
    """The row is no longer in a state that allows this step."""

    message = _l("This has already changed: it is now “%(state)s”.")

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(state=state, wanted=wanted)
        self.state = state

    @property
    def sentence(self) -> str:
        """The refusal, with the state named in the reader's language (see words.STATES)."""
        return str(self.message) % {"state": gettext(self.state)}
