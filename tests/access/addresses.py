"""Every address of a route, as everybody may try it: theirs, somebody else's, nobody's.

A new route whose address, query or form is not described in this folder fails the walk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from werkzeug.routing import Rule

from tests.access.staff_addresses import FILTERS, MEANT, STAFF_QUERIES
from tests.access.staff_forms import NAMED_IN_FORMS, NOBODYS, STAFF_FORMS
from tests.access.world import MISSING, Person, World

# Endpoint -> what its query may name, and the address under which that thing is known.
QUERIES = {
    "help.ask": {"order": "/o/<number>", "deal": "/d/<slug>"},
    "help.send": {"order": "/o/<number>"},
    "help.sent": {"leader": "/l/<slug>"},
    "sharing.wechat_signature": {"url": "?url="},
    **STAFF_QUERIES,
}
_NOTHING_WITHOUT = ("help.sent", "sharing.wechat_signature", "lead_orders.batch.preview")


@dataclass(frozen=True)
class Address:
    """`thing` is what is foreign or missing, if anything; `named` what the form then names.

    `kind` is "own", "foreign", "missing", or "elsewhere": one's own, but not of this address. Of
    a `narrow` thing it is enough that another's is as good as none.
    """

    path: str
    kind: str = "own"
    thing: str = ""
    named: tuple[tuple[str, str], ...] = ()
    narrow: bool = False
    fields: tuple[str, ...] = ()  # of the form, that hold what is named


def addresses(world: World, who: Person, rule: Rule, method: str = "GET") -> Iterator[Address]:
    """The address with everything `who` may open, and with each thing foreign or missing."""
    things = {name: thing(rule.rule, name) for name in rule.arguments}
    theirs = {name: choose(world, who, known, "own") for name, known in things.items()}
    is_whole = None not in theirs.values()
    if is_whole and rule.endpoint not in _NOTHING_WITHOUT:
        yield Address(_fill(rule, theirs))
    for name, known in things.items():
        for kind in ("foreign", "missing", "elsewhere"):
            others = {n: v or choose(world, who, things[n], "foreign") for n, v in theirs.items()}
            others = {n: v or choose(world, who, things[n], "missing") for n, v in others.items()}
            if chosen := choose(world, who, known, kind):
                yield Address(_fill(rule, others | {name: chosen}), kind, known)
    if is_whole:
        yield from _named(world, who, rule, _fill(rule, theirs), method)


def _named(world: World, who: Person, rule: Rule, path: str, method: str) -> Iterator[Address]:
    """The same address, its query or its form naming each thing foreign or missing."""
    for narrow, queries in ((False, QUERIES), (True, FILTERS)):
        for name, known in queries.get(rule.endpoint, {}).items():
            for kind in ("own", "foreign", "missing"):
                if value := choose(world, who, known, kind):
                    yield Address(f"{path}?{name}={value}", kind, known, narrow=narrow)
    at_desk = method == "POST" and "my_desk" in who.has
    for name in NAMED_IN_FORMS.get(rule.endpoint, ()) if at_desk else ():
        other = world.other(who, "/lead/deals/<slug>")
        assert other
        fields = tuple(k for k, v in STAFF_FORMS[rule.endpoint].items() if v == f"{{{name}}}")
        for kind, value in (("foreign", other.has[name]), ("missing", NOBODYS[name])):
            yield Address(path, kind, f"{name} in the form", ((name, value),), True, fields)


def choose(world: World, who: Person, known: str, kind: str) -> str | None:
    """What stands for a thing in an address; None for somebody who has none of their own."""
    if shared := world.shared.get(known):
        return {"own": shared.open, "foreign": shared.hidden, "missing": shared.missing}.get(kind)
    described = known in MISSING
    assert described, f"say in tests/access what may stand at {known}"
    if kind == "missing":
        return MISSING[known]
    if kind == "elsewhere":
        return who.has.get(f"other {known}")
    if kind == "own":
        return who.has.get(known)
    holder = world.other(who, known)
    return holder.has[known] if holder else None


def thing(rule: str, name: str) -> str:
    """What a parameter names: the address up to it, "/d/<slug>" of "/d/<slug>/checkout"."""
    end = f"<{name}>"
    for start in sorted(MEANT, key=len, reverse=True):
        if rule.startswith(start) and name in MEANT[start]:
            return MEANT[start][name]
    return rule[: rule.index(end) + len(end)]


def _fill(rule: Rule, values: dict[str, str | None]) -> str:
    path = rule.rule
    for name, value in values.items():
        path = path.replace(f"<{name}>", quote(str(value), safe=":"))
    return path
