"""The tree of categories that all leaders share: two levels, kept by the operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from groupbuy.catalog.models import Category, Product
from groupbuy.core import action_log
from groupbuy.core.errors import BadInput, RuleBroken
from groupbuy.extensions import db


class CategoryInUse(RuleBroken):
    """Products stand in it, or other categories."""

    message = _l("“%(name)s” is in use and stays. Rename it, or move what is in it first.")


class Branch(NamedTuple):
    """A category, how many products stand directly in it, and what lies under it."""

    category: Category
    products: int
    children: list[Branch]


def tree() -> list[Branch]:
    """All categories in their order, in two statements."""
    counting = sa.select(Product.category_id, sa.func.count()).group_by(Product.category_id)
    products = {row[0]: row[1] for row in db.session.execute(counting)}
    branches = {each.id: Branch(each, products.get(each.id, 0), []) for each in _in_order()}
    roots: list[Branch] = []
    for branch in branches.values():
        parent = branches.get(branch.category.parent_id or 0)
        (parent.children if parent else roots).append(branch)
    return roots


def add_category(name: str, parent: Category | None, *, by_id: int, now: datetime) -> Category:
    """At the end of its level. Raises BadInput (field "name" or "parent")."""
    if parent is not None and parent.parent_id is not None:
        raise BadInput("parent", _l("Categories have two levels."))
    siblings = _level(parent.id if parent else None)
    _check_free(name, siblings)
    position = max((each.position for each in siblings), default=0) + 1
    category = Category(name=name, parent_id=parent.id if parent else None, position=position)
    db.session.add(category)
    db.session.flush()
    _log("category_added", category, by_id, now)
    return category


def rename_category(category: Category, name: str, *, by_id: int, now: datetime) -> None:
    """Raises BadInput (field "name") for a name that its level has."""
    if name == category.name:
        return
    _check_free(name, [each for each in _level(category.parent_id) if each.id != category.id])
    category.name = name
    db.session.flush()
    _log("category_renamed", category, by_id, now)


def move_category(category: Category, way: str, *, by_id: int, now: datetime) -> None:
    """One place "up" or "down" in its level; at the end nothing changes."""
    level = _level(category.parent_id)
    here = level.index(category)
    there = here - 1 if way == "up" else here + 1
    if not 0 <= there < len(level):
        return
    level[here], level[there] = level[there], level[here]
    for position, each in enumerate(level, 1):
        each.position = position
    db.session.flush()
    _log("category_moved", category, by_id, now, way=way)


def remove_category(category: Category, *, by_id: int, now: datetime) -> None:
    """Only when nothing is in it. Raises CategoryInUse."""
    standing = sa.select(Product.id).where(Product.category_id == category.id).limit(1)
    if db.session.scalar(standing) is not None or _level(category.id):
        raise CategoryInUse(name=category.name)
    _log("category_removed", category, by_id, now)
    db.session.delete(category)
    db.session.flush()


def _in_order() -> Sequence[Category]:
    return db.session.scalars(sa.select(Category).order_by(Category.position, Category.id)).all()


def _level(parent_id: int | None) -> list[Category]:
    """Categories side by side; held until commit, so that two changes follow one another."""
    level = sa.select(Category).where(Category.parent_id == parent_id)
    ordered = level.order_by(Category.position, Category.id).with_for_update()
    return list(db.session.scalars(ordered))


def _check_free(name: str, siblings: Sequence[Category]) -> None:
    if any(each.name == name for each in siblings):
        raise BadInput("name", _l("There is a category of this name already."))


def _log(action: str, category: Category, by_id: int, now: datetime, **detail: Any) -> None:
    detail = {"name": category.name, **detail}
    action_log.note(action, f"category:{category.id}", actor_id=by_id, now=now, **detail)
