"""One code for everything a household collects at one point on one day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groupbuy.accounts.models import Leader, Member, User
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from groupbuy.pickup import handover, household, proxies, uncollected
from groupbuy.pickup.household import Household
from groupbuy.pickup.models import Pickup
from tests import factories
from tests.conftest import NOON
from tests.pages.reading import statements
from tests.pickup.rows import arrive, bags_of, close

EVENING = datetime(2035, 5, 13, 8, tzinfo=UTC)  # 16:00 in Shanghai
DAY = timedelta(days=1)


@pytest.fixture
def leader(app) -> Leader:
    return factories.make_leader()


def member_of(leader: Leader, user: User | None) -> Member:
    member = factories.make_member(leader)
    member.user_id = user.id if user else None
    return member


def collects(
    member: Member, *pieces: int, at: datetime | None = EVENING, point=None, came=True, **values
) -> Pickup:
    """The bag of `member` from a deal of their own that is collected on the day of `at`."""
    leader = db.session.get_one(Leader, member.leader_id)
    times = {"pickup_starts_at": at, "pickup_ends_at": at + timedelta(hours=4)} if at else {}
    storage = ("ambient", "fresh", "frozen")[: len(pieces) or 1]
    skus = [factories.make_sku(leader, storage_class=kind) for kind in storage]
    deal = factories.make_deal(leader=leader, skus=skus, **times, **values)
    place = factories.make_order if deal.pay_at_pickup else factories.make_placed
    place(deal, *(pieces or (1,)), member=member)
    close(deal)
    [bag] = bags_of(deal)
    if point:
        move_to(point, deal, bag)
    if came:
        arrive(deal)
    return bag


def move_to(point, deal: Deal, bag: Pickup) -> None:
    """As if they had chosen that point: deals of the factory have points of their own."""
    bag.point_id = point.id
    for order in db.session.query(Order).where(Order.deal_id == deal.id):
        order.point_id = point.id
    db.session.flush()


def shown_to(*members: Member, now: datetime = EVENING) -> tuple[list[Household], list[Household]]:
    db.session.expire_all()
    mine = Member.id.in_([member.id for member in members])
    to_come, over = household.households(mine, now=now)
    household.fill([*to_come, *over])
    return to_come, over


def pickups(found: list[Household]) -> list[list[Pickup]]:
    return [[bag.pickup for bag in one.bags] for one in found]


def test_bags_of_one_point_and_day_go_together(leader):
    gate, hall = factories.make_point(leader), factories.make_point(leader)
    zhang = member_of(leader, factories.make_user())
    first = collects(zhang, point=gate)
    later = collects(zhang, point=gate, at=EVENING + timedelta(hours=3))
    elsewhere = collects(zhang, point=hall)
    next_day = collects(zhang, point=gate, at=EVENING + DAY)
    to_come, over = shown_to(zhang)
    assert pickups(to_come) == [[first, later], [elsewhere], [next_day]]
    assert over == []
    assert to_come[0].shown.pickup is first
    assert household.siblings(later) == [first, later]
    assert household.siblings(elsewhere) == [elsewhere]


def test_the_day_is_the_one_on_the_wall(leader):
    """23:00 UTC is the next morning in Shanghai."""
    gate = factories.make_point(leader)
    zhang = member_of(leader, None)
    morning = collects(zhang, point=gate, at=datetime(2035, 5, 13, 23, tzinfo=UTC))
    evening = collects(zhang, point=gate, at=datetime(2035, 5, 14, 15, 59, tzinfo=UTC))
    midnight = collects(zhang, point=gate, at=datetime(2035, 5, 14, 16, tzinfo=UTC))
    assert household.siblings(morning) == [morning, evening]
    assert household.siblings(midnight) == [midnight]


def test_the_member_rows_of_one_user_are_one_household_and_those_of_guests_are_not(leader):
    gate, user = factories.make_point(leader), factories.make_user()
    once, again = member_of(leader, user), member_of(leader, user)
    guest, other = member_of(leader, None), member_of(leader, None)
    bags = [collects(member, point=gate) for member in (once, again, guest, other)]
    assert household.siblings(bags[1]) == bags[:2]
    assert household.siblings(bags[2]) == [bags[2]]
    to_come, _over = shown_to(once, again, guest)
    assert pickups(to_come) == [bags[:2], [bags[2]]]


def test_deals_without_a_day_are_collected_one_by_one(leader):
    gate, zhang = factories.make_point(leader), member_of(leader, None)
    first, second = (collects(zhang, point=gate, at=None) for _ in range(2))
    tonight = collects(zhang, point=gate)
    assert household.siblings(first) == [first]
    to_come, _over = shown_to(zhang, now=EVENING - timedelta(hours=1))
    assert pickups(to_come) == [[first], [second], [tonight]]  # those can be collected at once


def test_what_is_handed_out_now_comes_before_what_was_missed_and_what_is_to_come(leader):
    gate, zhang = factories.make_point(leader), member_of(leader, None)
    tomorrow = collects(zhang, point=gate, at=EVENING + DAY, came=False)
    missed = collects(zhang, point=gate, at=EVENING - timedelta(hours=20))
    now = collects(zhang, point=gate)
    to_come, _over = shown_to(zhang, now=EVENING + timedelta(hours=1))
    assert pickups(to_come) == [[now], [missed], [tomorrow]]


def test_the_code_is_of_the_oldest_bag_that_can_still_be_collected(leader):
    gate, zhang = factories.make_point(leader), member_of(leader, None)
    first, second = (collects(zhang, point=gate) for _ in range(2))
    handover.hand_over(first, nonce="one", by_id=None, now=EVENING)
    [together], over = shown_to(zhang)
    assert [bag.pickup for bag in together.bags] == [first, second]
    assert together.shown.pickup is second
    assert over == []
    handover.hand_over(second, nonce="two", by_id=None, now=EVENING)
    to_come, [done] = shown_to(zhang)
    assert to_come == []
    assert done.shown is None


def test_what_is_over_is_remembered_for_thirty_days_the_latest_first(leader):
    gate, zhang = factories.make_point(leader), member_of(leader, None)
    bags = [collects(zhang, point=gate, at=EVENING + n * DAY) for n in range(3)]
    handover.hand_over(bags[0], nonce="one", by_id=None, now=EVENING)
    passed = proxies.make_pass(bags[1], now=EVENING)
    handover.hand_over(bags[1], nonce="two", by_id=None, now=EVENING, proxy=passed)
    uncollected.end(bags[2], "door", "", by_id=None, now=EVENING + 3 * DAY)
    _to_come, over = shown_to(zhang, now=EVENING + 4 * DAY)
    assert pickups(over) == [[bags[2]], [bags[1]], [bags[0]]]
    assert [one.bags[0].by_proxy for one in over] == [False, True, False]
    assert [one.bags[0].handover is None for one in over] == [True, False, False]
    _to_come, over = shown_to(zhang, now=EVENING + 31 * DAY)
    assert pickups(over) == [[bags[2]], [bags[1]]]


def test_a_bag_that_waits_is_shown_however_old_it_is(leader):
    zhang = member_of(leader, None)
    bag = collects(zhang)
    to_come, _over = shown_to(zhang, now=EVENING + 365 * DAY)
    assert pickups(to_come) == [[bag]]


def test_contents_come_coldest_first_and_what_did_not_come_last(leader):
    zhang = member_of(leader, None)
    collects(zhang, 1, 2, 3)
    [one], _over = shown_to(zhang)
    assert [line.item.storage_class for line in one.bags[0].lines] == ["frozen", "fresh", "ambient"]
    one.bags[0].lines[0].short_pieces = 3
    db.session.flush()
    [one], _over = shown_to(zhang)
    assert [line.item.storage_class for line in one.bags[0].lines] == ["fresh", "ambient", "frozen"]
    assert [order.roll_no for order in one.bags[0].orders] == [1]


def test_money_is_told_while_it_is_still_to_be_paid(leader):
    zhang = member_of(leader, None)
    bag = collects(zhang, 2, pay_at_pickup=True)
    [one], _over = shown_to(zhang)
    assert one.owed_fen == one.bags[0].owed_fen == 2 * 3780
    handover.collect_cash(bag, by_id=None, now=EVENING)
    [one], _over = shown_to(zhang)
    assert one.owed_fen == 0


def test_many_bags_are_read_with_few_statements(leader):
    gate, zhang = factories.make_point(leader), member_of(leader, None)
    for n in range(6):
        collects(zhang, point=gate, at=EVENING + n * DAY)
    db.session.expire_all()
    mine, evening = Member.id == zhang.id, EVENING
    with statements() as sent:
        to_come, _over = household.households(mine, now=evening)
        household.fill(to_come)
        assert [bag.pickup.deal.leader.name for one in to_come for bag in one.bags]
    assert len(sent) <= 5


def test_nobodys_bags_are_none(app):
    to_come, over = household.households(Member.id.in_([]), now=NOON)
    household.fill(to_come)
    assert (to_come, over) == ([], [])
