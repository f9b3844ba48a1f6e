"""Every route, asked by everybody for what is theirs, somebody else's, and nobody's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask, abort
from werkzeug.routing import Map, Rule

from groupbuy import access, desk
from groupbuy.access import POLICIES, policy, policy_of
from groupbuy.accounts.models import User
from groupbuy.core.text import id_or_none
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.health import alive
from groupbuy.members.person import Person as Viewer
from tests.access.addresses import Address, addresses
from tests.access.asking import Asking
from tests.access.walking import Visit, form_of, page_of, rules, visited, walk
from tests.access.world import ROLES, Person, World
from tests.pages.test_around_a_page import an_app

# Leads to WeChat, which sends people back; nothing else leads off the site.
_OFF_THE_SITE = {"by_wechat.ask"}
_OPEN = ("public", "own", "link")
# Who leads already cannot apply to; without WeChat there is nothing to sign.
_REFUSED = {("lead_apply.send", "leader"), ("lead_apply.send", "other leader")}
# Sent by no browser: every byte is signed (tests/paying/test_notifications.py).
_SIGNED = {"notifications.take"}
_NOT_SET_UP = {"gate.wechat_signature"}
Nowhere = dict[str, tuple[int, str]]
# A browser takes \ for /, and //x for another host.
_LOCAL = re.compile(r"(/(?![/\\])[^\\\x00-\x20]*)?")


@pytest.mark.parametrize("role", ROLES)
def test_each_route_keeps_its_promise(world: World, asking: Asking, role: str):
    who = world.people[role]
    seen = list(walk(world, asking, who))
    complaints = [f"{visit}: {why}" for visit in seen for why in wrong(world, visit)]
    complaints += different_when_foreign(seen)
    complaints += different_without_the_role(seen, nowhere(asking, who))
    assert not complaints, "\n".join(complaints)


def wrong(world: World, visit: Visit) -> Iterator[str]:
    """What is wrong with one answer, whoever asks."""
    if visit.status >= 500:
        yield "fails"
    view = world.app.view_functions[visit.endpoint]
    if visit.method == "GET" and visit.writes and not getattr(view, "writes_on_get", False):
        yield f"writes: {visit.writes[0]}"
    if not _LOCAL.fullmatch(visit.location) and visit.endpoint not in _OFF_THE_SITE:
        yield f"leads off the site, to {visit.location}"
    if visit.policy not in _OPEN:
        yield from not_held_at_the_door(visit)
    if not visit.who.may(visit.policy):
        if visit.changed or (visit.status != 404 and not sent_to_the_door(visit)):
            yield f"lets in who has no business there, and changes {set(visit.changed)}"
    elif visit.address.kind == "own":
        yield from closed_to_its_owner(visit)
    elif not visit.address.narrow:
        yield from open_to_another(visit)


def closed_to_its_owner(visit: Visit) -> Iterator[str]:
    """Pages of one's own open, and forms of FORMS are taken."""
    refuses = (visit.endpoint, visit.who.role) in _REFUSED or visit.endpoint in _NOT_SET_UP
    must = visit.method == "GET" or visit.policy != "public"
    if must and visit.status >= 400 and not refuses:
        yield "does not open what is theirs"


def open_to_another(visit: Visit) -> Iterator[str]:
    if visit.changed:
        yield f"changes what is not theirs: {set(visit.changed)}"
    if visit.status < 400 and not sent_to_the_door(visit):
        yield "opens what is not theirs"


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
        if visit.address.kind in ("foreign", "elsewhere"):
            other = missing[visit.endpoint, visit.method, visit.address.thing]
            for told in ("status", "page", "headers", "changed"):
                if getattr(visit, told) != getattr(other, told):
                    yield f"{visit}: another {told} than for one that never was"
                    break


def nowhere(asking: Asking, who: Person) -> Nowhere:
    """What `who` is told, by console, at an address that is none."""
    told = {}
    for start in ("/lead", "/g", "/operator"):
        address = Address(f"{start}/no/such/page")
        answer = asking.ask(who, "GET", address.path)
        told[start] = answer.status_code, page_of(address, answer)
    return told


