"""The filters of the list of orders, as they stand in its address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict

from groupbuy.core.clock import zone
from groupbuy.core.text import id_or_none, label
from groupbuy.orders.models import ORDER_STATES
from groupbuy.orders.searching import ONLY, SORTS, Wanted

_LONGEST_WHO = 40


class Filters:
    """What an address asks for; whatever it cannot mean is as good as not said.

    `args` has state, point, item, who, since and until (days), only (several) and sort.
    """

    def __init__(self, args: MultiDict[str, str]) -> None:
        self.state = args.get("state", "") if args.get("state") in ORDER_STATES else ""
        self.point = id_or_none(args.get("point", ""))
        self.item = id_or_none(args.get("item", ""))
        self.who = label(args.get("who", ""), _LONGEST_WHO)
        self.since, self.until = _day(args.get("since", "")), _day(args.get("until", ""))
        self.only = frozenset(args.getlist("only")) & ONLY.keys()
        self.sort = args.get("sort", "") if args.get("sort") in SORTS else SORTS[0]

    @classmethod
    def of_query(cls, query: str) -> Filters:
        """Those of an address, without its "?"; too long or odd ones ask for nothing."""
        try:
            return cls(MultiDict(parse_qsl(query[:500], max_num_fields=20)))
        except ValueError:
            return cls(MultiDict())

    @property
    def wanted(self) -> Wanted:
        """For orders.searching: both days included, on the clock of the house."""
        return Wanted(
            state=self.state,
            point_id=self.point,
            item_id=self.item,
            who=self.who,
            since=_midnight(self.since),
            until=_midnight(self.until + timedelta(days=1)) if self.until else None,
            only=self.only,
            sort=self.sort,
        )

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every filter that is set, by its name in the address; one name may come twice."""
        single = {
            "state": self.state,
            "point": self.point,
            "item": self.item,
            "who": self.who,
            "since": self.since,
            "until": self.until,
            "sort": self.sort if self.sort != SORTS[0] else "",
        }
        for name in sorted(self.only):
            yield "only", name
        for name, value in single.items():
            if value:
                yield name, str(value)

    @property
    def query(self) -> str:
        """The same filters always read the same."""
        return urlencode(list(self.pairs()))

    @property
    def for_other_deals(self) -> str:
        """The query of a view that is kept: without the item, which only this deal has."""
        return urlencode([pair for pair in self.pairs() if pair[0] != "item"])

    @property
    def has_more(self) -> bool:
        """Whether something is set that stands in the fold."""
        return bool(self.since or self.until or self.only or self.sort != SORTS[0])


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), zone()).astimezone(UTC) if day else None
