"""A small neighbourhood in which everybody has something, and nobody may see what is another's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

import sqlalchemy as sa
from flask import Flask

from groupbuy.accounts import addresses, devices, following
from groupbuy.accounts.models import Leader, Member, User
from groupbuy.accounts.staff import RIGHTS
from groupbuy.assets import DIST
from groupbuy.catalog import pictures
from groupbuy.core import clock
from groupbuy.core.tokens import sign
from groupbuy.deals.models import Deal, DealQuestion
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe
from groupbuy.pickup import bags
from groupbuy.pickup.models import Pickup
from groupbuy.purchasing.models import PurchaseList
from tests import factories
from tests.access.office_world import answer_sheet, demo_payments, link_of, office
from tests.access.staff_addresses import NO_PICTURE, STAFF_MISSING
from tests.access.staff_forms import ANSWERS, FILES
from tests.access.staff_world import Things, desk_of, grant, view_of
from tests.catalog.uploads import drawn, packed
from tests.conftest import NOON
from tests.members.known import browser
from tests.pickup.rows import ready_bag

HOUR = timedelta(hours=1)
CONTACT = {"name": "李静", "phone": "13800138000", "building": "6", "unit": "2", "room": "1102"}
# Who asks, each a test of its own. "supplier" has no account, only the link to a purchase list.
ROLES = (
    "nobody",
    "guest",
    "owner",
    "resident",
    "leader",
    "other leader",
    "helper",
    "gate helper",
    "supplier",
    "operator",
)
_LEADS = {"leader", *(f"staff:{right}" for right in RIGHTS), "staff"}
# Role -> the policies of desks that let it in. A helper has every right, a gate helper hands over.
_AT_DESKS = {
    "leader": _LEADS,
    "other leader": _LEADS,
    "helper": _LEADS - {"leader"},
    "gate helper": {"staff", "staff:pickup"},
    "operator": {"operator"},
}


@dataclass(frozen=True)
class Person:
    """A browser by its cookie, whether somebody is signed in with it, and what is theirs.

    `has` maps the address of a thing, such as "/o/<number>", to what stands for it there; "item",
    "point" and "deal" are those of their order.
    """

    role: str
    cookie: str
    signed_in: bool
    has: dict[str, str]

    def may(self, policy: str) -> bool:
        """Whether a route with this policy is there for them at all."""
        if policy == "signed_in":
            return self.signed_in
        return policy in ("public", "own", "link") or policy in _AT_DESKS.get(self.role, ())


@dataclass(frozen=True)
class Shared:
    """What several may open, what exists but is not shown, and what never was."""

    open: str
    hidden: str
    missing: str


@dataclass(frozen=True)
class World:
    """Plain values only: rows would be stale after each request is undone.

    `files` are what forms mean by PICTURE and the like, `names` by a {name} that all know.
    """

    app: Flask
    people: dict[str, Person]
    shared: dict[str, Shared]
    files: dict[str, tuple[bytes, str]]
    names: dict[str, str]

    def other(self, who: Person, known: str) -> Person | None:
        """Whose thing of this kind is foreign to `who`; None where they see everybody's."""
        if known in self.people["owner"].has:
            return self.people["resident" if who.role == "owner" else "owner"]
        if known in self.people["leader"].has:
            at_the_leaders = who.role in ("leader", "helper", "gate helper")
            return self.people["other leader" if at_the_leaders else "leader"]
        return None if who.role == "operator" else self.people["operator"]


MISSING = {
    "/o/<number>": "20350512-aaaaaa",
    "/me/pickups/<ref>": "999999",
    "/me/addresses/<address_id>": "999999",
    "/me/messages/<notice_id>": "999999",
    "/me/devices/<device_id>": "999999",
    **STAFF_MISSING,
}


