"""Every form a resident can send, filled in so that it would be taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts import codes, passwords
from groupbuy.accounts.models import OneTimeCode
from groupbuy.accounts.reach import Reach, parse_reach
from groupbuy.core import clock, crypto
from groupbuy.extensions import db
from tests.access.walking import FORMS
from tests.access.world import Person, World
from tests.factories import make_user

KNOWN, FORGETFUL, NEW = "13812340011", "13812340012", "13712340013"
_A_WHILE = timedelta(minutes=2)  # after which another code may be asked for
PASSWORD = "correct horse"
_GOODS = {
    "q-{item}": "2",
    "short-{item}": "substitute",
    "upto-{item}": "12.50",
    "wish-{item}": "熟一点",
    "q-{item2}": "0",
    "point": "{point}",
    "note": "放门口",
    "key": "k" * 24,
}
_CHECKOUT = _GOODS | {
    "name": "王芳",
    "phone": "13800138001",
    "building": "6号楼",
    "unit": "2",
    "room": "1102",
    "way": "cash",
    "ask-{ask0}": "二楼",
    "ask-{ask1}": "门口",
    "ask-{ask2}": "12",
    "agree": "y",
    "expected_fen": "900",
}
_AGREED = {"rules": "y", "privacy": "y"}
_HELP = {
    "text": "付不了款",
    "name": "王芳",
    "phone": "13800138001",
    "key": "k" * 24,
    "step": "cart",
}


@dataclass(frozen=True)
class OddForm:
    """`who` is a role of the world or one of `doors`; {names} are filled in from what they have.

    `keeps` names tables that may change though the answer is a refusal.
    """

    endpoint: str
    path: str
    who: str = "owner"
    fields: dict[str, str] = field(default_factory=dict)
    keeps: frozenset[str] = frozenset()
    method: str = "POST"

    def __str__(self) -> str:
        return f"{self.endpoint} by {self.who}"


def _post(endpoint: str, path: str, who: str = "owner", **fields: str) -> OddForm:
    return OddForm(endpoint, path, who, fields or FORMS[endpoint])


def _get(endpoint: str, path: str, who: str = "owner", **fields: str) -> OddForm:
    return OddForm(endpoint, path, who, fields, method="GET")


POSTS = (
    OddForm("cart.change", "/d/{deal}/cart", "guest", {"q-{item}": "1", "add": "{item2}"}),
    OddForm("cart.change", "/d/{deal}/cart", "owner", {"q-{item}": "1", "less": "{item2}"}),
    OddForm("checkout.order", "/d/{deal}/checkout", "guest", _CHECKOUT),
    OddForm("checkout.order", "/d/{deal}/checkout", "owner", _CHECKOUT),
    OddForm(
        "order_changing.change",
        "/o/{order}/change",
        "owner",
        _GOODS | {"version": "1", "confirmed": "900"},
    ),
    _post("order_changing.cancel", "/o/{order}/cancel", "guest"),
    _post("orders.again", "/o/{order}/again"),
    _post("pay.begin", "/o/{order}/pay"),
    _post("pay.begin", "/o/{order}/pay", "guest"),
    _post("pay.ask", "/o/{order}/pay/ask"),
    _post("sandbox.act", "/sandbox/pay/GBDEMO", "nobody"),
    _post("by_code.sign_in", "/sign-in", "nobody", to=NEW),
    _post("by_code.register", "/register", "nobody", to="wang@example.com"),
    _post("by_code.find", "/sign-in/forgotten", "nobody", to=KNOWN),
    _post("by_code.again", "/sign-in/code/again", "code sent"),
    # A wrong code costs a try.
    OddForm(
        "entering.enter",
        "/sign-in/code",
        "code sent",
        {"code": "{code}"},
        frozenset({"one_time_code"}),
    ),
    _post("entering.register", "/sign-in/name", "proven, new", name="王芳", **_AGREED),
    _post(
        "entering.register",
        "/sign-in/name",
        "proven, with password",
        name="王芳",
        password=PASSWORD,
        **_AGREED,
    ),
    _post("entering.replace", "/sign-in/new-password", "proven, known", password=PASSWORD),
    _post("sign_in.enter", "/sign-in/password", "nobody", to=KNOWN, password=PASSWORD),
    _post("sign_in.leave", "/sign-out"),
    _post("agreeing.agree", "/agree"),
    _post("contacts_proven.prove_phone", "/me/phone", to=NEW),
    _post("contacts_proven.prove_email", "/me/email", to="li@example.com"),
    _post("me_password.change", "/me/password", password=PASSWORD),
    _post("addresses.add", "/me/addresses/new"),
    _post("addresses.change", "/me/addresses/{address}"),
    _post("addresses.delete", "/me/addresses/{address}/delete"),
    _post("addresses.make_default", "/me/addresses/{address}/default"),
    _post(
        "messages.keep",
        "/me/choices",
        wants="help:email",
        quiet="y",
        quiet_from="22:00",
        quiet_until="07:00",
    ),
    _post("messages.read", "/me/messages/{message}"),
    _post("messages.read_all", "/me/messages/read"),
    _post("me_pages.reading", "/me/reading", "guest"),
    _post("me_pages.reading", "/me/reading"),
    _post("leader_home.follow", "/l/{leader}/follow", "resident"),
    _post("leader_home.unfollow", "/l/{leader}/unfollow"),
    OddForm("help.send", "/help", "guest", _HELP | {"deal": "{deal}", "leader": "{leader}"}),
    OddForm("help.send", "/help", "owner", _HELP | {"order": "{order}", "leader": "{leader}"}),
    _post("my_pickups.send_somebody", "/me/pickups/{bag}/proxy", "guest"),
    _post("my_pickups.send_nobody", "/me/pickups/{bag}/proxy/end"),
    _post("devices.end", "/me/devices/{device}/end"),
    _post("devices.end_others", "/me/devices/end-others"),
)
GETS = (
    _get(
        "leader_home.show",
        "/l/{leader}",
        "nobody",
        q="鸡蛋",
        category="",
        brand="",
        price_from="1",
        price_to="50",
        page="1",
    ),
    _get("members.deal", "/d/{deal}", "nobody", page="2", lang="en"),
    _get("sharing.show", "/d/{deal}/share", "nobody", page="1"),
    _get(
        "sharing.wechat_signature", "/d/{deal}/wechat-signature", "nobody", url="http://localhost/"
    ),
    _get("orders.mine", "/me/orders", state="ready", page="1"),
    _get("my_pickups.show", "/me/pickups", page="1"),
    _get("messages.show", "/me/messages", page="1"),
    _get("help.ask", "/help", order="{order}", deal="{deal}", step="cart"),
    _get("help.sent", "/help/sent", "nobody", leader="{leader}"),
    _get("sign_in.show", "/sign-in", "nobody", next="/me/orders", lang="en"),
    _get("by_wechat.back", "/sign-in/wechat/back", "nobody", code="1", state="x"),
)


def doors(world: World) -> dict[str, Person]:
    """Browsers in the middle of signing in, with what they have in hand. Commits."""
    for phone in (KNOWN, FORGETFUL):
        passwords.set_password(make_user("王芳", phone), PASSWORD)
    found = {}
    for name, why, address, proves in (
        ("code sent", "sign_in", KNOWN, False),
        ("proven, new", "sign_in", NEW, True),
        ("proven, with password", "register", "wang@example.com", True),
        ("proven, known", "forgotten", FORGETFUL, True),
    ):
        found[name] = _proving(world.app, name, why, parse_reach(address), proves)
    # A thousand submissions take longer than a code is good for.
    db.session.execute(sa.update(OneTimeCode).values(expires_at=clock.now() + timedelta(days=1)))
    db.session.commit()
    return found


def _proving(app: Flask, name: str, why: str, reach: Reach, proves: bool) -> Person:
    now = clock.now() - _A_WHILE
    code = codes.make_code(reach, now=now)
    proof = codes.prove(reach, code, now=now) if proves else None
    client = app.test_client()
    with client.session_transaction() as session:
        session["proving"] = [why, crypto.encrypt(reach.address), proof]
    cookie: Any = client.get_cookie("session")
    return Person(name, cookie.value, False, {"code": code})


def filled(text: str, who: Person, world: World) -> str:
    """`text` with the names of what `who` has, or of what the owner has for who has nothing."""
    names = {"code": "000000"} | world.people["owner"].has | who.has
    plain = {name: value for name, value in names.items() if name.isidentifier()}
    for known, short in _SHORT.items():
        if known in names:
            plain[short] = names[known]
    return text.format_map(plain)


_SHORT = {
    "/o/<number>": "order",
    "/me/pickups/<ref>": "bag",
    "/me/addresses/<address_id>": "address",
    "/me/messages/<notice_id>": "message",
    "/me/devices/<device_id>": "device",
}
