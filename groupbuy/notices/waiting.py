"""What waits for a leader, counted by support.desk_work, or for operators, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from flask_babel import ngettext


def counts(detail: Mapping[str, object]) -> Iterator[str]:
    """“2 orders to vouch for”, of each of `detail` that is a number; its names are those below."""
    counted: dict[str, Callable[[int], str]] = {
        "to_vouch": lambda n: ngettext(
            "%(num)d order to vouch for", "%(num)d orders to vouch for", n
        ),
        "unanswered": lambda n: ngettext(
            "%(num)d purchase list without an answer", "%(num)d purchase lists without an answer", n
        ),
        "arriving": lambda n: ngettext("%(num)d delivery today", "%(num)d deliveries today", n),
        "to_hand_over": lambda n: ngettext(
            "%(num)d bag to hand over", "%(num)d bags to hand over", n
        ),
        "uncollected": lambda n: ngettext(
            "%(num)d bag nobody came for", "%(num)d bags nobody came for", n
        ),
        "doubles": lambda n: ngettext(
            "%(num)d bag perhaps given out twice", "%(num)d bags perhaps given out twice", n
        ),
        "questions": lambda n: ngettext("%(num)d call for help", "%(num)d calls for help", n),
        "stuck_payments": lambda n: ngettext(
            "%(num)d payment nobody knows the end of", "%(num)d payments nobody knows the end of", n
        ),
        "stuck_refunds": lambda n: ngettext(
            "%(num)d refund that does not arrive", "%(num)d refunds that do not arrive", n
        ),
        "stuck_cases": lambda n: ngettext(
            "%(num)d case to look into", "%(num)d cases to look into", n
        ),
        "stuck_cash": lambda n: ngettext(
            "%(num)d leader with more cash than agreed",
            "%(num)d leaders with more cash than agreed",
            n,
        ),
    }
    for name, told in counted.items():
        if isinstance(number := detail.get(name), int):
            yield told(number)
