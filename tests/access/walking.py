"""Asking for every address of every route, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, quote

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from groupbuy.access import policy_of
from groupbuy.core import clock
from tests.access.addresses import Address, addresses
from tests.access.asking import Asking
from tests.access.staff_forms import STAFF_FORMS
from tests.access.world import Person, World
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
    "notifications.take": {},
    "orders.again": {},
    "pay.ask": {},
    "pay.begin": {"way": "sandbox"},
    "sandbox.act": {"act": "pay"},
    "sign_in.enter": {"to": "13712340004", "password": "a long one"},
    "sign_in.leave": {},
    **STAFF_FORMS,
}


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
            for address in addresses(world, who, rule, method):
                yield visited(world, asking, who, rule, method, address)


def visited(
    world: World, asking: Asking, who: Person, rule: Rule, method: str, address: Address
) -> Visit:
    sent = {}
    if method == "POST":
        sent = as_sent(rule.endpoint, form_of(world, who, rule.endpoint, dict(address.named)))
    answer, changed = asking.compare(who, method, address.path, **sent)

    told = [
        (name, _same(address, value)) for name, value in answer.headers if name not in _OWN_HEADERS
    ]
    return Visit(
        who=who,
        policy=policy_of(world.app, rule) or "",
        endpoint=rule.endpoint,
        method=method,
        address=address,
        status=answer.status_code,
        location=answer.headers.get("Location", ""),
        page=page_of(address, answer),
        headers=tuple(sorted(told)),
        writes=tuple(asking.writes),
        changed=frozenset(changed),
    )


def page_of(address: Address, answer: TestResponse) -> str:
    """The page without what differs by address."""
    if answer.mimetype != "text/html":
        return ""
    page = _same(address, same_for_all(answer))
    page = re.sub(r'(name="(?:nonce|key)" value=")[^"]*', r"\1", page)
    return re.sub(r"(?<![0-9])[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?\b", "(time)", page)


def _same(address: Address, text: str) -> str:
    """`text` without its own address, nor what was asked for with it."""
    for own in {address.path, quote(address.path), quote(address.path, safe="")}:
        text = re.sub(rf"(?<!<){re.escape(own)}(?![\w/-])", "(here)", text)
    if address.named:  # a draft is made, under a name of its own
        text = re.sub(r"/lead/deals/[0-9a-z]+/edit", "(a draft)", text)
    _path, _mark, query = address.path.partition("?")
    asked = [(field, value) for _name, value in address.named for field in address.fields]
    for field, value in (*parse_qsl(query), *asked):
        text = text.replace(f"{field}={value}", "(asked)")
        shown = rf'(name="{re.escape(field)}"[^>]* value="){re.escape(value)}"'
        text = re.sub(shown, r'\1(asked)"', text)
        if len(value) > _LONG:  # shorter ones are in the page by chance
            text = text.replace(value, "(asked)")
    return text


_LONG = 7
_OWN_HEADERS = ("Set-Cookie", "Content-Length", "Date")


def form_of(
    world: World,
    who: Person,
    endpoint: str,
    named: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The form of a POST, or `fields`, as `who` would fill it in.

    `named` are names that stand for others than usual.
    """
    if fields is None:
        assert endpoint in FORMS, f"describe the form of {endpoint} in {__name__}.FORMS"
        fields = FORMS[endpoint]
    in_a_while = {"now": 0, "soon": 3, "later": 5}
    times = {
        name: f"{clock.local(clock.now() + timedelta(hours=hours)):%Y-%m-%dT%H:%M}"
        for name, hours in in_a_while.items()
    }
    usual = world.people["operator"].has | world.people["leader"].has
    known = {"item": "1", "point": "1", "ask0": "0"} | usual | world.names
    known = known | times | who.has | dict(named or {})
    plain = {name: known[name] for name in known if name.isidentifier()}
    filled = {k.format_map(plain): v.format_map(plain) for k, v in fields.items()}
    return {name: _file(world, value) or value for name, value in filled.items()}


def _file(world: World, value: str) -> tuple[BytesIO, str] | None:
    content, name = world.files.get(value, (b"", ""))
    return (BytesIO(content), name) if name else None


def as_sent(endpoint: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """How the test client is told of a form."""
    return {"json": {"scans": [form]}} if endpoint in _AS_JSON else {"data": form}


_AS_JSON = ("gate_sync.sync",)
