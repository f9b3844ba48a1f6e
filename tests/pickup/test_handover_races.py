"""Twenty scanners and one token, with real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.pickup import bags, handover, shortage, uncollected
from groupbuy.pickup.arrival import AlreadySharedOut
from groupbuy.pickup.models import Arrival, Handover, HandoverLine, Pickup
from tests.pickup.rows import (
    ARRIVED,
    assert_all_is_true,
    closed_deal,
    count_all,
    lists_of,
    ready_bag,
)
from tests.races.together import at_the_edge, together

pytestmark = pytest.mark.races
SCANNERS = 20


@pytest.fixture(autouse=True)
def a_connection_each(monkeypatch):
    monkeypatch.setenv("DATABASE_POOL_SIZE", str(SCANNERS))


def waiting_bag(*pieces: int) -> tuple[str, list[int]]:
    """The token of a committed bag that is ready, and the ids of its order lines."""
    with transaction():
        bag = ready_bag(*pieces)
        token, line_ids = bags.token_of(bag), [line.id for line in bags.lines_of(bag)]
    db.session.remove()
    return token, line_ids


def scanner(token: str, nonce: str, pieces: Mapping[int, int] | None = None) -> Callable[[], int]:
    """A scan as a page does it; answers the handover's id."""

    def scan() -> int:
        bag = handover.find(None, token)
        done = handover.hand_over(bag, nonce=nonce, by_id=None, now=ARRIVED, pieces=pieces)
        return done.id

    return lambda: at_the_edge(scan)


def test_of_twenty_scanners_one_hands_the_bag_over(shared_app):
    token, _lines = waiting_bag(2, 1)
    answers = together(shared_app, [scanner(token, f"s{number}") for number in range(SCANNERS)])
    assert len(answers.yes) == 1
    assert {type(refusal) for refusal in answers.refused} == {handover.AlreadyHandedOver}
    assert answers.errors == []
    [done] = db.session.scalars(sa.select(Handover))
    assert sum(line.pieces for line in done.lines) == 3
    assert_all_is_true()


def test_the_same_scan_sent_twenty_times_is_one_handover_and_no_error(shared_app):
    token, _lines = waiting_bag(2)
    answers = together(shared_app, [scanner(token, "one")] * SCANNERS)
    assert len(answers.yes) == SCANNERS
    assert len(set(answers)) == 1
    assert_all_is_true()


def test_twenty_scanners_of_single_pieces_hand_over_no_more_than_there_are(shared_app):
    token, [line_id] = waiting_bag(7)
    scans = [scanner(token, f"s{number}", {line_id: 1}) for number in range(SCANNERS)]
    answers = together(shared_app, scans)
    assert len(answers.yes) == 7
    assert answers.errors == []
    assert_all_is_true()


def test_without_the_lock_the_bag_is_handed_over_again_and_again(shared_app):
    """The control: look first, write afterwards, as one would without thinking."""
    token, [line_id] = waiting_bag(2)
    everybody_looked = threading.Barrier(SCANNERS)

    def scan(number: int) -> None:
        bag = handover.find(None, token)
        ids = {"leader_id": bag.leader_id, "pickup_id": bag.id}
        looks_ready = bag.state == "ready"
        db.session.rollback()
        everybody_looked.wait(60)
        if not looks_ready:
            raise handover.NotArrived
        given = HandoverLine(leader_id=ids["leader_id"], line_id=line_id, pieces=2)
        with transaction():
            db.session.execute(
                sa.update(Pickup).where(Pickup.id == ids["pickup_id"]).values(state="collected")
            )
            done = Handover(**ids, nonce=f"s{number}", at=ARRIVED, undone_because="", lines=[given])
            db.session.add(done)

    answers = together(
        shared_app, [lambda number=number: scan(number) for number in range(SCANNERS)]
    )
    assert len(answers.yes) > 1
    assert db.session.scalars(sa.select(sa.func.sum(HandoverLine.pieces))).one() > 2


def test_a_bag_is_either_handed_over_or_ended(shared_app):
    token, _lines = waiting_bag(2)

    def end() -> None:
        uncollected.end(handover.find(None, token), "kept", "", by_id=None, now=ARRIVED)

    scans = [scanner(token, f"s{number}") for number in range(SCANNERS // 2)]
    answers = together(shared_app, [*scans, *[lambda: at_the_edge(end)] * (SCANNERS // 2)])
    assert len(answers.yes) == 1
    assert answers.errors == []
    assert_all_is_true()


def test_cash_is_booked_once_however_often_it_is_recorded(shared_app):
    with transaction():
        token = bags.token_of(ready_bag(2, pay_at_pickup=True))
    db.session.remove()

    def collect() -> int:
        return handover.collect_cash(handover.find(None, token), by_id=None, now=ARRIVED)

    answers = together(shared_app, [lambda: at_the_edge(collect)] * SCANNERS)
    assert sorted(answers) == [0] * (SCANNERS - 1) + [2000]
    assert_all_is_true()


def test_a_delivery_is_shared_out_once(shared_app):
    with transaction():
        deal = closed_deal((2,), (2,))
        arrival_id = count_all(lists_of(deal)[0], 3).id
    db.session.remove()

    def share_out() -> int:
        arrival = db.session.get_one(Arrival, arrival_id)
        return len(shortage.carry_out(arrival, "payment", by_id=None, now=ARRIVED))

    answers = together(shared_app, [lambda: at_the_edge(share_out)] * 8)
    assert answers.yes == [1]
    assert {type(refusal) for refusal in answers.refused} == {AlreadySharedOut}
    assert_all_is_true()
