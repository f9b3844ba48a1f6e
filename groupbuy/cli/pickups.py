"""`flask pickups`: a deal's bags, handing them over, and what became of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.accounts.models import Member, PickupPoint
from groupbuy.cli import frame
from groupbuy.core import clock
from groupbuy.core.db import retrying, sum_of, transaction
from groupbuy.core.errors import BadInput
from groupbuy.core.text import label, mask_name
from groupbuy.core.tokens import public_id
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order, OrderLine
from groupbuy.pickup import bags, handover, uncollected
from groupbuy.pickup.models import ENDINGS, Handover, Pickup

group = frame.Group("pickups", help="Bags at the pickup points.")


@frame.command(group, "list")
@click.argument("slug", metavar="DEAL")
@frame.as_json
def list_bags(slug: str, as_json: bool) -> None:
    """The bags of DEAL (its slug) with the codes that open them."""
    deal = db.session.scalars(sa.select(Deal).where(Deal.slug == label(slug))).one_or_none()
    if deal is None:
        raise BadInput("deal", _l("There is no deal %(slug)s."), slug=label(slug))
    found = list(_bags(deal))
    if as_json:
        frame.print_json({"pickups": found})
        return
    headings = ("code", "member", "point", "state", "roll", "pieces", "open")
    frame.print_table(headings, (_row(bag) for bag in found))


@frame.command(group, "hand-over")
@click.argument("token")
@click.option("--nonce", help="Names this act: the same nonce again changes nothing.")
@frame.as_json
def hand_over(token: str, nonce: str | None, as_json: bool) -> None:
    """Hand over all that is in the bag TOKEN opens: its token, URL or spoken code."""
    nonce, now = nonce or public_id(20), clock.now()

    def act() -> dict[str, Any]:
        with transaction():
            bag, proxy = handover.opened_by(None, token)
            done = handover.hand_over(bag, nonce=nonce, by_id=None, now=now, proxy=proxy)
            return {
                "pickup": bag.id,
                "state": bag.state,
                "handover": done.id,
                "pieces": sum(line.pieces for line in done.lines),
                "repeated": done.at != now,  # written by this call, or found
            }

    answer = retrying(act)
    if as_json:
        frame.print_json(answer)
    else:
        frame.print_facts(answer | {"repeated": "yes" if answer["repeated"] else "no"})


@frame.command(group, "undo")
@click.argument("handover_id", type=click.IntRange(1, 2**62))
@click.option("--because", required=True, help="Why: it is kept with the handover.")
def undo(handover_id: int, because: str) -> None:
    """Take a handover back, within ten minutes."""
    with transaction():
        done = db.session.get(Handover, handover_id)
        if done is None:
            raise BadInput("handover", _l("There is no handover %(id)s."), id=handover_id)
        handover.undo(done, because=because, by_id=None, now=clock.now())
    click.echo(f"handover {handover_id} undone")


@frame.command(group, "end")
@click.argument("token")
@click.option("--ending", required=True, type=click.Choice(ENDINGS), help="What became of it.")
@click.option("--note", default="", help="To whom, where, until when.")
def end(token: str, ending: str, note: str) -> None:
    """Say what became of a bag that nobody collected."""
    with transaction():
        bag = handover.find(None, token)
        uncollected.end(bag, ending, note, by_id=None, now=clock.now())
    click.echo(f"bag ended: {ending}")


def _bags(deal: Deal) -> Iterator[dict[str, Any]]:
    """The bags of `deal` by roll number, from two statements however many there are."""
    orders = _orders_by_household(deal)
    found = (
        sa.select(Pickup, Member.name, PickupPoint.name)
        .join(Member, Member.id == Pickup.member_id)
        .join(PickupPoint, PickupPoint.id == Pickup.point_id)
        .where(Pickup.deal_id == deal.id)
        .order_by(Pickup.id)
    )
    rows = [
        (orders.get((bag.member_id, bag.point_id), []), bag, member, point)
        for bag, member, point in db.session.execute(found)
    ]
    for own, bag, member, point in sorted(rows, key=lambda row: [order[0] for order in row[0]]):
        token = bags.token_of(bag)
        yield {
            "token": token,
            "code": bags.code_of(bag),
            "member": mask_name(member),
            "point": point,
            "state": bag.state,
            "roll_nos": [roll_no for roll_no, _kept, _open in own],
            "pieces": sum(kept for _roll_no, kept, _open in own),
            "open_pieces": sum(left for _roll_no, _kept, left in own),
            "url": bags.url_of_token(token),
        }


def _orders_by_household(deal: Deal) -> dict[tuple[int, int], list[tuple[int, int, int]]]:
    """(member id, point id) -> (roll number, pieces kept, pieces open) of each order in the bag."""
    ordered = (
        sa.select(
            Order.member_id,
            Order.point_id,
            Order.roll_no,
            sum_of(OrderLine.kept_pieces),
            sum_of(OrderLine.open_pieces),
        )
        .join(OrderLine)
        .where(Order.deal_id == deal.id, Order.state.in_(bags.IN_BAGS))
        .group_by(Order.id)
        .order_by(Order.roll_no)
    )
    found: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for member_id, point_id, roll_no, kept, left in db.session.execute(ordered):
        found.setdefault((member_id, point_id), []).append((roll_no or 0, kept, left))
    return found


def _row(bag: dict[str, Any]) -> list[Any]:
    roll = " ".join(str(number) for number in bag["roll_nos"])
    names = ("code", "member", "point", "state")
    return [*(bag[name] for name in names), roll, bag["pieces"], bag["open_pieces"]]
