"""A warning while more can still be got: once per item and stock."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import force_locale

from groupbuy import jobs
from groupbuy.core.db import transaction
from groupbuy.deals.models import Deal
from groupbuy.deals.restock import warn_of_little_left
from groupbuy.extensions import db
from groupbuy.notices.links import path_of
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words
from tests import factories
from tests.checks import assert_everything_true
from tests.conftest import NOON

HOUR = timedelta(hours=1)


def deal_of(stock: int | None, warn: int | None, **values: object) -> Deal:
    leader = factories.make_leader()
    sku = factories.make_sku(leader, name="土鸡蛋", spec="30 枚", warn_below_pieces=warn)
    return factories.make_deal(leader=leader, skus=[sku], stock=stock, **values)


def warnings() -> list[Notice]:
    rows = sa.select(Notice).where(Notice.kind == "restock").order_by(Notice.id)
    return list(db.session.scalars(rows))


def test_the_leader_is_told_once_how_many_are_left(app: Flask) -> None:
    deal = deal_of(stock=20, warn=5)
    factories.make_placed(deal, 14)
    assert warn_of_little_left(NOON) == 0
    factories.make_placed(deal, 1)
    assert [warn_of_little_left(NOON + turn * HOUR) for turn in range(2)] == [1, 0]
    factories.make_placed(deal, 3)
    assert warn_of_little_left(NOON + 3 * HOUR) == 0
    [notice] = warnings()
    assert notice.user_id == deal.leader.user_id
    with force_locale("en"):
        assert words(notice).startswith("“土鸡蛋 30 枚” in “周六菜篮子”: 5 left.")
    assert path_of(notice) == f"/lead/deals/{deal.slug}/edit"
    assert_everything_true()


def test_more_stock_arms_the_warning_again(app: Flask) -> None:
    deal = deal_of(stock=10, warn=3)
    factories.make_placed(deal, 8)
    assert warn_of_little_left(NOON) == 1
    deal.items[0].stock = 20
    db.session.flush()
    assert warn_of_little_left(NOON + HOUR) == 0
    factories.make_placed(deal, 12)
    assert warn_of_little_left(NOON + 2 * HOUR) == 1
    assert [one.detail["left"] for one in warnings()] == [2, 0]


@pytest.mark.parametrize(("stock", "warn"), [(None, 5), (3, None), (6, 5)])
def test_nobody_is_told_who_has_enough_or_did_not_ask(
    app: Flask, stock: int | None, warn: int | None
) -> None:
    deal_of(stock=stock, warn=warn)
    assert warn_of_little_left(NOON) == 0


def test_only_deals_that_take_orders_matter(app: Flask) -> None:
    deal = deal_of(stock=3, warn=5)
    assert warn_of_little_left(NOON - HOUR) == 0
    assert warn_of_little_left(deal.closes_at) == 0
    factories.close(deal)
    assert warn_of_little_left(NOON) == 0


def test_the_job_counts_what_it_owes(app: Flask) -> None:
    with transaction():
        deal_of(stock=3, warn=3)
    assert [jobs.run("restock-warnings", NOON).done for _turn in range(2)] == [1, 0]
