"""The one-page editor: rows, goods typed in place, saving and publishing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from groupbuy.catalog.models import Product, Sku, Supplier
from groupbuy.core import clock
from groupbuy.core.models import ActionLog
from groupbuy.deals.models import Deal, DealItem, DealQuestion
from groupbuy.extensions import db
from tests import factories
from tests.checks import assert_everything_true, count
from tests.leaders.editing import EN, desk, local, only_deal, press, whole
from tests.pages.reading import words


def test_an_empty_form_begins_with_the_leaders_usual_rules(app: Flask):
    leader = factories.make_leader()
    point, _other = factories.make_point(leader), factories.make_point(leader)
    leader.deal_defaults = {"hold_minutes": 25, "share_by": "prorata", "point_ids": [point.id]}
    page = desk(app, leader).get("/lead/deals/new", headers=EN).get_data(as_text=True)
    assert 'value="25"' in page
    assert f'name="points" value="{point.id}" checked' in " ".join(page.split())


def test_a_draft_is_saved_with_everything_on_the_form(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    form = whole(
        leader,
        minimum_kind="amount",
        minimum="200.50",
        limit_per_person="9",
        hold_minutes="15",
        pay_at_pickup="y",
        share_by="prorata",
        pickup_starts_at=local(40),
        pickup_ends_at=local(43),
        **{
            "questions-0-label": "Which door?",
            "questions-0-kind": "choice",
            "questions-0-choices": "North, South，East",
            "questions-0-required": "y",
        },
    )
    answer = press(client, "/lead/deals/new", "save", **form)
    deal = only_deal()
    assert (answer.status_code, answer.location) == (303, f"/lead/deals/{deal.slug}/edit")
    assert (deal.state, deal.title, deal.minimum_kind, deal.minimum) == (
        "draft",
        "Weekend basket",
        "amount",
        20050,
    )
    assert (deal.limit_per_person, deal.hold_minutes, deal.share_by) == (9, 15, "prorata")
    assert deal.pay_at_pickup
    assert deal.pickup_starts_at
    [item] = deal.items
    assert (item.price_fen, item.stock, item.limit_per_person, item.pack_size) == (1250, 40, 3, 4)
    [question] = deal.questions
    assert (question.choices, question.required) == (["North", "South", "East"], True)
    again = client.get(answer.location, headers=EN).get_data(as_text=True)
    assert 'value="200.50"' in again
    assert 'value="12.50"' in again
    assert "North，South，East" in again
    assert_everything_true()


def test_saving_again_replaces_the_rows_in_their_new_order(app: Flask):
    leader = factories.make_leader()
    first, second = factories.make_sku(leader), factories.make_sku(leader)
    draft = factories.make_draft(leader)
    client = desk(app, leader)
    form = whole(leader)
    rows = {"items-3-sku": str(second.id), "items-3-price": "2", "items-7-sku": str(first.id)}
    rows |= {"items-7-price": "1", "items-0-sku": form["items-0-sku"]}
    answer = press(client, f"/lead/deals/{draft.slug}/edit", "save", **form | rows)
    assert answer.status_code == 303
    db.session.expire_all()
    skus = [item.sku_id for item in draft.items]
    assert skus == [int(form["items-0-sku"]), second.id, first.id]
    assert count(DealItem) == 3


def test_goods_typed_in_become_a_product_of_a_new_supplier(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    typed = {
        "items-1-sku": "",
        "items-1-name": "Blueberries",
        "items-1-spec": "125 g",
        "items-1-unit": "box",
        "items-1-price": "19.8",
        "items-1-cost": "15",
        "items-1-pack_size": "12",
        "items-1-supplier": "new",
        "items-1-supplier_name": "Berry farm",
        "items-1-storage": "fresh",
        "items-1-category": "",
    }
    assert press(client, "/lead/deals/new", "save", **whole(leader), **typed).status_code == 303
    item = only_deal().items[1]
    assert (item.name, item.spec, item.unit, item.price_fen, item.cost_fen, item.pack_size) == (
        "Blueberries",
        "125 g",
        "box",
        1980,
        1500,
        12,
    )
    supplier = db.session.get_one(Supplier, item.supplier_id)
    assert (supplier.name, supplier.leader_id, item.code) == ("Berry farm", leader.id, "G001")


def test_goods_that_are_not_complete_are_refused_at_their_fields_and_nothing_is_written(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    typed = {"items-1-sku": "", "items-1-name": "", "items-1-price": "x1"}
    typed |= {"items-1-supplier": "new", "items-1-storage": "ambient", "items-1-category": ""}
    answer = press(client, "/lead/deals/new", "save", **whole(leader), **typed)
    page = words(answer)
    assert answer.status_code == 422
    for sentence in (
        "Say what it is.",
        "An amount looks like 12 or 12.50.",
        "Say who delivers it.",
    ):
        assert sentence in page
    assert 'value="x1"' in answer.get_data(as_text=True)
    assert (count(Deal), count(Product, Product.name == "")) == (0, 0)


def test_goods_whose_saving_fails_elsewhere_are_not_kept(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    typed = {"items-1-name": "Plums", "items-1-price": "5", "items-1-supplier": "new"}
    typed |= {
        "items-1-supplier_name": "Orchard",
        "items-1-storage": "fresh",
        "items-1-category": "",
    }
    form = whole(leader, points="999999") | typed
    answer = press(client, "/lead/deals/new", "save", **form)
    assert answer.status_code == 422
    assert "Choose pickup points of your own." in words(answer)
    assert count(Sku, Sku.code == "G001") == count(Supplier, Supplier.name == "Orchard") == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": "  "}, "Give the deal a title."),
        ({"closes_at": "soon"}, "This is not a date and time."),
        ({"closes_at": "9999-12-31T10:00"}, "This is not a date and time."),
        ({"items-0-price": "1_0"}, "An amount looks like 12 or 12.50."),
        ({"items-0-stock": "-1"}, "A whole number from 0 to 1000000."),
        ({"items-0-limit": "0"}, "A whole number from 1 to 1000000."),
        ({"items-0-sku": "12345678"}, "Choose products of your own"),
        ({"items-0-sku": "abc"}, "Choose products of your own"),
        ({"minimum_kind": "persons", "minimum": "ten"}, "A quantity is a whole number"),
        ({"minimum_kind": "persons"}, "Say how much must be ordered"),
        ({"minimum_kind": "luck"}, "Choose one of these."),
        ({"share_by": ""}, "Choose one of these."),
        (
            {"pickup_starts_at": "2031-01-01T11:00", "pickup_ends_at": "2031-01-01T10:00"},
            "The pickup must end later than it begins.",
        ),
        ({"questions-0-label": "", "questions-0-kind": "text"}, "Write the question"),
        ({"questions-0-label": "?", "questions-0-kind": "choice"}, "at least two answers"),
        ({"points": "x"}, "Choose pickup points of your own."),
        ({"hold_minutes": "0"}, "A whole number from 1 to 1000000."),
    ],
)
def test_what_cannot_be_is_said_at_the_field_and_what_was_typed_stays(
    app: Flask, fields: dict[str, str], sentence: str
):
    leader = factories.make_leader()
    client = desk(app, leader)
    answer = press(client, "/lead/deals/new", "save", **whole(leader) | fields)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert "Fresh" in words(answer)
    assert count(Deal) == 0


def test_odd_numbers_of_rows_are_no_rows(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    odd = {"items-²-sku": "1", "items-x-price": "2", "pictures--ref": "x", "items-99999-sku": "1"}
    assert press(client, "/lead/deals/new", "save", **whole(leader), **odd).status_code == 303
    assert len(only_deal().items) == 1


def test_rows_are_added_moved_and_taken_away_without_script_and_write_nothing(app: Flask):
    leader = factories.make_leader()
    picked = factories.make_sku(leader, name="Tomatoes", price_fen=640)
    foreign = factories.make_sku(factories.make_leader(), name="Foreign")
    client = desk(app, leader)
    form = whole(leader, title="Half typed") | {"items-0-price": "oops"}
    added = press(client, "/lead/deals/new", "items-pick", pick=[picked.id, foreign.id], **form)
    page = added.get_data(as_text=True)
    assert added.status_code == 200
    assert 'name="items-1-price" type="text" value="6.40"' in page or 'value="6.40"' in page
    assert 'value="oops"' in page
    assert "Foreign" not in page
    assert 'name="items-1-name"' in press(client, "/lead/deals/new", "items-new", **form).get_data(
        as_text=True
    )
    both = form | {"items-1-sku": str(picked.id), "items-1-price": "7.77"}
    up = press(client, "/lead/deals/new", "items-1-up", **both).get_data(as_text=True)
    assert up.index('value="7.77"') < up.index('value="oops"')
    gone = press(client, "/lead/deals/new", "items-0-remove", **both).get_data(as_text=True)
    assert 'value="oops"' not in gone
    for nothing in ("items-9-up", "items-0-up", "items-x-remove", "what"):
        assert press(client, "/lead/deals/new", nothing, **both).status_code == 200
    asked = press(client, "/lead/deals/new", "questions-new", **form).get_data(as_text=True)
    assert 'name="questions-0-label"' in asked
    assert count(Deal) == 0


def test_products_are_found_by_name_size_or_code(app: Flask):
    leader = factories.make_leader()
    factories.make_sku(leader, name="Tomatoes", spec="500 g", code="TM1")
    factories.make_sku(leader, name="Corn 100%", code="CN1")
    gone = factories.make_sku(leader, name="Tomato juice")
    gone.is_active = False
    client = desk(app, leader)

    def found(text: str) -> str:
        return words(press(client, "/lead/deals/new", "find", find=text))

    assert "Tomatoes" in found("500")
    assert "Tomatoes" in found("tm1")
    assert "Tomato juice" not in found("Tomato")
    assert "Corn" in found("100%")
    assert "Tomatoes" not in found("100%")


def test_publishing_opens_at_once_and_is_logged(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    answer = press(client, "/lead/deals/new", "publish", **whole(leader, opens_at=local(5)))
    deal = only_deal()
    assert (answer.status_code, answer.location) == (303, f"/lead/deals/{deal.slug}")
    assert deal.phase(clock.now()) == "open"
    logged = db.session.scalars(sa.select(ActionLog)).one()
    assert (logged.action, logged.subject, logged.leader_id) == (
        "deal_published",
        f"deal:{deal.id}",
        leader.id,
    )
    assert_everything_true()


def test_a_planned_opening_is_in_the_future(app: Flask):
    leader = factories.make_leader()
    client = desk(app, leader)
    for opens_at in ("", local(-5)):
        answer = press(client, "/lead/deals/new", "schedule", **whole(leader, opens_at=opens_at))
        assert answer.status_code == 422
        assert "Say when it opens" in words(answer)
    assert count(Deal) == 0
    answer = press(client, "/lead/deals/new", "schedule", **whole(leader, opens_at=local(5)))
    assert answer.status_code == 303
    assert only_deal().phase(clock.now()) == "upcoming"


def test_what_a_deal_lacks_to_open_is_said_and_the_draft_is_as_it_was(app: Flask):
    leader = factories.make_leader()
    draft = factories.make_draft(leader)
    client = desk(app, leader)
    form = {k: v for k, v in whole(leader).items() if not k.startswith("items")}
    answer = press(client, f"/lead/deals/{draft.slug}/edit", "publish", **form)
    assert answer.status_code == 409
    assert "at least one item" in words(answer)
    db.session.expire_all()
    assert (draft.state, draft.title, len(draft.items)) == ("draft", "周日早餐", 1)


def test_the_editor_is_the_leaders_and_of_their_own_deals_only(app: Flask):
    leader, other = factories.make_leader(), factories.make_leader()
    draft = factories.make_draft(leader)
    foreign, stranger = desk(app, other), app.test_client()
    for client, status in ((foreign, 404), (stranger, 303)):
        assert client.get(f"/lead/deals/{draft.slug}/edit").status_code == status
        assert press(client, f"/lead/deals/{draft.slug}/edit", "save").status_code == status
    assert foreign.get("/lead/deals/no-such/edit").status_code == 404
    assert count(DealQuestion) == 0
