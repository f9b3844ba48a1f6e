"""Bags, their tokens and codes."""

import re

import pytest
import sqlalchemy as sa

from groupbuy.extensions import db
from groupbuy.pickup import bags, handover
from groupbuy.pickup.models import Pickup
from tests import factories
from tests.pickup.rows import ARRIVED, CLOSED, bags_of, close, closed_deal


def test_each_household_has_one_bag_per_point(app):
    leader = factories.make_leader()
    deal = factories.make_deal(leader=leader, points=2)
    member = factories.make_member(leader)
    here, there = deal.points
    for point in (here, here, there):
        factories.make_placed(deal, 1, member=member, point_id=point.id)
    factories.make_placed(deal, 1)
    close(deal)
    assert sorted((bag.member_id, bag.point_id) for bag in bags_of(deal))[:2] == [
        (member.id, here.id),
        (member.id, there.id),
    ]
    assert len(bags_of(deal)) == 3


def test_making_bags_again_makes_only_those_that_are_missing(app):
    deal = closed_deal((1,), (1,))
    [kept, lost] = bags_of(deal)
    token = bags.token_of(kept)
    db.session.execute(sa.delete(Pickup).where(Pickup.id == lost.id))
    assert bags.make_bags(deal, now=CLOSED) == 1
    assert bags.make_bags(deal, now=CLOSED) == 0
    assert bags.token_of(bags_of(deal)[0]) == token


def test_a_token_has_128_bits_and_only_its_hash_is_stored(app):
    [bag] = bags_of(closed_deal((1,)))
    token, code = bags.token_of(bag), bags.code_of(bag)
    assert re.fullmatch("[a-z2-7]{26}", token)
    assert re.fullmatch("[2-9A-HJ-NP-Z]{8}", code)
    assert bags.pickup_url(bag) == f"{app.config['SITE_URL']}/p/{token}"
    stored = [str(value) for value in db.session.execute(sa.select(Pickup.__table__)).one()]
    assert not any(token in value or code in value for value in stored)


def test_a_reissued_bag_is_opened_by_the_new_code_only(app):
    [bag] = bags_of(closed_deal((1,)))
    old = bags.token_of(bag), bags.code_of(bag)
    bags.reissue(bag, now=ARRIVED)
    for shown in old:
        with pytest.raises(handover.UnknownCode):
            handover.find(bag.deal, shown)
    assert handover.find(bag.deal, bags.token_of(bag)) is bag
    assert handover.find(bag.deal, bags.code_of(bag)) is bag
