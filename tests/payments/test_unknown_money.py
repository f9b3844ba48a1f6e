"""Money under a number that is not ours."""

from __future__ import annotations

import sqlalchemy as sa

from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.orders import paying, unplaced
from groupbuy.payments import ledger
from groupbuy.payments.models import MoneyCase
from groupbuy.payments.providers.reports import Paid
from tests.conftest import NOON

STRANGE = Paid("STRANGE", "paid", "T1", 500, "CNY", NOON)


def receive(*told: Paid) -> list[MoneyCase]:
    for each in told:
        with transaction():
            assert paying.receive(each, "alipay", now=NOON) == "unknown"
    return list(db.session.scalars(sa.select(MoneyCase).order_by(MoneyCase.id)))


def test_told_twice_it_is_one_case(app):
    assert len(receive(STRANGE, STRANGE)) == 1
    assert ledger.balance_fen("suspense") == -500


def test_paid_twice_it_is_two_cases_and_none_of_it_is_lost(app):
    cases = receive(STRANGE, STRANGE._replace(transaction_no="T2"))
    assert [unplaced.suspended_fen(case) for case in cases] == [500, 500]
    assert ledger.balance_fen("suspense") == -1000


def test_another_currency_is_a_case_but_no_fen_of_ours(app):
    [case] = receive(STRANGE._replace(currency="USD"))
    assert (case.detail["currency"], unplaced.suspended_fen(case)) == ("USD", 0)
    assert ledger.balance_fen("suspense") == 0
