"""What is said of a leader is what the books say, and nothing before there is enough of it."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from groupbuy.deals.record import KEPT_FOR, LOOKED_BACK, Record, record_of, record_to_show
from groupbuy.extensions import db
from groupbuy.pickup import arrival, handover, shortage
from tests.factories import make_leader
from tests.pages.reading import statements
from tests.pickup.rows import ARRIVED, bags_of, closed_deal, lists_of

HOUR = timedelta(hours=1)


def deliver(deal, came: int, *, damaged: int = 0, at=ARRIVED) -> None:
    """Count in `came` pieces of the deal's only item, share them out, hand over one bag."""
    (asked,) = lists_of(deal)
    (line,) = asked.current.lines
    arrived = arrival.count_in(asked, {line.id: (came, damaged)}, by_id=None, now=at)
    shortage.carry_out(arrived, "payment", by_id=None, now=at)
    (bag,) = bags_of(deal)
    handover.hand_over(bag, nonce="one", by_id=None, now=at)


def three_deals(leader, *came: int, **values):
    deals = [closed_deal([10], leader=leader, pickup_starts_at=ARRIVED, **values) for _ in came]
    for deal, pieces in zip(deals, came, strict=True):
        deliver(deal, pieces)
    return deals


def test_nobody_has_a_rate_before_the_third_deal(app: Flask):
    leader = make_leader()
    assert record_of(leader, now=ARRIVED) == Record(0, None, None)
    three_deals(leader, 10, 10)
    assert record_of(leader, now=ARRIVED) == Record(2, None, None)
    assert record_of(make_leader(), now=ARRIVED).deals_done == 0


def test_rates_are_of_pieces_and_of_deliveries(app: Flask):
    leader = make_leader()
    three_deals(leader, 10, 9, 12)  # a surplus makes up for nothing
    late = closed_deal([10], leader=leader, pickup_starts_at=ARRIVED)
    deliver(late, 10, damaged=2, at=ARRIVED + timedelta(seconds=1))
    record = record_of(leader, now=ARRIVED)
    assert record == Record(4, 9250, 7500)
    assert (record.fill_rate, record.on_time_rate) == ("92.5%", "75%")


def test_deals_without_a_time_for_pickup_say_nothing_of_punctuality(app: Flask):
    leader = make_leader()
    for _ in range(3):
        deliver(closed_deal([10], leader=leader), 10)
    assert record_of(leader, now=ARRIVED) == Record(3, 10_000, None)


def test_what_is_long_over_counts_as_done_but_not_towards_the_rates(app: Flask):
    leader = make_leader()
    deals = three_deals(leader, 5, 5, 5)
    just = deals[0].closes_at + LOOKED_BACK - timedelta(seconds=1)
    assert record_of(leader, now=just).fill_rate_bp == 5000
    assert record_of(leader, now=just + HOUR) == Record(3, None, None)


def test_a_deal_nobody_has_collected_from_is_not_done(app: Flask):
    leader = make_leader()
    three_deals(leader, 10, 10, 10)
    closed_deal([10], leader=leader)
    assert record_of(leader, now=ARRIVED).deals_done == 3


def test_it_takes_one_statement(app: Flask):
    leader = make_leader()
    three_deals(leader, 10, 10, 10)
    db.session.refresh(leader)
    with statements() as seen:
        record_of(leader, now=ARRIVED)
    assert len(seen) == 1


def test_what_is_shown_is_a_minute_old_at_most(app: Flask):
    leader = make_leader()
    assert record_to_show(leader, now=ARRIVED).deals_done == 0
    three_deals(leader, 10, 10, 10)
    db.session.refresh(leader)
    last = ARRIVED + KEPT_FOR - timedelta(seconds=1)
    with statements() as seen:
        assert record_to_show(leader, now=last).deals_done == 0
    assert seen == []
    assert record_to_show(leader, now=ARRIVED + KEPT_FOR).deals_done == 3
