"""Somebody else collects: a pass is good once, for one bag, until its owner takes it back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.core.tokens import token_hash
from groupbuy.extensions import db
from groupbuy.orders.models import OrderEvent
from groupbuy.pickup import bags, handover, proxies, uncollected
from groupbuy.pickup.models import Handover, Pickup, PickupProxy
from tests.pickup.rows import (
    ARRIVED,
    arrive,
    assert_all_is_true,
    bags_of,
    closed_deal,
    lines_of,
    ready_bag,
)
from tests.races.together import at_the_edge, together

EVENING = ARRIVED + timedelta(hours=6)


def give(bag, proxy=None, nonce="one", now=EVENING, **values):
    return handover.hand_over(bag, nonce=nonce, by_id=None, now=now, proxy=proxy, **values)


def live(bag):
    db.session.expire_all()
    return proxies.passes_of([bag]).get(bag.id)


def test_a_pass_opens_the_bag_by_token_address_and_spoken_code(app):
    bag = ready_bag(2)
    proxy = proxies.make_pass(bag, now=ARRIVED)
    code = bags.code_of(proxy)
    for shown in (bags.token_of(proxy), bags.pickup_url(proxy), code, f"{code[:4]} {code[4:]}"):
        for scope in (None, bag.deal, bag.deal.leader):
            assert handover.find(scope, shown) is bag
            assert handover.opened_by(scope, shown) == (bag, proxy)
    assert handover.opened_by(None, bags.token_of(bag)) == (bag, None)
    assert bags.code_of(proxy) != bags.code_of(bag)
    assert bags.token_of(proxy) != bags.token_of(bag)


def test_only_hashes_of_a_pass_are_kept(app):
    proxy = proxies.make_pass(ready_bag(2), now=ARRIVED)
    assert proxy.token_hash == token_hash(bags.token_of(proxy))
    kept = {getattr(proxy, column.key) for column in PickupProxy.__table__.c}
    assert not kept & {bags.token_of(proxy), bags.code_of(proxy)}


def test_a_pass_of_another_leader_is_as_unknown_as_none(app):
    ours, theirs = ready_bag(1), ready_bag(1)
    proxy = proxies.make_pass(theirs, now=ARRIVED)
    for scope in (ours.deal, ours.deal.leader):
        for shown in (bags.token_of(proxy), bags.code_of(proxy)):
            with pytest.raises(handover.UnknownCode):
                handover.find(scope, shown)


def test_collecting_by_a_pass_is_told_in_the_timeline_and_ends_it(app):
    bag = ready_bag(2, 1)
    proxy = proxies.make_pass(bag, now=ARRIVED)
    done = give(bag, proxy)
    assert bag.state == "collected"
    event = db.session.scalars(sa.select(OrderEvent).order_by(OrderEvent.id.desc())).first()
    assert event.kind == "handed_over"
    assert event.detail == {"handover": done.id, "proxy": True}
    db.session.refresh(proxy)
    assert proxy.ended_at == EVENING
    assert_all_is_true()


def test_the_same_scan_of_a_pass_again_is_the_same_handover(app):
    bag = ready_bag(2)
    proxy = proxies.make_pass(bag, now=ARRIVED)
    done = give(bag, proxy)
    assert give(*handover.opened_by(None, bags.token_of(proxy))) is done
    with pytest.raises(handover.AlreadyHandedOver):
        give(bag, proxy, nonce="two")
    with pytest.raises(handover.AlreadyHandedOver):
        give(handover.find(None, bags.token_of(proxy)), nonce="three")


def test_a_pass_is_good_once_even_when_something_is_left_in_the_bag(app):
    bag = ready_bag(2, 1)
    proxy = proxies.make_pass(bag, now=ARRIVED)
    eggs, _berries = lines_of(bag.deal)
    done = give(bag, proxy, pieces={eggs.id: 1})
    assert give(bag, proxy, pieces={eggs.id: 1}) is done  # the same scan, sent again
    with pytest.raises(proxies.PassEnded):
        give(bag, proxy, nonce="two")
    with pytest.raises(proxies.PassEnded):
        handover.find(None, bags.token_of(proxy))
    give(bag, nonce="three")  # the household itself still can
    assert bag.state == "collected"


def test_a_new_pass_ends_the_one_before(app):
    bag = ready_bag(2)
    first = proxies.make_pass(bag, now=ARRIVED)
    second = proxies.make_pass(bag, now=ARRIVED)
    with pytest.raises(proxies.PassEnded):
        handover.find(None, bags.token_of(first))
    with pytest.raises(proxies.PassEnded):
        give(bag, first)
    assert live(bag) is second
    give(bag, second)


@pytest.mark.parametrize("how", ["taken back", "reissued", "collected by the household"])
def test_a_pass_ends_with_what_it_stood_for(app, how):
    bag = ready_bag(2)
    proxy = proxies.make_pass(bag, now=ARRIVED)
    if how == "taken back":
        assert bags.end_passes(bag, now=EVENING) == 1
        assert bags.end_passes(bag, now=EVENING) == 0
    elif how == "reissued":
        bags.reissue(bag, now=EVENING)
    else:
        give(bag)
    assert live(bag) is None
    db.session.refresh(proxy)
    assert proxy.ended_at == EVENING
    with pytest.raises((proxies.PassEnded, handover.AlreadyHandedOver)):
        give(bag, proxy, nonce="two")


def test_a_pass_for_a_bag_that_was_dealt_with_hears_so(app):
    bag = ready_bag(2)
    proxy = proxies.make_pass(bag, now=ARRIVED)
    uncollected.end(bag, "kept", "", by_id=None, now=EVENING)
    with pytest.raises(handover.BagEnded):
        give(handover.find(None, bags.token_of(proxy)), proxy)
    assert live(bag) is None


def test_nobody_can_be_sent_for_a_bag_that_is_gone(app):
    bag = ready_bag(2)
    give(bag)
    with pytest.raises(proxies.NothingToPassOn):
        proxies.make_pass(bag, now=EVENING)
    deal = closed_deal((1,))
    arrive(deal, 0)
    [nothing] = bags_of(deal)
    with pytest.raises(proxies.NothingToPassOn):
        proxies.make_pass(nothing, now=EVENING)
    assert db.session.scalars(sa.select(PickupProxy)).all() == []


def test_somebody_can_be_sent_before_the_goods_are_here(app):
    [bag] = bags_of(closed_deal((2,)))
    proxy = proxies.make_pass(bag, now=ARRIVED)
    with pytest.raises(handover.NotArrived):
        give(bag, proxy)
    assert live(bag) is proxy


def test_undoing_a_slip_makes_the_pass_good_again(app):
    bag = ready_bag(2)
    proxy = proxies.make_pass(bag, now=ARRIVED)
    done = give(bag, proxy)
    handover.undo(done, because="wrong bag", by_id=None, now=EVENING + timedelta(minutes=1))
    assert live(bag) is proxy
    give(bag, proxy, nonce="two")
    assert_all_is_true()


def test_undoing_leaves_alone_what_the_household_did_since(app):
    bag = ready_bag(2, 1)
    eggs, _berries = lines_of(bag.deal)
    done = give(bag, proxies.make_pass(bag, now=ARRIVED), pieces={eggs.id: 1})
    newer = proxies.make_pass(bag, now=EVENING + timedelta(minutes=1))
    handover.undo(done, because="slip", by_id=None, now=EVENING + timedelta(minutes=2))
    assert live(bag) is newer


def test_no_pass_shares_its_spoken_code_with_a_bag_of_the_deal(app, monkeypatch):
    bag = ready_bag(2)
    letters = iter(bag.secret_ref.upper() + "ABCD2345EFGH")  # drawn again, then another one
    monkeypatch.setattr("secrets.choice", lambda _alphabet: next(letters))
    proxy = proxies.make_pass(bag, now=ARRIVED)
    assert proxy.secret_ref == "abcd2345efgh"
    assert proxy.code_hash != bag.code_hash


SCANNERS = 10


@pytest.fixture
def a_connection_each(monkeypatch):
    monkeypatch.setenv("DATABASE_POOL_SIZE", str(2 * SCANNERS))


def committed_bag() -> tuple[int, str, str]:
    """The id of a bag that is ready, the household's token and that of a pass."""
    with transaction():
        bag = ready_bag(2, 1)
        proxy = proxies.make_pass(bag, now=ARRIVED)
        found = bag.id, bags.token_of(bag), bags.token_of(proxy)
    db.session.remove()
    return found


