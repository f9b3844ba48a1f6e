"""The list of a leader's deals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from groupbuy.accounts.models import Leader, RoleGrant
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.leaders import deals_reading
from tests import factories
from tests.leaders.editing import desk, live
from tests.members.test_cart import sign_in
from tests.pages.reading import words
from tests.purchasing.test_workbook import statements

HOUR = timedelta(hours=1)


def in_phase(leader: Leader, phase: str) -> Deal:
    """A published deal that is, or is said to be, in `phase` now; its title is the phase."""
    now = clock.now()
    opens_at = now + HOUR if phase == "upcoming" else now - 2 * HOUR
    closes_at = now - HOUR if phase == "overdue" else now + 2 * HOUR
    dates = {"title": f"deal {phase}", "opens_at": opens_at, "closes_at": closes_at}
    deal = factories.make_draft(leader, **dates)
    states = {"upcoming": "open", "overdue": "open"}
    deal.state = states.get(phase, phase)
    db.session.flush()
    return deal


def every_phase(leader: Leader) -> None:
    for phase in (*deals_reading.PHASES, "overdue"):
        in_phase(leader, phase)


@pytest.mark.parametrize("phase", deals_reading.PHASES)
def test_each_state_lists_its_deals_and_overdue_ones_are_closing(app: Flask, phase: str):
    leader = factories.make_leader()
    every_phase(leader)
    client = desk(app, leader)
    page = words(client.get(f"/lead/deals?state={phase}"))
    shown = {name for name in (*deals_reading.PHASES, "overdue") if f"deal {name}" in page}
    assert shown == ({"closing", "overdue"} if phase == "closing" else {phase})
    assert deals_reading.counts(leader, "", clock.now())["closing"] == 2


def test_the_list_shows_how_far_each_deal_has_come(app: Flask):
    leader = factories.make_leader()
    deal = live(leader, title="Basket", minimum_kind="persons", minimum=5)
    factories.make_placed(deal, 2, now=clock.now())
    factories.make_order(deal, 1, now=clock.now())
    page = words(desk(app, leader).get("/lead/deals"))
    for text in ("Basket", "1 / 5 people", "1 order", "1 not paid", "¥75.60"):
        assert text in page


def test_titles_are_searched_and_odd_questions_are_harmless(app: Flask):
    leader = factories.make_leader()
    factories.make_draft(leader, title="Crab 100%")
    factories.make_draft(leader, title="Rice")
    client = desk(app, leader)
    found = words(client.get("/lead/deals?find=crab"))
    assert "Crab 100%" in found
    assert "Rice" not in found
    assert "Crab" not in words(client.get("/lead/deals?find=0_"))
    assert "No deal is like that." in words(client.get("/lead/deals?find=%00%ED%A0%80x"))
    for odd in ("state=luck", "page=-1", "page=x", "page=9999", "find=" + "x" * 5000):
        assert client.get(f"/lead/deals?{odd}").status_code == 200


def test_an_empty_list_offers_the_first_step(app: Flask):
    page = desk(app, factories.make_leader()).get("/lead/deals").get_data(as_text=True)
    assert "Make the first deal" in page


def test_deals_of_others_are_not_listed_and_helpers_see_no_buttons_of_the_leader(app: Flask):
    leader, other = factories.make_leader(), factories.make_leader()
    live(leader, title="Mine")
    factories.make_draft(other, title="Theirs")
    helper = factories.make_user("沈立夏")
    rights = {"orders": True}
    grant = RoleGrant(
        user_id=helper.id,
        role="helper",
        leader_id=leader.id,
        rights=rights,
        created_at=clock.now(),
    )
    db.session.add(grant)
    db.session.commit()
    client = app.test_client()
    sign_in(client, helper)
    page = client.get("/lead/deals").get_data(as_text=True)
    assert "Mine" in page
    assert "Theirs" not in page
    assert "/copy" not in page
    assert "/edit" not in page
    assert client.get("/lead/deals/new").status_code == 404


def test_fifty_deals_take_as_many_statements_as_five_and_the_rest_is_on_the_next_page(app: Flask):
    leader = factories.make_leader()
    now = clock.now()
    for number in range(5):
        factories.make_placed(live(leader, title=f"D{number}"), 1, now=now)
    with statements() as few:
        rows = deals_reading.listing(leader, "", "", 1, now).rows
    for number in range(5, 60):
        live(leader, title=f"D{number}")
    with statements() as many:
        first = deals_reading.listing(leader, "", "", 1, now)
        second = deals_reading.listing(leader, "", "", 2, now)
    assert (len(rows), len(first.rows), len(second.rows), first.pages) == (5, 50, 10, 2)
    assert len(many) == 2 * len(few)
