"""Money that does not move on by itself is told to the operators, from the job to their inbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from groupbuy import jobs
from groupbuy.core import clock
from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.notices import links, wording
from groupbuy.notices.models import Notice
from groupbuy.orders import changing
from groupbuy.payments import stuck
from groupbuy.payments.models import Refund
from tests.checks import assert_everything_true
from tests.leaders.orders import EN
from tests.operators.desks import as_user, make_operator
from tests.pages.reading import words
from tests.paying.stage import shopper

HOUR = timedelta(hours=1)


@pytest.fixture
def failing(app, monkeypatch) -> Refund:
    """Money to go back to somebody whose provider does not answer any more."""
    someone = shopper(app)
    someone.end_with("pay")
    with transaction():
        changing.cancel_order(someone.order, now=clock.now(), actor_id=None)
    monkeypatch.setitem(app.config, "SANDBOX_PAY", False)
    return db.session.scalars(sa.select(Refund)).one()


def told_of_stuck_money() -> list[Notice]:
    own = sa.select(Notice).where(Notice.kind == "money_stuck").order_by(Notice.id)
    return list(db.session.scalars(own))


def test_a_refund_that_fails_for_a_day_is_told_to_each_operator_once_a_day(app, failing):
    operators = [make_operator(), make_operator("钱敏")]
    operators[0].locale = "en"
    db.session.commit()
    begun = failing.requested_at
    for hours in (0, 1, 23):
        assert jobs.send_refunds(begun + hours * HOUR).done == 0
        assert jobs.money_alert(begun + hours * HOUR).done == 0
    assert failing.tries == 3
    for hours in (24, 24, 48):
        jobs.send_refunds(begun + hours * HOUR)
        assert jobs.money_alert(begun + hours * HOUR).done == 2
    told = told_of_stuck_money()
    assert [each.user_id for each in told] == [user.id for user in operators] * 2
    assert told[0].detail == {"stuck_refunds": 1}
    assert jobs.send_notices(begun + 60 * HOUR).failed == 0
    told = told_of_stuck_money()
    assert {each.state for each in told} == {"sent"}
    browser = as_user(app, operators[0])
    inbox = browser.get("/me/messages", headers=EN)
    assert "1 refund that does not arrive" in words(inbox)
    assert "Stuck money" in words(browser.get(links.path_of(told[0]), headers=EN))
    assert_everything_true("I17")


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        (
            "en",
            "Money does not move on by itself: 1 payment nobody knows the end of, 2 refunds that"
            " do not arrive. Please look at “Stuck money” in the operator's console today.",
        ),
        (
            "zh_Hans_CN",
            "有钱卡住了：1 笔不知结果的付款, 2 笔退不到账的退款。"
            "请今天到运营后台的“卡住的钱”里处理。",
        ),
    ],
)
def test_the_alert_names_what_is_stuck_and_where_to_look(app, locale, said):
    notice = Notice(kind="money_stuck", detail={"stuck_payments": 1, "stuck_refunds": 2})
    with force_locale(locale):
        assert wording.words(notice) == said


def test_every_kind_of_stuck_money_has_words(app):
    found = stuck.Stuck([1], [1, 2], [1], [], [1])  # type: ignore[list-item]
    assert set(found.counts) == {"stuck_payments", "stuck_cases", "stuck_refunds", "stuck_cash"}
    told = wording.words(Notice(kind="money_stuck", detail=found.counts))
    assert len(list(wording.counts(found.counts))) == 4
    assert found.urgent == 5
    assert "%" not in told


def test_nobody_is_told_when_nothing_is_stuck(app):
    make_operator()
    assert jobs.money_alert(clock.now()).done == 0
    assert told_of_stuck_money() == []
