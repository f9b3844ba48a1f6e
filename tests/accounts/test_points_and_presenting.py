"""Pickup points put away only when nobody needs them; a leader's name, contacts and address."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from groupbuy.accounts import points, presenting
from groupbuy.accounts.models import PickupPoint
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from tests.conftest import NOON
from tests.factories import close, make_deal, make_leader, make_placed, make_point
from tests.operators.desks import GROUP, logged


def by(leader) -> dict:
    return {"by_id": leader.user_id, "now": NOON}


def test_a_point_is_added_described_put_away_and_brought_back(app: Flask):
    leader = make_leader()
    points.add_point(leader, points.PointForm("南门", "右手边", "16:00–21:00"), **by(leader))
    [point] = db.session.query(PickupPoint).filter_by(leader_id=leader.id)
    points.change_point(point, points.PointForm("南门岗亭"), **by(leader))
    points.put_away(point, **by(leader))
    assert (point.name, point.address, point.is_active) == ("南门岗亭", "", False)
    points.bring_back(point, **by(leader))
    assert point.is_active
    assert [len(logged(f"point_{act}")) for act in ("added", "changed", "put_away")] == [1, 1, 1]


def test_two_points_of_a_leader_have_two_names(app: Flask):
    leader = make_leader()
    one, other = make_point(leader), make_point(leader)
    for act in (
        lambda form: points.add_point(leader, form, **by(leader)),
        lambda form: points.change_point(other, form, **by(leader)),
    ):
        with pytest.raises(BadInput) as refusal:
            act(points.PointForm(one.name))
        assert refusal.value.field == "name"
    points.add_point(make_leader(), points.PointForm(one.name), **by(leader))


def test_a_point_stays_while_a_deal_runs_there_and_says_which(app: Flask):
    deal = make_deal(title="周六菜篮子")
    [point] = deal.points
    with pytest.raises(points.PointInUse, match="周六菜篮子"):
        points.put_away(point, **by(deal.leader))
    make_placed(deal)
    close(deal)
    with pytest.raises(points.PointInUse):
        points.put_away(point, **by(deal.leader))
    db.session.refresh(point)
    assert point.is_active


def test_a_point_of_a_deal_that_was_called_off_can_go(app: Flask):
    deal = make_deal()
    deal.advance("cancelled")
    points.put_away(deal.points[0], **by(deal.leader))
    assert not deal.points[0].is_active


def test_what_neighbours_read_changes_and_the_log_names_the_fields_only(app: Flask):
    leader = make_leader()
    presenting.change_leader(leader, replace(GROUP, name="林小姐"), "lin-jie", **by(leader))
    assert (leader.name, leader.slug, leader.contact_phone) == ("林小姐", "lin-jie", "13900000088")
    [entry] = logged("leader_changed")
    assert "contact_phone" in entry.detail["fields"]
    assert "13900000088" not in str(entry.detail)
    presenting.change_leader(leader, replace(GROUP, name="林小姐"), "lin-jie", **by(leader))
    assert len(logged("leader_changed")) == 1  # the same again is no change


@pytest.mark.parametrize(
    "slug", ["a", "-lin", "lin-", "lín", "lin jie", "x" * 41, "lin_jie", "LIN"]
)
def test_an_address_can_be_read_out(app: Flask, slug):
    leader = make_leader()
    before = leader.slug
    with pytest.raises(BadInput) as refusal:
        presenting.change_leader(leader, GROUP, slug, **by(leader))
    assert (refusal.value.field, leader.slug) == ("slug", before)


def test_an_address_leads_to_one_group(app: Flask):
    leader, other = make_leader(), make_leader()
    with pytest.raises(BadInput) as refusal:
        presenting.change_leader(leader, GROUP, other.slug, **by(leader))
    assert (refusal.value.field, leader.slug != other.slug) == ("slug", True)
