"""Loading the demo step by step, and saying what there is to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Leader, Member, PickupPoint, RoleGrant, User
from groupbuy.catalog.models import Category, Product, Sku, Supplier
from groupbuy.core.db import long_transaction
from groupbuy.core.errors import RuleBroken
from groupbuy.deals.models import Deal
from groupbuy.demo import album, catalogue, online, people, story
from groupbuy.demo.scenes import ONLINE_SCENES, SCENES, Scene
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.purchasing.links import supplier_link
from groupbuy.purchasing.models import PurchaseList

Step = Callable[[datetime], None]


class NotInProduction(RuleBroken):
    """People with a published password have no place there."""

    message = _l("Demo data is not loaded in production.")


class RealPeople(RuleBroken):
    """Invented neighbours must not end up among real ones."""

    message = _l(
        "This database already holds %(count)s people who are not of the demo; nothing was loaded."
    )


def require_demo_site() -> None:
    """Raises NotInProduction, also for what is only read: it shows the demo's password."""
    if not current_app.config["DEVELOPMENT"]:
        raise NotInProduction


def missing_steps() -> list[Step]:
    """What is not loaded yet, each with transactions of its own; again gives the rest.

    Raises RealPeople when something is missing and the database is somebody's.
    """
    steps = list(_missing())
    strangers = _strangers() if steps else 0
    if strangers:
        raise RealPeople(count=strangers)
    return steps


def summary(now: datetime) -> dict[str, Any]:
    """What was loaded: counts, deals with their addresses, a supplier's page, who signs in."""
    return {
        "counts": _counts(),
        "deals": _deals(now),
        "supplier_page": _supplier_page(),
        "people": [
            {"role": role, "name": someone.name, "phone": someone.phone}
            for role, someone in people.who_signs_in()
        ],
        "password": people.PASSWORD,
    }


def _missing() -> Iterator[Step]:
    slugs = {community.slug for community in people.COMMUNITIES}
    if not db.session.scalar(sa.select(Leader.id).where(Leader.slug.in_(slugs)).limit(1)):
        yield _whole(lambda now: people.add(now=now))
    if not db.session.scalar(sa.select(Sku.id).join(Leader).where(Leader.slug.in_(slugs)).limit(1)):
        yield _whole(_add_catalogue)
    written = set(db.session.scalars(sa.select(Deal.slug)))
    for scene in SCENES:
        if scene.slug not in written:
            yield _whole(partial(_play, scene))
    if album.is_missing():
        yield _whole(lambda now: album.add(leaders(), now=now))
    for scene in ONLINE_SCENES:
        if online.is_missing(scene):
            yield partial(online.play, scene)


def _whole(write: Step) -> Step:
    """A step that is written in one transaction."""

    def step(now: datetime) -> None:
        with long_transaction():
            write(now)

    return step


def _play(scene: Scene, now: datetime) -> None:
    story.play(scene, now=now)
    story.tell(now=now)


def _add_catalogue(now: datetime) -> None:
    catalogue.add({leader.slug: leader for leader in leaders()}, now=now)


def leaders() -> list[Leader]:
    """The demo's leaders that are there, in the order in which they came."""
    slugs = [community.slug for community in people.COMMUNITIES]
    own = sa.select(Leader).where(Leader.slug.in_(slugs)).order_by(Leader.id)
    return list(db.session.scalars(own))


def _strangers() -> int:
    """People who are neither of the demo nor operators and nothing else."""
    own = people.phone_hashes()
    roles: dict[int, set[str]] = {}
    for user_id, role in db.session.execute(sa.select(RoleGrant.user_id, RoleGrant.role)):
        roles.setdefault(user_id, set()).add(role)
    found = db.session.execute(sa.select(User.id, User.phone_hash))
    return sum(
        phone_hash not in own and roles.get(user_id) != {"operator"}
        for user_id, phone_hash in found
    )


def _counts() -> dict[str, int]:
    ids = [leader.id for leader in leaders()]
    counted: dict[str, Any] = {
        "points": PickupPoint,
        "suppliers": Supplier,
        "products": Product,
        "deals": Deal,
        "orders": Order,
    }
    counts = {"leaders": len(ids), "categories": _count(sa.select(Category.id))}
    for name, model in counted.items():
        counts[name] = _count(sa.select(model.id).where(model.leader_id.in_(ids)))
    counts["residents"] = _count(
        sa.select(Member.user_id).where(Member.leader_id.in_(ids)).distinct()
    )
    return counts


def _count(rows: sa.Select[Any]) -> int:
    return db.session.scalars(sa.select(sa.func.count()).select_from(rows.subquery())).one()


def _deals(now: datetime) -> list[dict[str, str]]:
    """The deals people can open, in the order of the scenes."""
    slugs = [scene.slug for scene in (*SCENES, *ONLINE_SCENES)]
    shown = sa.select(Deal).where(Deal.slug.in_(slugs), Deal.state != "draft")
    site = current_app.config["SITE_URL"]
    deals = sorted(db.session.scalars(shown), key=lambda deal: slugs.index(deal.slug))
    return [
        {"title": deal.title, "state": deal.phase(now), "url": f"{site}/d/{deal.slug}"}
        for deal in deals
    ]


def _supplier_page() -> str:
    """A purchase list as its supplier sees it, signed as of the hour it was issued."""
    first = (
        sa.select(PurchaseList)
        .join(Deal)
        .where(Deal.slug.in_([scene.slug for scene in SCENES]))
        .order_by(PurchaseList.id)
        .limit(1)
    )
    purchase_list = db.session.scalars(first).one()
    return supplier_link(purchase_list, now=purchase_list.revisions[0].issued_at)
