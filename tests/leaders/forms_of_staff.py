"""Every form and every query of those who sit at a desk, deliver, or run the site."""

from __future__ import annotations

from typing import Any, NamedTuple

from groupbuy.access import policy_of
from tests.access.addresses import addresses
from tests.access.staff_forms import FILES, STAFF_FORMS
from tests.access.walking import form_of, rules
from tests.access.world import Person, World

_ASKS = {
    "leader": "leader",
    "link": "supplier",
    "operator": "operator",
    "signed_in": "owner",
    "staff": "helper",
    "staff:count_in": "helper",
    "staff:orders": "helper",
    "staff:pickup": "gate helper",
}
UPLOADS = {
    endpoint: name
    for endpoint, fields in STAFF_FORMS.items()
    for name, value in fields.items()
    if value in FILES or value.startswith("<")
}
_NEW = {"name": "王芳", "phone": "13800138001", "building": "6", "unit": "2", "room": "1102"}
_ORDERS = {
    "state": "pending",
    "point": "{my_point}",
    "item": "{my_item}",
    "who": "王",
    "since": "2026-01-01",
    "until": "2026-12-31",
    "only": "unvouched",
    "sort": "roll",
    "page": "1",
}


class More(NamedTuple):
    """A form of an endpoint that is sent otherwise, or from elsewhere, than STAFF_FORMS has it."""

    endpoint: str
    path: str
    fields: dict[str, str]
    who: str = "leader"

    def __str__(self) -> str:
        return f"{self.endpoint} at {self.path}"


MORE = (
    More(
        "lead_editor.update",
        "/lead/deals/{my_deal}/edit",
        {
            "act": "save",
            "intro": "当天采摘",
            "pickup_starts_at": "{later}",
            "ways": "cash",
            "stock-{my_item}": "400",
            "pictures-0-ref": "{my_ref}",
            "pictures-0-alt": "菜",
        },
    ),
    More(
        "lead_editor.create",
        "/lead/deals/new",
        {"act": "items-pick", "pick": "{my_sku}", "find": "蛋", "items-3-name": "菜"},
    ),
    More(
        "lead_orders.batch.carry_out",
        "/lead/deals/{my_deal}/orders/batch",
        {"act": "message", "nonce": "n" * 20, "orders": "{my_order}", "text": "今天晚一点到"},
        "helper",
    ),
    More(
        "lead_orders.new.place",
        "/lead/deals/{my_deal}/orders/new",
        _NEW
        | {
            "point": "{my_point}",
            "q-{my_item}": "1",
            "ask-{my_question0}": "二楼",
            "key": "k" * 24,
        },
        "helper",
    ),
    More(
        "gate_bag.hand_over",
        "/g/bags/{my_bag}/hand-over",
        {"nonce": "n" * 20, "all": "1", "cash": "0"},
        "gate helper",
    ),
)
# Endpoint of a GET -> what it reads in its address.
QUERIES: dict[str, dict[str, str]] = {
    "gate.wechat_signature": {"url": "http://localhost/g"},
    "gate_search.find": {"q": "5678", "page": "1"},
    "lead_arrival.show": {"share_by": "prorata", "page": "1"},
    "lead_board.live": {"state": "ready", "point": "{evening_point}", "page": "1"},
    "lead_board.show": {"state": "ready", "point": "{evening_point}", "page": "1"},
    "lead_deals.index": {"state": "open", "find": "菜", "page": "1"},
    "lead_goods.index": {"q": "蛋", "category": "1", "away": "1", "page": "1"},
    "lead_goods.suppliers.index": {"q": "农", "page": "1"},
    "lead_lists.acts.write_down": {"all": "full"},
    "lead_lists.download": {"revision": "1"},
    "lead_lists.paper": {"revision": "1"},
    "lead_members.index": {"who": "王", "tag": "老", "only": "", "sort": "", "page": "1"},
    "lead_members.one.show": {"page": "1"},
    "lead_messages.index": {"show": "answered", "before": "999999"},
    "lead_money.show": {"show": "vouch", "point": "{my_point}", "page": "1"},
    "lead_orders.batch.preview": {"act": "vouch", "order": "{my_order}", "all": "1"} | _ORDERS,
    "lead_orders.index": _ORDERS,
    "lead_orders.new.ask": {"who": "王", "member": "{my_member}"},
    "lead_prints.index": {"order": "{my_order}"} | _ORDERS,
    "lead_prints.sheet": {"order": "{my_order}", "bags": "apart"} | _ORDERS,
    "lead_roll.show": {"page": "1"},
    "lead_settings.desks": {"to": "gate"},
    "lead_settlement.index": {"before": "999999"},
    "lead_settlement.show": {"of": "gross", "before": "999999"},
    "op_bills.index": {"before": "999999"},
    "op_bills.of_sandbox": {"day": "2026-11-22"},
    "op_deals.index": {"q": "菜", "state": "open", "leader": "{my_desk}", "before": "999999"},
    "op_goods.products": {"q": "蛋", "leader": "{my_desk}", "before": "999999"},
    "op_goods.suppliers": {"q": "农", "leader": "{my_desk}", "before": "999999"},
    "op_jobs.index": {"job": "verify", "outcome": "failed", "before": "999999"},
    "op_leaders.index": {"q": "林", "state": "approved", "before": "999999"},
    "op_log.index": {
        "who": "林",
        "act": "helper_added",
        "leader": "{my_desk}",
        "from": "2026-01-01",
        "until": "2026-12-31",
        "before": "999999",
    },
    "op_messages.index": {"state": "failed", "before": "999999"},
    "op_orders.index": {
        "q": "13812345678",
        "state": "pending",
        "leader": "{my_desk}",
        "before": "999999",
    },
    "op_settlement.index": {"q": "林", "before": "999999"},
    "op_settlement.leader": {"before": "999999"},
    "op_settlement.sheets.show": {"of": "net", "before": "999999"},
    "op_people.index": {"q": "赵", "role": "helper", "before": "999999"},
    "suppliers.purchase_list": {"all": "full"},
}


class Opened(NamedTuple):
    """Who sends a form, where to, and its fields as text, without files."""

    who: Person
    path: str
    fields: dict[str, str]


def opened(world: World, endpoint: str, method: str) -> Opened:
    """A form of STAFF_FORMS, or a query of QUERIES, from whoever it is for."""
    [rule] = [
        rule
        for rule in rules(world.app)
        if rule.endpoint == endpoint and method in (rule.methods or ())
    ]
    who = world.people[_ASKS[f"{policy_of(world.app, rule)}"]]
    path = next(addresses(world, who, rule, method)).path.partition("?")[0]
    table = STAFF_FORMS if method == "POST" else QUERIES
    return Opened(who, path, plain(form_of(world, who, endpoint, fields=table[endpoint])))


def opened_more(world: World, more: More) -> Opened:
    """The same for one of MORE."""
    who = world.people[more.who]
    fields = form_of(world, who, more.endpoint, fields=more.fields | {"path": more.path})
    return Opened(who, fields.pop("path"), plain(fields))


def plain(fields: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if isinstance(value, str)}