def build(app: Flask) -> World:
    """Two leaders with their deals, and one person of each role. Commits."""
    leader, other = factories.make_leader("林姐"), factories.make_leader("周叔")
    here, there = _open_deal(leader), _open_deal(other)
    _ask_questions(here)
    bag, foreign_bag, guests_bag = (ready_bag(leader=who) for who in (leader, other, leader))
    # One person each, built with their things; who has no account has no user.
    people = [
        _person(app, "nobody", None, here),
        _guest(app, here, guests_bag),
        _resident(app, "owner", here, bag),
        _resident(app, "resident", there, foreign_bag),
        *_staff(app, leader, other, here, there),
        _person(app, "supplier", None, here),
    ]
    shared = _shared(app, here, there, factories.make_draft(leader), bag)
    known = {person.role: person for person in people}
    things = known["leader"].has
    behind_link = db.session.get_one(PurchaseList, int(things["a list"]))
    shared |= _behind_the_link(behind_link, things)
    db.session.commit()
    files = FILES | {ANSWERS: (answer_sheet(behind_link), "a.xlsx")}
    return World(app, known, shared, files, {"link_item": things["my_line_item"]})


def _staff(app: Flask, leader: Leader, other: Leader, here: Deal, there: Deal) -> list[Person]:
    """Both leaders, two who help the first, and who runs the site."""
    own, others = desk_of(leader, leader.user, here), desk_of(other, other.user, there)
    helper = grant("helper", leader, **dict.fromkeys(RIGHTS, True))
    points = [int(own[name]) for name in ("evening_point", "given_point", "left_point")]
    gate_helper = grant("helper", leader, pickup=True, points=points)
    view = "/lead/deals/<slug>/orders/views/<view_id>"
    helps = own | view_of(leader, helper)
    at_gate = {"other /g/done/<handover_id>": own["far_done"]}
    own[f"other {view}"] = helps[view]
    return [
        _person(app, "leader", leader.user, here, own),
        _person(app, "other leader", other.user, here, others),
        _person(app, "helper", helper, here, helps),
        _person(app, "gate helper", gate_helper, here, own | at_gate),
        _person(app, "operator", grant("operator", None), here, office(leader, own)),
    ]


def _open_deal(leader: Leader) -> Deal:
    skus = [factories.make_sku(leader, price_fen=price) for price in (450, 3780)]
    return factories.make_deal(
        leader=leader, skus=skus, points=2, stock=500, opens_at=clock.now() - HOUR
    )


def _ask_questions(deal: Deal) -> None:
    kinds = (("text", [], True), ("choice", ["门口", "驿站"], False), ("number", [], False))
    for position, (kind, choices, required) in enumerate(kinds):
        deal.questions.append(
            DealQuestion(
                leader_id=deal.leader_id,
                position=position,
                kind=kind,
                label=f"问 {kind}",
                choices=choices,
                required=required,
            )
        )
    db.session.flush()


def _order(deal: Deal, member: Member) -> dict[str, str]:
    """An order of three pieces of the first item, and the names of what it is about."""
    order = factories.make_order(deal, 3, member=member, now=clock.now())
    return {"/o/<number>": order.number, **_names(deal)}


def _names(deal: Deal) -> dict[str, str]:
    first, second = deal.items
    asked = {f"ask{question.position}": f"{question.id}" for question in deal.questions}
    return {
        "deal": deal.slug,
        "leader": deal.leader.slug,
        "item": f"{first.id}",
        "item2": f"{second.id}",
        "point": f"{deal.points[0].id}",
        **asked,
    }


def _guest(app: Flask, deal: Deal, bag: Pickup) -> Person:
    member = factories.make_member(deal.leader, "张伟")
    has = _order(deal, member) | {"/me/pickups/<ref>": f"{bag.id}"}
    return _known(app, "guest", None, (member, bag.member), has)


