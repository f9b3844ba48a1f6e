"""The categories that all leaders share: two levels in a chosen order."""

from __future__ import annotations

import pytest
from flask import Flask

from groupbuy.catalog import categories
from groupbuy.catalog.models import Category
from groupbuy.core.errors import BadInput
from groupbuy.extensions import db
from tests.checks import count
from tests.conftest import NOON
from tests.factories import make_leader, make_sku
from tests.operators.desks import logged, make_operator


@pytest.fixture
def by(app: Flask) -> dict:
    return {"by_id": make_operator().id, "now": NOON}


def names() -> list:
    return [
        (root.category.name, [child.category.name for child in root.children])
        for root in categories.tree()
    ]


def test_categories_stand_in_the_order_they_are_given(by):
    greens = categories.add_category("蔬菜", None, **by)
    fruit = categories.add_category("水果", None, **by)
    categories.add_category("叶菜", greens, **by)
    root = categories.add_category("根茎", greens, **by)
    categories.move_category(root, "up", **by)
    categories.move_category(fruit, "up", **by)
    categories.move_category(fruit, "up", **by)  # it is the first already
    assert names() == [("水果", []), ("蔬菜", ["根茎", "叶菜"])]


def test_a_level_has_no_name_twice_and_there_are_two_levels(by):
    greens = categories.add_category("蔬菜", None, **by)
    leaves = categories.add_category("叶菜", greens, **by)
    categories.add_category("蔬菜", greens, **by)  # on another level it is another
    for name, parent in (("蔬菜", None), ("叶菜", greens), ("生菜", leaves)):
        with pytest.raises(BadInput):
            categories.add_category(name, parent, **by)
    with pytest.raises(BadInput):
        categories.rename_category(leaves, "蔬菜", **by)
    categories.rename_category(leaves, "叶子菜", **by)
    assert names() == [("蔬菜", ["叶子菜", "蔬菜"])]


def test_only_what_is_empty_is_removed(by):
    greens = categories.add_category("蔬菜", None, **by)
    leaves = categories.add_category("叶菜", greens, **by)
    sku = make_sku(make_leader())
    sku.product.category_id = leaves.id
    db.session.flush()
    for category in (greens, leaves):
        with pytest.raises(categories.CategoryInUse):
            categories.remove_category(category, **by)
    sku.product.category_id = None
    categories.remove_category(leaves, **by)
    categories.remove_category(greens, **by)
    assert count(Category) == 0
    assert [entry.detail["name"] for entry in logged("category_removed")] == ["叶菜", "蔬菜"]