def different_without_the_role(seen: Iterable[Visit], told: Nowhere) -> Iterator[str]:
    """Where the answer to somebody without the role tells that there is such a page."""
    for visit in seen:
        if visit.who.signed_in and not visit.who.may(visit.policy):
            start = f"/{visit.address.path.split('/')[1].split('?')[0]}"
            if (visit.status, visit.page) != told[start]:
                yield f"{visit}: another page than where there is none"


def test_no_form_is_taken_without_its_token(
    world: World, asking: Asking, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(world.app.config, "WTF_CSRF_ENABLED", True)
    for rule in (each for each in rules(world.app) if each.endpoint not in _SIGNED):
        for role in (
            ("nobody", "owner", "leader", "operator") if "POST" in (rule.methods or ()) else ()
        ):
            who = world.people[role]
            path = next(addresses(world, who, rule)).path
            fields = form_of(world, who, rule.endpoint)
            assert asking.ask(who, "POST", path, data=fields).status_code == 400, f"{role}: {rule}"
            assert asking.writes == []


def test_with_its_token_it_is_taken(world: World, asking: Asking, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(world.app.config, "WTF_CSRF_ENABLED", True)
    client = world.app.test_client()
    client.set_cookie("session", world.people["owner"].cookie)
    page = client.get("/me/addresses/new").text
    token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    fields = form_of(world, world.people["owner"], "addresses.add") | {"csrf_token": token}
    answer = client.post("/me/addresses/new", data=fields | {"room": "9"})
    assert answer.status_code == 303


def test_no_next_leads_off_the_site(world: World, asking: Asking):
    # tests/members/test_sign_in_around.py tries all the ways of writing another host.
    evil = {"next": "/\\evil.example"}
    for rule in rules(world.app):
        for who in (world.people[role] for role in ("nobody", "owner", "leader", "operator")):
            for method in {"GET", "POST"} & (rule.methods or set()):
                path = next(addresses(world, who, rule)).path
                data = form_of(world, who, rule.endpoint) | evil if method == "POST" else None
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
        form_of(world, who, "parcels.send")


def test_the_walk_sees_a_door_left_open(
    world: World, asking: Asking, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Viewer, "is_member", lambda _person: sa.true())
    seen = list(walk(world, asking, world.people["helper"]))
    open_doors = {
        visit.endpoint for visit in seen if "opens what is not theirs" in wrong(world, visit)
    }
    assert {"orders.show", "order_changing.cancel", "help.send", "my_pickups.picture"} < open_doors


def test_the_walk_sees_a_desk_at_which_anybody_sits(
    world: World, asking: Asking, monkeypatch: pytest.MonkeyPatch
):
    def any_deal(slug):
        return db.session.scalars(sa.select(Deal).where(Deal.slug == slug)).one_or_none() or abort(
            404
        )

    def any_row(kind, typed_id):
        return db.session.get(kind, id_or_none(typed_id) or 0) or abort(404)

    # The code, because every page has imported the function by name.
    monkeypatch.setattr(desk.deal_or_404, "__code__", any_deal.__code__)
    monkeypatch.setattr(desk.own_or_404, "__code__", any_row.__code__)
    who, open_doors = world.people["leader"], set()
    for rule in rules(world.app):
        for method in {"GET", "POST"} & (rule.methods or set()) if rule.arguments else ():
            for address in addresses(world, who, rule) if rule.rule.startswith("/lead") else ():
                if address.kind == "foreign":
                    seen = visited(world, asking, who, rule, method, address)
                    if "opens what is not theirs" in wrong(world, seen):
                        open_doors.add(seen.endpoint)
    assert {
        *("lead_deal.show", "lead_orders.index", "lead_lists.index", "lead_arrival.index"),
        *("lead_members.one.show", "lead_points.edit", "lead_goods.show", "lead_messages.reveal"),
        *("lead_deal_acts.cancel_now", "lead_members.one.block", "lead_goods.put_away"),
    } <= open_doors


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