def scanner(token: str, nonce: str):
    def scan() -> int:
        bag, proxy = handover.opened_by(None, token)
        return give(bag, proxy, nonce=nonce).id

    return lambda: at_the_edge(scan)


@pytest.mark.races
def test_of_household_and_neighbour_at_once_one_gets_the_bag(a_connection_each, shared_app):
    _id, own, passed = committed_bag()
    scans = [scanner((own, passed)[n % 2], f"s{n}") for n in range(2 * SCANNERS)]
    answers = together(shared_app, scans)
    assert len(answers.yes) == 1
    assert {type(refusal) for refusal in answers.refused} == {handover.AlreadyHandedOver}
    assert answers.errors == []
    [done] = db.session.scalars(sa.select(Handover))
    assert sum(line.pieces for line in done.lines) == 3
    assert_all_is_true()


@pytest.mark.races
def test_a_pass_is_either_taken_back_or_used(a_connection_each, shared_app):
    bag_id, _own, passed = committed_bag()

    def take_back() -> str:
        return "ended" * bags.end_passes(db.session.get_one(Pickup, bag_id), now=EVENING)

    scans = [scanner(passed, f"s{n}") for n in range(SCANNERS)]
    answers = together(shared_app, [*scans, *[lambda: at_the_edge(take_back)] * SCANNERS])
    assert answers.errors == []
    used = [answer for answer in answers.yes if isinstance(answer, int)]
    assert len(used) + answers.yes.count("ended") == 1
    refused = handover.AlreadyHandedOver if used else proxies.PassEnded
    assert {type(refusal) for refusal in answers.refused} <= {refused}
    assert_all_is_true()


