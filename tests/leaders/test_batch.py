"""One act for many orders: previewed with what is skipped, then done once."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from groupbuy.core import clock
from groupbuy.core.models import ActionLog
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.wording import words as told
from groupbuy.orders.changing import cancel_order
from groupbuy.orders.models import Order
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.orders import EN, at_desk, helper_of, member, open_deal, order
from tests.pages.reading import words


@pytest.fixture
def deal(app: Flask):
    """Orders by id: pending 张伟, vouched 李静, cancelled 王强, pending 赵敏 (no account)."""
    deal = open_deal()
    order(deal, 1, member=member(deal.leader, "张伟", "13900001234", account=True))
    order(deal, 2, member=member(deal.leader, account=True), vouched=True)
    gone = order(deal, 1, member=member(deal.leader, "王强", "13911119999"))
    cancel_order(gone, now=clock.now(), actor_id=None)
    order(deal, 3, member=member(deal.leader, "赵敏", "13922229999"))
    db.session.commit()
    return deal


def ids(deal) -> list[int]:
    own = db.select(Order.id).where(Order.deal_id == deal.id).order_by(Order.id)
    return list(db.session.scalars(own))


def preview(client, deal, act: str, **args):
    address = f"/lead/deals/{deal.slug}/orders/batch"
    return client.get(address, query_string={"act": act, **args}, headers=EN)


def hidden(page) -> dict[str, str]:
    """The fields that the preview sends along."""
    names = ("act", "nonce", "orders", "query")
    found = {n: re.search(rf'name="{n}" value="([^"]*)"', page.text) for n in names}
    return {name: match.group(1) for name, match in found.items() if match}


def carry_out(client, deal, **fields):
    return client.post(
        f"/lead/deals/{deal.slug}/orders/batch", data=fields, headers=EN, follow_redirects=True
    )


def test_the_preview_says_what_will_be_done_and_why_the_rest_is_skipped(app, deal):
    client = at_desk(app, deal.leader)
    page = words(preview(client, deal, "vouch", order=ids(deal)))
    assert "You have the money of 2 orders: ¥151.20" in page
    assert "2 are skipped" in page
    assert "You have vouched for it already." in page
    assert "This order has ended." in page
    assert count(Order, Order.state == "placed") == 1  # nothing was done


def test_many_are_vouched_for_once_however_often_the_form_is_sent(app, deal):
    client = at_desk(app, deal.leader)
    fields = hidden(preview(client, deal, "vouch", order=ids(deal)))
    assert "Vouched for 2 orders, ¥151.20. 2 were skipped." in words(
        carry_out(client, deal, **fields)
    )
    assert "nothing was done twice" in words(carry_out(client, deal, **fields))
    assert count(Order, Order.state == "placed") == 3
    [log] = db.session.scalars(db.select(ActionLog).where(ActionLog.action == "orders_vouched"))
    assert log.detail == {"deal": deal.slug, "orders": 2, "fen": 15120}
    assert_everything_true()


def test_all_that_match_can_be_taken_and_the_list_is_kept(app, deal):
    client = at_desk(app, deal.leader)
    page = preview(client, deal, "vouch", all="1", only="unvouched", order=ids(deal)[:1])
    fields = hidden(page)
    assert fields["orders"] == f"{ids(deal)[0]},{ids(deal)[3]}"
    answer = client.post(f"/lead/deals/{deal.slug}/orders/batch", data=fields)
    assert answer.location == f"/lead/deals/{deal.slug}/orders?only=unvouched"
    assert count(Order, Order.state == "placed") == 3


def test_orders_of_others_are_never_touched(app, deal):
    client = at_desk(app, deal.leader)
    foreign = order(open_deal(), 1)
    other = order(open_deal(leader=deal.leader), 1)
    db.session.commit()
    fields = hidden(preview(client, deal, "vouch", order=ids(deal)))
    carry_out(client, deal, **fields | {"orders": f"{foreign.id},{other.id},x,,9{'9' * 30}"})
    db.session.expire_all()
    assert foreign.state == other.state == "pending"


def test_nothing_chosen_or_nothing_meant_leads_back_or_nowhere(app, deal):
    client = at_desk(app, deal.leader)
    assert preview(client, deal, "vouch").status_code == 303
    assert preview(client, deal, "vouch", order=["x", "0"]).status_code == 303
    assert preview(client, deal, "burn", order=ids(deal)).status_code == 404
    batch = f"/lead/deals/{deal.slug}/orders/batch"
    assert client.post(batch, data={"act": "vouch"}).status_code == 404
    assert client.post(batch, data={}).status_code == 404


def test_a_message_goes_once_to_each_person_with_an_account(app, deal):
    again = db.session.get(Order, ids(deal)[0])
    order(deal, 1, member=again.member)
    client = at_desk(app, deal.leader)
    page = preview(client, deal, "message", order=ids(deal))
    assert "A message to 2 people" in words(page)
    assert "Gets it already for another order." in words(page)
    assert "Has no account here, so please call them." in words(page)
    fields = hidden(page) | {"text": " 小区停水，晚半小时到 100% "}
    assert "goes to 2 people" in words(carry_out(client, deal, **fields))
    carry_out(client, deal, **fields)
    notices = db.session.scalars(db.select(Notice).where(Notice.kind == "from_leader")).all()
    assert {one.member_id for one in notices} == {
        order.member_id for order in deal_orders(deal) if order.member.user_id
    }
    assert len(notices) == 2
    assert "小区停水，晚半小时到 100%" in told(notices[0])
    assert_everything_true()


def deal_orders(deal) -> list[Order]:
    return list(db.session.scalars(db.select(Order).where(Order.deal_id == deal.id)))


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Write what they should know."), ("长" * 301, "At most 300 characters.")],
)
def test_a_message_without_words_is_asked_for_again(app, deal, text, said):
    client = at_desk(app, deal.leader)
    fields = hidden(preview(client, deal, "message", order=ids(deal)))
    answer = carry_out(client, deal, **fields | {"text": text})
    assert answer.status_code == 422
    assert said in words(answer)
    assert text in answer.text
    assert hidden(answer) == fields
    assert count(Notice, Notice.kind == "from_leader") == 0


def test_after_the_closing_nothing_can_be_vouched_for(app, deal):
    deal = factories.make_deal()
    factories.make_order(deal)
    factories.close(deal)
    client = at_desk(app, deal.leader)
    page = words(preview(client, deal, "vouch", order=ids(deal)))
    assert "There is nothing to vouch for" in page


def test_a_helper_needs_the_right_to_orders(app, deal):
    may, may_not = (helper_of(deal.leader, **{right: True}) for right in ("orders", "pickup"))
    assert preview(at_desk(app, may), deal, "vouch", order=ids(deal)).status_code == 200
    assert preview(at_desk(app, may_not), deal, "vouch", order=ids(deal)).status_code == 404
