"""Who gets what, put together for packing."""

from __future__ import annotations

import pytest

from groupbuy.extensions import db
from groupbuy.orders.changing import cancel_order
from groupbuy.pickup import packing
from tests import factories
from tests.leaders.orders import open_deal
from tests.pages.reading import statements
from tests.pickup import rows


@pytest.fixture
def deal(app):
    """Rice keeps, prawns are frozen, greens are fresh; two points."""
    leader = factories.make_leader()
    kinds = (("大米", "ambient"), ("虾", "frozen"), ("青菜", "fresh"))
    skus = [factories.make_sku(leader, name=name, storage_class=kind) for name, kind in kinds]
    return open_deal(leader=leader, skus=skus, points=2)


def home(building: str, room: str = "101") -> dict[str, str]:
    return {"name": "张伟", "phone": "13800138000", "building": building, "unit": "", "room": room}


def roll_nos(deal, **asked) -> list[int]:
    return [parcel.roll_no for parcel in packing.parcels(deal, **asked)]


def test_several_orders_of_a_household_are_one_parcel_and_the_coldest_goods_come_first(deal):
    member = factories.make_member(deal.leader)
    factories.make_placed(deal, 1, 0, 2, member=member)
    factories.make_placed(deal, 1, 1, 0, member=member, note="放门口")
    [parcel] = packing.parcels(deal)
    assert (parcel.roll_no, parcel.more_roll_nos) == (1, [2])
    assert [(p.item.name, p.gets) for p in parcel.portions] == [("虾", 1), ("青菜", 2), ("大米", 2)]
    assert parcel.notes == ["放门口"]
    assert parcel.bags() == [packing.Bag(1, 2, 2, False), packing.Bag(2, 2, 3, True)]


def test_the_same_household_at_two_points_is_two_parcels(deal):
    member = factories.make_member(deal.leader)
    for point in deal.points:
        factories.make_placed(deal, 1, member=member, point_id=point.id)
    assert [parcel.point for parcel in packing.parcels(deal)] == list(deal.points)
    assert roll_nos(deal, point_id=deal.points[1].id) == [2]


def test_who_is_not_vouched_for_or_has_cancelled_gets_no_parcel(deal):
    factories.make_order(deal, 1)
    cancel_order(factories.make_placed(deal, 1), actor_id=None, now=deal.opens_at)
    factories.make_placed(deal, 1)
    assert roll_nos(deal) == [2]


def test_houses_are_sorted_as_people_count_them_and_unknown_ones_last(deal):
    for building in ("12", "", "3A", "3"):
        factories.make_placed(deal, 1, contact=home(building))
    assert roll_nos(deal) == [4, 3, 1, 2]
    assert roll_nos(deal, sort="roll") == [1, 2, 3, 4]
    assert roll_nos(deal, sort="no such way") == [4, 3, 1, 2]


def test_those_who_get_the_same_stand_together_and_cold_parcels_can_come_first(deal):
    for pieces in ((1,), (0, 1), (1,), (0, 1)):
        factories.make_placed(deal, *pieces)
    assert roll_nos(deal, sort="goods") == [1, 3, 2, 4]
    assert roll_nos(deal, sort="cold") == [2, 4, 1, 3]


def test_chosen_orders_bring_their_whole_households(deal):
    member = factories.make_member(deal.leader)
    first = factories.make_placed(deal, 1, member=member)
    factories.make_placed(deal, 2, member=member)
    factories.make_placed(deal, 4)
    [parcel] = packing.parcels(deal, order_ids=[first.id])
    assert parcel.pieces == 3


def test_a_parcel_tells_what_was_cut_and_what_is_to_pay(app):
    deal = rows.closed_deal((2, 1), (3, 1), pay_at_pickup=True)
    rows.arrive(deal, 4)
    first, second = packing.parcels(deal, sort="roll")
    assert [(p.was, p.gets) for p in first.portions] == [(2, 2), (1, 1)]
    assert [(p.was, p.gets) for p in second.portions] == [(3, 2), (1, 1)]
    assert (first.owed_fen, second.owed_fen) == (3000, 3000)


def test_picking_goes_item_by_item_cold_first_with_pieces_for_each_point(deal):
    factories.make_placed(deal, 7, 1)
    factories.make_placed(deal, 1, 0, point_id=deal.points[1].id)
    prawns, rice = packing.picks(packing.parcels(deal))
    assert (prawns.item.name, prawns.pieces, rice.pieces) == ("虾", 1, 8)
    assert (rice.cases, rice.loose) == (1, 2)
    told = [
        (point, pieces, [(p.roll_no, n) for p, n in own]) for point, pieces, own in rice.by_point
    ]
    assert told == [(deal.points[0], 7, [(1, 7)]), (deal.points[1], 1, [(2, 1)])]


def test_the_points_come_with_their_sums(deal):
    for place in (0, 1, 0):
        factories.make_placed(deal, 2, point_id=deal.points[place].id)
    groups = packing.by_point(packing.parcels(deal))
    assert [(g.point, len(g.parcels), g.pieces) for g in groups] == [
        (deal.points[0], 2, 4),
        (deal.points[1], 1, 2),
    ]


def test_one_statement_however_many_households(deal):
    for _ in range(6):
        factories.make_placed(deal, 1, 1, 1)
    db.session.flush()
    db.session.expunge_all()
    with statements() as said:
        packing.picks(packing.parcels(deal))
    assert len(said) == 1
