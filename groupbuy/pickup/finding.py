"""From what is shown at the gate to the bag it opens."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, NamedTuple

import sqlalchemy as sa

from groupbuy.accounts.models import Leader
from groupbuy.core.text import clean
from groupbuy.core.tokens import SPOKEN, token_hash
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.pickup.models import Pickup, PickupProxy

_CODE = re.compile(f"[{SPOKEN}]{{8}}")


class Opened(NamedTuple):
    """A bag, and the pass when it was not the household's own code that opened it."""

    pickup: Pickup
    proxy: PickupProxy | None


def look_up(scope: Deal | Leader | None, shown: str) -> Opened | None:
    """What a token, its URL or a spoken code opens; a code in any case, spaced or dashed.

    Looks among the bags of `scope`, or all. None also for a spoken code that two bags happen to
    share: their QR codes tell them apart. A pass is found after its end, too.
    """
    text = clean(shown).rpartition("/p/")[2]
    code = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text[:40])).upper()
    spoken = bool(_CODE.fullmatch(code))
    secret = token_hash(code if spoken else text)
    found: list[Opened] = []
    for kind in (Pickup, PickupProxy):
        matching = (kind.code_hash if spoken else kind.token_hash) == secret
        rows = db.session.scalars(sa.select(kind).where(matching, *_within(kind, scope, spoken)))
        found += [_opened(row) for row in rows]
    return found[0] if len(found) == 1 else None


def _within(
    kind: type[Pickup] | type[PickupProxy], scope: Deal | Leader | None, spoken: bool
) -> list[sa.ColumnElement[bool]]:
    """A spoken code is only good while bags of its deal stand somewhere."""
    limits: list[sa.ColumnElement[bool]] = []
    if spoken:
        with_bags = sa.select(Deal.id).where(Deal.state.in_(("closed", "arrived")))
        if isinstance(scope, Leader):
            with_bags = with_bags.where(Deal.leader_id == scope.id)
        limits.append(kind.deal_id.in_(with_bags))
    if isinstance(scope, Deal):
        limits.append(kind.deal_id == scope.id)
    elif scope:
        limits.append(kind.leader_id == scope.id)
    return limits


def _opened(row: Any) -> Opened:
    return Opened(row, None) if isinstance(row, Pickup) else Opened(row.pickup, row)
