"""A database from before the ledger: what deliveries cost then is in the books as well."""

from __future__ import annotations

from flask import Flask
from flask_migrate import downgrade, upgrade

from groupbuy.core.db import transaction
from groupbuy.extensions import db
from groupbuy.payments import ledger
from groupbuy.pickup.models import Arrival
from tests import factories
from tests.checks import assert_everything_true
from tests.conftest import MIGRATIONS
from tests.pickup import rows


def test_deliveries_of_before_are_owed_to_their_suppliers(shared_app: Flask):
    with transaction():
        leader = factories.make_leader()
        skus = [factories.make_sku(leader, price_fen=900, cost_fen=700)]
        deal = rows.closed_deal((2,), (3,), leader=leader, skus=skus)
        rows.arrive(deal, 4)
        nothing = rows.closed_deal((1,), leader=leader, skus=skus)
        rows.arrive(nothing, 0)
    [asked] = rows.lists_of(deal)
    supplier_id, deal_id = asked.supplier_id, deal.id
    db.session.remove()
    downgrade(MIGRATIONS, revision="0004")
    upgrade(MIGRATIONS)
    assert -ledger.balance_fen("supplier", supplier_id) == 2800
    assert ledger.balance_fen("goods", deal_id) == 2800
    assert db.session.query(Arrival).count() == 2
    assert_everything_true()
