"""The leader's own questions in an order's form, whoever fills it in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

from groupbuy.forms import Choice, ChoiceField, Form, LineField, needed

_NUMBER_LENGTH = 20


class AskingForm(Form):
    """A form with the fields that `question_fields` adds for a deal."""

    @property
    def questions(self) -> list[Any]:
        """The fields of the leader's own questions, in their order."""
        return [field for field in self if field.name.startswith("ask-")]

    @property
    def answers(self) -> dict[str, str]:
        """Question id -> what was answered, of those that were."""
        return {f.name.removeprefix("ask-"): str(f.data) for f in self.questions if f.data}


def question_fields(questions: Iterable[Any]) -> dict[str, Any]:
    """Name -> field, for a form made for one deal."""
    return {f"ask-{question.id}": _field(question) for question in questions}


def _field(question: Any) -> Any:
    checks = [needed(_l("The leader needs an answer to this."))] if question.required else []
    if question.kind == "choice":
        choices = [Choice("", "—"), *(Choice(choice) for choice in question.choices)]
        return ChoiceField(question.label, checks, choices=choices, default="")
    if question.kind == "number":
        return _Number(question.label, checks, longest=_NUMBER_LENGTH)
    return LineField(question.label, checks, longest=200)


class _Number(LineField):
    """A whole number as an answer; kept as text, for nobody calculates with it."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        if self.data and not (self.data.isascii() and self.data.isdigit()):
            raise ValueError(_l("Only digits, please."))
