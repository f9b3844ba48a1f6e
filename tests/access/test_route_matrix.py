"""Every route, asked by everybody for what is theirs, somebody else's, and nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Map, Rule

from groupbuy import access
from groupbuy.access import POLICIES, policy, policy_of
from groupbuy.accounts.models import User
from groupbuy.extensions import db
from groupbuy.health import alive
from groupbuy.members.person import Person
from tests.access.asking import Asking
from tests.access.walking import Visit, addresses, form_of, rules, walk
from tests.access.world import ROLES, World
from tests.pages.test_around_a_page import an_app

# Leads to WeChat, which sends people back; nothing else leads off the site.
_OFF_THE_SITE = {"by_wechat.ask"}
# A browser takes \ for /, and //x for another host.
_LOCAL = re.compile(r"(/(?![/\\])[^\\\x00-\x20]*)?")


@pytest.mark.parametrize("role", ROLES)
def test_each_route_keeps_its_promise(world: World, asking: Asking, role: str):
    seen = list(walk(world, asking, world.people[role]))
    complaints = [f"{visit}: {why}" for visit in seen for why in wrong(world, visit)]
    complaints += different_when_foreign(seen)
    assert complaints == []


def wrong(world: World, visit: Visit) -> Iterator[str]:
    """What is wrong with one answer, whoever asks."""
    if visit.status >= 500:
        yield "fails"
    view = world.app.view_functions[visit.endpoint]
    if visit.method == "GET" and visit.writes and not getattr(view, "writes_on_get", False):
        yield f"writes: {visit.writes[0]}"
    if visit.address.kind != "own" and visit.changed:
        yield f"changes what is not theirs: {set(visit.changed)}"
    if not _LOCAL.fullmatch(visit.location) and visit.endpoint not in _OFF_THE_SITE:
        yield f"leads off the site, to {visit.location}"
    if visit.policy == "signed_in":
        yield from not_held_at_the_door(visit)
    if visit.address.kind != "own":
        if visit.status < 400 and not sent_to_the_door(visit):
            yield "opens what is not theirs"
    elif visit.status >= 400 and (visit.method == "GET" or visit.policy in ("own", "signed_in")):
        yield "does not open what is theirs"


def not_held_at_the_door(visit: Visit) -> Iterator[str]:
    """Whoever is not signed in signs in first, and comes back; nobody else is sent there."""
    if visit.who.signed_in == sent_to_the_door(visit):
        yield f"sent to {visit.location!r}"
    if not visit.who.signed_in:
        back = parse_qs(urlsplit(visit.location).query).get("next")
        if back != ([visit.address.path] if visit.method == "GET" else None):
            yield f"comes back to {back}"


def sent_to_the_door(visit: Visit) -> bool:
    return visit.status == 303 and urlsplit(visit.location).path == "/sign-in"


def different_when_foreign(seen: Iterable[Visit]) -> Iterator[str]:
    """Where the answer about somebody else's thing tells that there is one."""
    missing = {
        (visit.endpoint, visit.method, visit.address.thing): visit
        for visit in seen
        if visit.address.kind == "missing"
    }
    for visit in seen:
        if visit.address.kind == "foreign":
            other = missing[visit.endpoint, visit.method, visit.address.thing]
            for told in ("status", "page", "headers"):
                if getattr(visit, told) != getattr(other, told):
                    yield f"{visit}: another {told} than for one that never was"
                    break


def test_no_form_is_taken_without_its_token(
    world: World, asking: Asking, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(world.app.config, "WTF_CSRF_ENABLED", True)
    for rule in rules(world.app):
        for role in ("nobody", "owner") if "POST" in (rule.methods or ()) else ():
            who = world.people[role]
            for address in addresses(world, who, rule):
                fields = form_of(who, rule.endpoint)
                answer = asking.ask(who, "POST", address.path, data=fields)
                assert answer.status_code == 400, f"{role}: {rule}"
                assert asking.writes == []


def test_with_its_token_it_is_taken(world: World, asking: Asking, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(world.app.config, "WTF_CSRF_ENABLED", True)
    client = world.app.test_client()
    client.set_cookie("session", world.people["owner"].cookie)
    page = client.get("/me/addresses/new").text
    token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    fields = form_of(world.people["owner"], "addresses.add") | {"csrf_token": token}
    answer = client.post("/me/addresses/new", data=fields | {"room": "9"})
    assert answer.status_code == 303


def test_no_next_leads_off_the_site(world: World, asking: Asking):
    # tests/members/test_sign_in_around.py tries all the ways of writing another host.
    evil = {"next": "/\\evil.example"}
    for rule in rules(world.app):
        for who in (world.people["nobody"], world.people["owner"]):
            for method in {"GET", "POST"} & (rule.methods or set()):
                path = next(addresses(world, who, rule)).path
                data = form_of(who, rule.endpoint) | evil if method == "POST" else None
                answer = asking.ask(
                    who, method, path + ("&" if "?" in path else "?") + urlencode(evil), data=data
                )
                location = answer.headers.get("Location", "")
                assert _LOCAL.fullmatch(location) or rule.endpoint in _OFF_THE_SITE, rule


def test_every_view_says_who_may_open_it(world: World):
    for rule in rules(world.app):
        assert policy_of(world.app, rule) in POLICIES, rule
    with pytest.raises(ValueError, match="no policy"):
        policy("everybody")


def test_an_application_with_a_silent_view_does_not_start(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    silent = Flask("silent")
    silent.add_url_rule("/quiet", "quiet", lambda: "psst")
    with pytest.raises(RuntimeError, match=r"policy: quiet"):
        access.register(silent)
    monkeypatch.delattr(alive, "policy")
    with pytest.raises(RuntimeError, match=r"policy: health\.alive"):
        an_app(tmp_path)


def test_no_route_takes_other_methods(world: World):
    for rule in rules(world.app):
        assert (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS", "POST"}, rule


def test_the_walk_fails_at_a_route_it_knows_nothing_of(world: World):
    who = world.people["owner"]
    for known, unknown in (("/o/<number>", "/parcels/<ref>"), ("/me", "/me/secrets/<number>")):
        assert list(addresses(world, who, _bound(known)))
        with pytest.raises(AssertionError, match="what may stand at"):
            list(addresses(world, who, _bound(unknown)))
    with pytest.raises(AssertionError, match="describe the form"):
        form_of(who, "parcels.send")


def test_the_walk_sees_a_door_left_open(
    world: World, asking: Asking, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Person, "is_member", lambda _person: sa.true())
    seen = list(walk(world, asking, world.people["helper"]))
    open_doors = {
        visit.endpoint for visit in seen if "opens what is not theirs" in wrong(world, visit)
    }
    assert {"orders.show", "order_changing.cancel", "help.send", "my_pickups.picture"} < open_doors


def test_the_walk_sees_what_is_written(world: World, asking: Asking):
    owner = world.people["owner"]
    asking.ask(owner, "GET", "/me")
    assert asking.writes == []
    asking.ask(owner, "POST", "/me/messages/read")
    assert asking.writes != []
    _, changed = asking.compare(owner, "POST", "/me/devices/end-others")
    assert changed == {"device"}
    asking.writes.clear()
    db.session.scalars(sa.select(User).with_for_update()).all()
    assert asking.writes == []  # a lock is no change


def _bound(path: str) -> Rule:
    [rule] = Map([Rule(path, endpoint="x")]).iter_rules()
    return rule
