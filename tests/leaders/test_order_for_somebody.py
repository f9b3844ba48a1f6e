"""An order for a neighbour asks what the deal asks everybody, and names its price."""

from __future__ import annotations

from groupbuy.deals.editing import QuestionForm
from groupbuy.extensions import db
from groupbuy.orders.models import Order
from tests.checks import assert_everything_true, count
from tests.leaders.orders import EN, at_desk, open_deal
from tests.leaders.test_staff_order import new_form
from tests.pages.reading import words


def test_the_deals_own_questions_are_asked_here_too(app):
    deal = open_deal(
        questions=[
            QuestionForm("text", "几楼", required=True),
            QuestionForm("number", "几个人"),
            QuestionForm("choice", "要袋子吗", ["要", "不要"]),
        ]
    )
    floor, people, bag = (f"ask-{question.id}" for question in deal.questions)
    client, new = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders/new"
    fields = new_form(client, deal) | {"name": "赵敏", "phone": "13911110000"}
    fields |= {f"q-{deal.items[0].id}": "1"}
    for wrong in ({floor: ""}, {floor: "6", people: "x"}, {floor: "6", bag: "三个"}):
        page = client.post(new, data=fields | wrong, headers=EN)
        assert (page.status_code, "f__bad" in page.text) == (422, True)
    assert count(Order) == 0
    assert client.post(new, data=fields | {floor: "6", people: "3", bag: "要"}).status_code == 303
    answers = {name.removeprefix("ask-"): said for name, said in
               ((floor, "6"), (people, "3"), (bag, "要"))}  # fmt: skip
    assert db.session.scalars(db.select(Order)).one().answers == answers


def test_a_price_that_changed_meanwhile_is_asked_about_again(app):
    deal = open_deal()
    client, new = at_desk(app, deal.leader), f"/lead/deals/{deal.slug}/orders/new"
    item = deal.items[0]
    fields = new_form(client, deal) | {"name": "赵敏", "phone": "13911110000"}
    fields |= {f"q-{item.id}": "2", f"price-{item.id}": "3600"}
    page = client.post(new, data=fields, headers=EN)
    assert page.status_code == 409
    assert "¥72.00" in words(page)
    assert "¥75.60" in words(page)
    assert f'name="price-{item.id}" value="3780"' in page.text
    assert count(Order) == 0
    assert client.post(new, data=fields | {f"price-{item.id}": "3780"}).status_code == 303
    assert count(Order) == 1
    assert_everything_true()