def _resident(app: Flask, role: str, deal: Deal, bag: Pickup) -> Person:
    user = factories.make_user("李静")
    member = factories.make_member(deal.leader, "李静")
    member.user_id = bag.member.user_id = user.id
    has = _order(deal, member) | {"/me/pickups/<ref>": f"{bag.id}"}
    following.follow(user, deal.leader, now=clock.now())
    return _known(app, role, user, (), has | _belongings(user))


def _person(
    app: Flask, role: str, user: User | None, deal: Deal, things: Things | None = None
) -> Person:
    has = _names(deal) | (_belongings(user) if user else {}) | (things or {})
    return _known(app, role, user, (), has)


def _belongings(user: User) -> dict[str, str]:
    """An address, a message and a second device."""
    now = clock.now()
    kept = addresses.add(user, CONTACT, now=now)
    owe("help", f"world:{user.id}", now=now, user_id=user.id, detail={"step": "me"})
    devices.sign_in_device(user, "iPhone Safari", now=now)
    told = db.session.scalars(sa.select(Notice.id).where(Notice.user_id == user.id)).one()
    return {
        "/me/addresses/<address_id>": f"{kept.id}",
        "/me/messages/<notice_id>": f"{told}",
        "/me/devices/<device_id>": f"{user.device_id}",
    }


def _known(
    app: Flask, role: str, user: User | None, members: tuple[Member, ...], has: dict[str, str]
) -> Person:
    client = browser(app, user, *members)
    with client.session_transaction() as session:
        session["browser"] = f"browser of {role}"
    cookie = client.get_cookie("session")
    assert cookie is not None
    return Person(role, cookie.value, user is not None, has)


def _shared(app: Flask, here: Deal, there: Deal, draft: Deal, bag: Pickup) -> dict[str, Shared]:
    """What stands in addresses that are not one person's."""
    applicant = factories.make_leader("小陈")
    applicant.state = "applied"
    pictures_of = [
        pictures.file_name(
            pictures.add_picture(deal, BytesIO(packed(drawn())), alt="", now=NOON).token, 240
        )
        for deal in (here, draft)
    ]
    addresses_of = [f"{app.config['SITE_URL']}/d/{deal.slug}" for deal in (here, there)]
    built = next(DIST.glob("phone-*.css")).name
    return {
        "/d/<slug>": Shared(here.slug, draft.slug, "nothing"),
        "/d/<slug>/i/<item_id>": Shared(f"{here.items[0].id}", f"{there.items[0].id}", "999999"),
        "/l/<slug>": Shared(here.leader.slug, applicant.slug, "nobody"),
        "/p/<token>": Shared(bags.token_of(bag), bags.code_of(bag), "a" * 26),
        "/pictures/<name>": Shared(*pictures_of, NO_PICTURE),
        "/assets/<name>": Shared(built, "manifest.json", "phone-AAAAAAAA.css"),
        "/documents/<name>": Shared("rules", "rules/2026-11", "secret"),
        "/pay/<way>": Shared("sandbox", "cash", "nobody"),
        "/sandbox/pay/<number>": Shared(*demo_payments(here)),
        "?url=": Shared(*addresses_of, "https://evil.example/"),
        "/operator/jobs/<name>": Shared("verify", "nothing", "nowhere"),
        "/lead/deals/<slug>/print/<kind>": Shared("points", "nothing", "nowhere"),
    }


def _behind_the_link(paper: PurchaseList, things: Things) -> dict[str, Shared]:
    """Whoever holds a signed address of the list opens what belongs to it."""
    for_supplier, for_arrival = link_of(paper), sign("count-in", paper.number)
    damage = things["/lead/deals/<slug>/arrival/<list_id>/photos/<name>"]
    return {
        "/p/count-in/<token>": Shared(for_arrival, for_supplier, "a.b"),
        "/s/<token>": Shared(for_supplier, for_arrival, "a.b"),
        "/s/<token>/photos/<name>": Shared(things["my_note_photo"], damage, NO_PICTURE),
        "/s/<token>/history/<list_id>": Shared(f"{paper.id}", things["a counted list"], "999999"),
    }
