"""One person on several devices at once: orders, carts and signing in do not block each other.

Nothing is retried here: see `test_all_at_once`.
"""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy import invariants
from groupbuy.accounts import addresses, claiming, consent, devices, people, signing_in
from groupbuy.accounts.membership import guest_membership, membership
from groupbuy.accounts.models import Member, User
from groupbuy.accounts.reach import Reach
from groupbuy.core.db import transaction
from groupbuy.core.tokens import public_id
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.orders import cart
from groupbuy.orders.cart import Held
from groupbuy.orders.form import OrderForm
from groupbuy.orders.placing import place_order
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_sku, make_user
from tests.races.together import together

PHONE = "13812340001"
CONTACT = {"name": "王芳", "phone": PHONE}
pytestmark = pytest.mark.races


class Everywhere:
    """Somebody with a phone, and a deal of three items."""

    def __init__(self) -> None:
        with transaction():
            leader = make_leader()
            deal = make_deal(leader=leader, skus=[make_sku(leader) for _ in range(3)])
            self.user_id, self.deal_id = make_user(phone=PHONE).id, deal.id
            self.point_id, self.items = deal.points[0].id, [item.id for item in deal.items]
        db.session.remove()

    def order(self) -> None:
        """As the checkout does it for those who signed in."""
        with transaction():
            user, deal = db.session.get_one(User, self.user_id), self._deal()
            member = membership(deal.leader_id, user, now=NOON)
            addresses.remember(user, CONTACT | {"room": random.choice("123")}, now=NOON)
            cart.empty(user.id, deal, self.items)
            consent.agree(user, consent.missing(user), now=NOON)
            self._place(member, deal)

    def order_as_guest(self) -> None:
        with transaction():
            deal = self._deal()
            browser = random.choice("abc")
            self._place(guest_membership(deal.leader_id, browser, "王芳", PHONE, now=NOON), deal)

    def sign_in(self) -> None:
        with transaction():
            user = signing_in.by_reach(Reach("phone", PHONE))
            claiming.claim(user)
            devices.sign_in_device(user, "", now=NOON)
            cart.adopt(user.id, {item_id: Held(2, 450) for item_id in self.items[::-1]}, now=NOON)

    def fill_the_cart(self) -> None:
        with transaction():
            people.hold(self.user_id)
            for item in self._deal().items:
                cart.put(self.user_id, item, random.randrange(4), now=NOON)

    def _deal(self) -> Deal:
        return db.session.get_one(Deal, self.deal_id)

    def _place(self, member: Member, deal: Deal) -> None:
        form = OrderForm({random.choice(self.items): 1}, self.point_id, public_id(20))
        place_order(member, deal, form, now=NOON)


def test_one_person_on_ten_devices_meets_no_error(shared_app: Flask) -> None:
    one = Everywhere()
    acts = [one.order, one.order_as_guest, one.sign_in, one.fill_the_cart]
    for _ in range(12):
        answers = together(shared_app, [random.choice(acts) for _ in range(10)])
        assert answers.errors == []
    assert invariants.broken() == {}
    own = sa.select(sa.func.count()).where(Member.source_ref == f"user:{one.user_id}")
    assert db.session.scalar(own) <= 1
