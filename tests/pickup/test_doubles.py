"""Scans kept without a network: the first handover wins, the second is looked into."""

from __future__ import annotations

from datetime import timedelta

from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from groupbuy.pickup import doubles, handover, proxies
from groupbuy.pickup.doubles import Kept
from groupbuy.pickup.finding import Opened
from groupbuy.pickup.models import DoubleHandover, Handover
from tests import factories
from tests.checks import assert_everything_true, count, refused
from tests.pickup.rows import ARRIVED, bags_of, closed_deal, lines_of, ready_bag

EVENING = ARRIVED + timedelta(hours=6)
SCANNED = EVENING - timedelta(minutes=20)


def replay(bag, nonce="kept", proxy=None, chosen=None, by_id=None, now=EVENING):
    kept = Kept(nonce, SCANNED, chosen)
    return doubles.replay(Opened(bag, proxy), kept, by_id=by_id, now=now)


def give(bag, nonce="first", **values):
    return handover.hand_over(bag, nonce=nonce, by_id=None, now=EVENING, **values)


def test_a_kept_scan_hands_over_what_stands_there(app):
    bag = ready_bag(2, 1)
    came = replay(bag)
    assert [one.pickup_id for one in came.given] == [bag.id]
    assert came.before == []
    assert bag.state == "collected"
    assert_everything_true()


def test_the_same_kept_scan_again_is_the_same_success(app):
    bag = ready_bag(2)
    came = replay(bag)
    assert replay(bag, now=EVENING + timedelta(hours=1)).given == came.given
    assert count(Handover) == 1
    assert count(DoubleHandover) == 0


def test_a_second_handover_becomes_a_case_and_only_one(app):
    bag = ready_bag(2)
    helper = factories.make_user("王阿姨")
    give(bag)
    for _ in range(2):
        came = replay(bag, by_id=helper.id)
        assert came.given == []
        assert "18:00" in came.before[0].sentence
    [case] = doubles.open_cases(bag.deal.leader)
    assert (case.pickup_id, case.nonce, case.scanned_at) == (bag.id, "kept", SCANNED)
    assert (case.by.name, case.reported_at) == ("王阿姨", EVENING)
    replay(bag, nonce="another-phone")
    assert len(doubles.open_cases(bag.deal.leader)) == 2
    assert [line.picked_pieces for line in lines_of(bag.deal)] == [2]
    assert_everything_true()


def test_what_the_network_kept_from_the_server_may_have_arrived_after_all(app):
    bag = ready_bag(2)
    give(bag, nonce="kept")
    assert len(replay(bag).given) == 1
    assert count(DoubleHandover) == 0


def test_only_what_was_ticked_is_given_and_twice_the_same_line_is_a_case(app):
    bag = ready_bag(2, 1)
    eggs, berries = lines_of(bag.deal)
    replay(bag, chosen={bag.id: {eggs.id: 2}})
    assert bag.state == "ready"
    assert [line.picked_pieces for line in lines_of(bag.deal)] == [2, 0]
    came = replay(bag, nonce="other", chosen={bag.id: {eggs.id: 2}})
    assert isinstance(came.before[0], handover.NotThatMany)
    assert len(doubles.open_cases(bag.deal.leader)) == 1
    replay(bag, nonce="rest", chosen={bag.id: {berries.id: 1}})
    assert bag.state == "collected"
    assert_everything_true()


def test_a_bag_of_another_household_is_not_given_along(app):
    mine, other = ready_bag(2), ready_bag(1)
    [line] = lines_of(other.deal)
    with refused(handover.UnknownCode):
        replay(mine, chosen={other.id: {line.id: 1}})
    assert count(Handover) == 0


def test_what_cannot_be_given_is_refused_and_no_case(app):
    deal = closed_deal((2,))
    [waiting] = bags_of(deal)
    with refused(handover.NotArrived):
        replay(waiting)
    cash = ready_bag(2, pay_at_pickup=True)
    with refused(handover.NotPaid):
        replay(cash)
    assert count(DoubleHandover) == 0


def test_a_scan_that_was_undone_meanwhile_does_not_come_back(app):
    bag = ready_bag(2)
    done = give(bag, nonce="kept")
    handover.undo(done, because="wrong bag", by_id=None, now=EVENING)
    with refused(handover.HandoverUndone):
        replay(bag)
    assert bag.state == "ready"


def test_a_pass_kept_without_network_ends_with_its_bag(app):
    bag = ready_bag(2)
    proxy = proxies.make_pass(bag, now=ARRIVED)
    replay(bag, proxy=proxy)
    db.session.refresh(proxy)
    assert proxy.ended_at
    assert len(replay(bag, nonce="again", proxy=proxy).before) == 1


def test_a_case_is_closed_once_with_words(app):
    bag = ready_bag(2)
    give(bag)
    replay(bag)
    [case] = doubles.open_cases(bag.deal.leader)
    with refused(BadInput):
        doubles.close(case, " \n", by_id=None, now=EVENING)
    doubles.close(case, "一次扫了两下", by_id=bag.deal.leader.user_id, now=EVENING)
    assert (case.closed_at, case.closed_because) == (EVENING, "一次扫了两下")
    assert doubles.open_cases(bag.deal.leader) == []
    with refused(doubles.CaseClosed):
        doubles.close(case, "again", by_id=None, now=EVENING)


def test_cases_are_seen_by_their_leader_alone(app):
    bag = ready_bag(2)
    give(bag)
    replay(bag)
    assert doubles.open_cases(factories.make_leader()) == []
