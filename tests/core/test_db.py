"""One transaction at the edge, guarded steps, instants and locks, on the real engines."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError

from groupbuy.accounts.models import User
from groupbuy.core import clock
from groupbuy.core.db import (
    insert_once,
    long_transaction,
    moment,
    on_postgresql,
    rowcount,
    sum_of,
    transaction,
)
from groupbuy.core.errors import WrongState
from groupbuy.deals.models import Deal, DealItem
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from tests import factories
from tests.checks import count, in_thread
from tests.conftest import NOON


def test_an_instant_comes_back_as_it_was_whatever_its_zone(app):
    deal = factories.make_deal()
    east = timezone(timedelta(hours=8))
    deal.pickup_starts_at = datetime(2035, 5, 13, 10, 0, 0, 123456, tzinfo=east)
    db.session.flush()
    db.session.expire(deal)
    assert deal.pickup_starts_at == datetime(2035, 5, 13, 2, 0, 0, 123456, tzinfo=UTC)
    assert deal.pickup_starts_at.utcoffset() == timedelta(0)


def test_instants_are_compared_in_the_database_to_the_microsecond(app):
    deal = factories.make_deal()
    assert deal.closes_at
    for microseconds, found in ((-1, 0), (0, 1), (1, 1)):
        edge = deal.closes_at + timedelta(microseconds=microseconds)
        assert count(Deal, Deal.id == deal.id, Deal.closes_at <= edge) == found


def test_a_naive_time_never_reaches_the_database(app):
    with pytest.raises(StatementError, match="naive datetime"):
        count(Deal, Deal.closes_at <= datetime(2035, 5, 12))  # noqa: DTZ001


def test_a_transaction_commits_once_at_its_end(app):
    with transaction():
        user_id = factories.make_user().id
    db.session.rollback()
    assert count(User, User.id == user_id) == 1


@pytest.mark.parametrize("error", [ValueError, WrongState, KeyboardInterrupt, SystemExit])
def test_a_transaction_undoes_everything_on_any_error(app, error):
    with pytest.raises(error), transaction():  # noqa: PT012
        factories.make_user()
        raise error("a", "b")
    assert count(User) == 0


def test_a_transaction_can_be_opened_again_after_one_failed(app):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), transaction():
            _ = 1 / 0
    with transaction():
        factories.make_user()
    assert count(User) == 1


def test_a_transaction_inside_another_is_refused_and_both_are_undone(app):
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction():  # noqa: PT012
        factories.make_user()
        with transaction():
            raise AssertionError("unreachable")
    assert count(User) == 0


def test_a_transaction_after_unsaved_changes_is_refused(app):
    with transaction():
        user = factories.make_user()
    user.name = "别人"
    with pytest.raises(RuntimeError, match="unsaved changes"), transaction():
        raise AssertionError("unreachable")
    db.session.rollback()
    assert user.name == "王芳"


def test_what_was_read_before_is_read_again_inside(shared_app):
    with transaction():
        user = factories.make_user("旧名")
    assert user.name == "旧名"

    def rename() -> None:
        with transaction():
            db.session.execute(sa.update(User).values(name="新名"))

    in_thread(shared_app, rename)()
    with transaction():
        assert user.name == "新名"


def test_a_long_transaction_is_a_transaction(app):
    with long_transaction():
        factories.make_user()
        if on_postgresql():
            assert db.session.scalar(sa.text("SHOW statement_timeout")) == "0"
    db.session.rollback()
    assert count(User) == 1


def test_a_step_moves_the_state_and_sets_its_values(app):
    user = factories.make_user()
    assert user.advance("disabled", name="离开").state == "disabled"
    assert user.name == "离开"


def test_a_step_that_is_not_in_the_table_is_refused_with_the_present_state(app):
    user = factories.make_user()
    with pytest.raises(WrongState) as caught:
        user.advance("active")
    assert caught.value.state == "active"
    assert caught.value.facts == {"state": "active", "wanted": "active"}


def test_a_step_whose_condition_fails_changes_nothing(app):
    user = factories.make_user()
    with pytest.raises(WrongState):
        user.advance("disabled", User.name == "somebody else", name="x")
    assert (user.state, user.name) == ("active", "王芳")


def test_many_rows_are_moved_and_counted_and_others_left(app):
    users = [factories.make_user() for _ in range(3)]
    users[0].advance("disabled")
    ids = [user.id for user in users]
    assert User.advance_all("disabled", User.id.in_(ids)) == 2
    assert User.advance_all("disabled", User.id.in_(ids)) == 0
    assert User.advance_all("active", User.id == ids[0]) == 1


def test_of_two_callers_racing_for_one_step_exactly_one_succeeds(shared_app):
    with transaction():
        user_id = factories.make_user().id
    inside = threading.Event()

    def disable() -> str:
        with transaction():
            inside.set()
            return db.session.get_one(User, user_id).advance("disabled").state

    with transaction():  # the second begins while the first has moved and not committed
        db.session.get_one(User, user_id).advance("disabled")
        second = in_thread(shared_app, disable)
        assert inside.wait(timeout=0.3) is on_postgresql()  # SQLite lets no second writer begin
    assert isinstance(second(), WrongState)
    assert db.session.get_one(User, user_id).state == "disabled"


def test_moment_is_the_later_of_now_and_the_database_clock(app):
    assert moment(NOON) == NOON
    before = clock.now() - timedelta(seconds=2)
    past = moment(NOON - timedelta(days=20 * 365))
    assert before <= past <= clock.now() + timedelta(seconds=2)
    assert past.utcoffset() == timedelta(0)


def test_moment_goes_on_within_a_transaction(app):
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    with transaction():
        first = moment(long_ago)
        threading.Event().wait(0.01)
        assert moment(long_ago) > first


def test_insert_once_passes_over_what_a_unique_key_knows(app):
    leader = factories.make_leader()
    row = {
        "key": "k",
        "kind": "x",
        "user_id": leader.user_id,
        "state": "owed",
        "owed_at": NOON,
        "next_try_at": NOON,
    }
    assert rowcount(insert_once(Notice).values(row)) == 1
    assert rowcount(insert_once(Notice).values(row)) == 0


def test_a_sum_of_whole_numbers_is_a_whole_number_even_of_nothing(app):
    assert db.session.scalar(sa.select(sum_of(DealItem.price_fen))) == 0
    factories.make_deal()
    total = db.session.scalar(sa.select(sum_of(DealItem.price_fen)))
    assert total == 3780
    assert isinstance(total, int)


def test_foreign_keys_and_checks_are_enforced(app):
    user = factories.make_user()
    for broken in (
        "UPDATE user_account SET state = 'nonsense' WHERE id = :id",
        "INSERT INTO role_grant (user_id, role, rights, created_at)"
        " VALUES (:id + 1000, 'leader', '{}', '2035-05-12 00:00:00')",
    ):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(sa.text(broken), {"id": user.id})
