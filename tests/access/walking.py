"""Every address of a route, as everybody may try it: theirs, somebody else's, nobody's.

A new route whose address, query or form is not described here fails the walk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from flask import Flask
from werkzeug.routing import Rule

from groupbuy.access import policy_of
from tests.access.asking import Asking
from tests.access.world import MISSING, Person, World
from tests.pages.reading import same_for_all

WHO = {"name": "李静", "phone": "13800138000", "building": "6", "unit": "2", "room": "1102"}
# Endpoint of a POST -> a form that would be taken from whoever may send it. {names} are Person.has.
FORMS: dict[str, dict[str, str]] = {
    "addresses.add": WHO,
    "addresses.change": WHO,
    "addresses.delete": {},
    "addresses.make_default": {},
    "agreeing.agree": {"rules": "y", "privacy": "y"},
    "by_code.again": {},
    "by_code.find": {"to": "13712340001"},
    "by_code.register": {"to": "wang@example.com"},
    "by_code.sign_in": {"to": "13712340002"},
    "cart.change": {"add": "{item}"},
    "checkout.order": WHO
    | {
        "q-{item}": "2",
        "point": "{point}",
        "way": "cash",
        "ask-{ask0}": "二楼",
        "agree": "y",
        "key": "k" * 24,
        "expected_fen": "900",
    },
    "contacts_proven.prove_email": {"to": "li@example.com"},
    "contacts_proven.prove_phone": {"to": "13712340003"},
    "devices.end": {},
    "devices.end_others": {},
    "entering.enter": {"code": "123456"},
    "entering.register": {"name": "李静", "password": "a long one", "rules": "y", "privacy": "y"},
    "entering.replace": {"password": "a long one"},
    "help.send": WHO | {"text": "付不了款", "key": "k" * 24, "deal": "{deal}"},
    "leader_home.follow": {},
    "leader_home.unfollow": {},
    "me_password.change": {"password": "a long one"},
    "me_pages.reading": {"language": "en", "type": "large", "next": "/me/orders"},
    "messages.keep": {
        "wants": "help:email",
        "quiet": "y",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    },
    "messages.read": {},
    "messages.read_all": {},
    "my_pickups.send_nobody": {},
    "my_pickups.send_somebody": {},
    "order_changing.cancel": {},
    "order_changing.change": {
        "q-{item}": "2",
        "point": "{point}",
        "key": "k" * 24,
        "version": "1",
        "confirmed": "900",
    },
    "orders.again": {},
    "sign_in.enter": {"to": "13712340004", "password": "a long one"},
    "sign_in.leave": {},
}
# Endpoint -> what its query may name, and the address under which that thing is known.
QUERIES = {
    "help.ask": {"order": "/o/<number>", "deal": "/d/<slug>"},
    "help.send": {"order": "/o/<number>"},
    "help.sent": {"leader": "/l/<slug>"},
    "sharing.wechat_signature": {"url": "?url="},
}
_NOTHING_WITHOUT = ("help.sent", "sharing.wechat_signature")


@dataclass(frozen=True)
class Address:
    """`kind` is "own", "foreign" or "missing"; `thing` what is foreign or missing, if anything."""

    path: str
    kind: str = "own"
    thing: str = ""


@dataclass(frozen=True)
class Visit:
    """What somebody asked for, and what came of it.

    `page` is without what differs by address; `writes` are statements, `changed` tables.
    """

    who: Person
    policy: str
    endpoint: str
    method: str
    address: Address
    status: int
    location: str
    page: str
    headers: tuple[tuple[str, str], ...]
    writes: tuple[str, ...]
    changed: frozenset[str]

    def __str__(self) -> str:
        what = f"{self.address.kind} {self.address.thing}".strip()
        return f"{self.who.role}: {self.method} {self.endpoint} ({what}) -> {self.status}"


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))


def walk(world: World, asking: Asking, who: Person) -> Iterator[Visit]:
    """Every route, every address of it, GET and POST."""
    for rule in rules(world.app):
        for method in sorted({"GET", "POST"} & (rule.methods or set())):
            for address in addresses(world, who, rule):
                yield visit(world, asking, who, rule, method, address)


def visit(
    world: World, asking: Asking, who: Person, rule: Rule, method: str, address: Address
) -> Visit:
    fields = form_of(who, rule.endpoint) if method == "POST" else None
    answer, changed = asking.compare(who, method, address.path, data=fields)

    def same(text: str) -> str:
        for own in (address.path, quote(address.path), quote(address.path, safe="")):
            text = text.replace(own, "(here)")
        return text

    told = [(name, same(value)) for name, value in answer.headers if name not in _OWN_HEADERS]
    return Visit(
        who=who,
        policy=policy_of(world.app, rule) or "",
        endpoint=rule.endpoint,
        method=method,
        address=address,
        status=answer.status_code,
        location=answer.headers.get("Location", ""),
        page=same(same_for_all(answer)) if answer.mimetype == "text/html" else "",
        headers=tuple(sorted(told)),
        writes=tuple(asking.writes),
        changed=frozenset(changed),
    )


_OWN_HEADERS = ("Set-Cookie", "Content-Length", "Date")


def form_of(who: Person, endpoint: str) -> dict[str, str]:
    """The form of a POST as `who` would fill it in."""
    assert endpoint in FORMS, f"describe the form of {endpoint} in {__name__}.FORMS"
    known = {"item": "1", "point": "1", "ask0": "0"} | who.has
    plain = {name: known[name] for name in known if name.isidentifier()}
    return {k.format_map(plain): v.format_map(plain) for k, v in FORMS[endpoint].items()}


def addresses(world: World, who: Person, rule: Rule) -> Iterator[Address]:
    """The address with everything `who` may open, and with each thing foreign or missing."""
    things = {name: _prefix(rule.rule, name) for name in rule.arguments}
    theirs = {name: choose(world, who, known, "own") for name, known in things.items()}
    if None not in theirs.values() and rule.endpoint not in _NOTHING_WITHOUT:
        yield Address(_fill(rule, theirs))
    for name, known in things.items():
        for kind in ("foreign", "missing"):
            others = {n: v or choose(world, who, things[n], "foreign") for n, v in theirs.items()}
            path = _fill(rule, others | {name: choose(world, who, known, kind)})
            yield Address(path, kind, known)
    for name, known in QUERIES.get(rule.endpoint, {}).items():
        for kind in ("own", "foreign", "missing"):
            if value := choose(world, who, known, kind):
                yield Address(f"{_fill(rule, theirs)}?{name}={value}", kind, known)


def choose(world: World, who: Person, known: str, kind: str) -> str | None:
    """What stands for a thing in an address; None for somebody who has none of their own."""
    if shared := world.shared.get(known):
        return {"own": shared.open, "foreign": shared.hidden, "missing": shared.missing}[kind]
    described = known in MISSING
    assert described, f"say in tests/access/world.py what may stand at {known}"
    if kind == "missing":
        return MISSING[known]
    if kind == "own":
        return who.has.get(known)
    return world.people["resident" if who.role == "owner" else "owner"].has[known]


def _prefix(rule: str, name: str) -> str:
    """The address up to and including a parameter: "/d/<slug>" of "/d/<slug>/checkout"."""
    end = f"<{name}>"
    return rule[: rule.index(end) + len(end)]


def _fill(rule: Rule, values: dict[str, str | None]) -> str:
    path = rule.rule
    for name, value in values.items():
        path = path.replace(f"<{name}>", quote(str(value), safe=":"))
    return path
