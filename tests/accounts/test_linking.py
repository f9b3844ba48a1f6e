"""Joining what was apart: a phone, an e-mail address, WeChat."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.accounts.devices import sign_in_device, user_behind
from groupbuy.accounts.linking import OtherWeChat, TwoAccounts, link, link_wechat
from groupbuy.accounts.membership import membership
from groupbuy.accounts.models import Address, Follow, User
from groupbuy.accounts.reach import Reach
from groupbuy.accounts.signing_in import by_wechat
from groupbuy.extensions import db
from groupbuy.orders import cart
from tests.conftest import NOON
from tests.factories import make_deal, make_leader, make_order, make_user

PHONE = Reach("phone", "13812340001")
EMAIL = Reach("email", "wang@example.com")


def of_wechat(openid: str = "o-wang") -> User:
    return by_wechat(openid, "微信用户", now=NOON)


def of_phone(**values) -> User:
    return make_user("王芳", PHONE.address, **values)


def order_of(user: User):
    deal = make_deal()
    return make_order(deal, 1, member=membership(deal.leader_id, user, now=NOON))


def test_a_free_number_and_a_free_address_become_theirs(app: Flask):
    user = of_wechat()
    assert link(user, PHONE, now=NOON) is user
    assert link(user, EMAIL, now=NOON) is user
    assert link(user, EMAIL, now=NOON) is user
    assert (user.phone, user.email) == (PHONE.address, EMAIL.address)
    assert (user.phone_hash, user.email_hash) == (PHONE.hash, EMAIL.hash)


def test_whoever_has_only_wechat_becomes_the_account_of_the_number(app: Flask):
    known, fresh = of_phone(), of_wechat()
    order = order_of(known)
    token = sign_in_device(fresh, "", now=NOON)
    assert link(fresh, PHONE, now=NOON) is known
    assert (known.wechat_openid, known.phone) == ("o-wang", PHONE.address)
    assert (fresh.state, fresh.wechat_openid) == ("disabled", None)
    assert user_behind(token) is None
    assert order.member.user_id == known.id
    assert of_wechat() is known


def test_what_the_bare_account_had_goes_with_it(app: Flask):
    known, fresh = of_phone(), of_wechat()
    deal = make_deal()
    member = membership(deal.leader_id, fresh, now=NOON)
    cart.put(fresh.id, deal.items[0], 2, now=NOON)
    contact = {"name": "王芳"}
    home = Address(user_id=fresh.id, contact=contact, is_default=True, used_at=NOON)
    db.session.add(home)
    db.session.flush()
    link(fresh, PHONE, now=NOON)
    db.session.expire_all()
    assert (member.user_id, home.user_id, home.is_default) == (known.id, known.id, False)
    assert cart.cart_of(known.id, deal)[deal.items[0].id].pieces == 2
    assert cart.cart_of(fresh.id, deal) == {}


def test_an_account_of_nothing_but_the_number_gives_it_up(app: Flask):
    bare, used = of_phone(), of_wechat()
    order_of(used)
    assert link(used, PHONE, now=NOON) is used
    assert used.phone == PHONE.address
    assert (bare.state, bare.phone, bare.phone_hash) == ("disabled", None, None)


def test_two_accounts_that_were_used_are_not_joined(app: Flask):
    known, used = of_phone(), of_wechat()
    order_of(known), order_of(used)
    with pytest.raises(TwoAccounts):
        link(used, PHONE, now=NOON)
    with pytest.raises(TwoAccounts):
        link_wechat(known, "o-wang", now=NOON)


@pytest.mark.parametrize("used_by", ["follow", "role", "email"])
def test_what_would_be_missed_is_no_bare_account(app: Flask, used_by: str):
    other = make_leader().user if used_by == "role" else of_wechat()
    other.wechat_openid = "o-wang"
    if used_by == "follow":
        db.session.add(Follow(leader_id=make_leader().id, user_id=other.id, since=NOON))
    if used_by == "email":
        link(other, EMAIL, now=NOON)
    db.session.flush()
    known = of_phone()
    order_of(known)
    with pytest.raises(TwoAccounts):
        link_wechat(known, "o-wang", now=NOON)


def test_a_disabled_account_gives_nothing_up(app: Flask):
    of_wechat().advance("disabled")
    with pytest.raises(TwoAccounts):
        link_wechat(of_phone(), "o-wang", now=NOON)


def test_wechat_is_linked_to_the_account_that_asks(app: Flask):
    known = of_phone()
    order_of(known)
    link_wechat(known, "o-new", now=NOON)
    link_wechat(known, "o-new", now=NOON)
    assert known.wechat_openid == "o-new"


def test_a_bare_wechat_account_is_absorbed_by_whoever_links_it(app: Flask):
    bare, known = of_wechat(), of_phone()
    link_wechat(known, "o-wang", now=NOON)
    assert (known.wechat_openid, bare.wechat_openid) == ("o-wang", None)
    assert bare.state == "disabled"


def test_an_account_has_one_wechat(app: Flask):
    known = of_phone()
    link_wechat(known, "o-first", now=NOON)
    with pytest.raises(OtherWeChat):
        link_wechat(known, "o-second", now=NOON)
    with pytest.raises(OtherWeChat):
        link(of_wechat(), PHONE, now=NOON)