@pytest.mark.races
@pytest.mark.parametrize("guarded", [True, False])
def test_a_pass_taken_back_meanwhile_opens_nothing_unless_nobody_asks_for_it(
    a_connection_each, shared_app, guarded
):
    """The control: looking at the pass first and handing over afterwards lets it through."""
    bag_id, _own, passed = committed_bag()
    looked, ended = threading.Barrier(2), threading.Barrier(2)

    def scan() -> int:
        bag, proxy = handover.opened_by(None, passed)
        assert proxy
        assert proxy.ended_at is None
        db.session.rollback()
        looked.wait(60)
        ended.wait(60)
        return at_the_edge(lambda: give(bag, proxy if guarded else None).id)

    def take_back() -> int:
        looked.wait(60)
        done = at_the_edge(lambda: bags.end_passes(db.session.get_one(Pickup, bag_id), now=EVENING))
        ended.wait(60)
        return done

    scanned, taken_back = together(shared_app, [scan, take_back])
    assert taken_back == 1
    assert isinstance(scanned, proxies.PassEnded if guarded else int)


@pytest.mark.races
def test_of_many_passes_made_at_once_one_is_good(a_connection_each, shared_app):
    bag_id, _own, _passed = committed_bag()

    def make() -> int:
        return proxies.make_pass(db.session.get_one(Pickup, bag_id), now=EVENING).id

    answers = together(shared_app, [lambda: at_the_edge(make)] * SCANNERS)
    assert len(answers.yes) == SCANNERS
    good = sa.select(sa.func.count()).where(PickupProxy.ended_at.is_(None))
    assert db.session.scalars(good).one() == 1
