"""What may stand in the addresses of staff, and in their queries."""

from __future__ import annotations

NO_PICTURE = f"{'a' * 26}-240.webp"
# Beginning of a rule -> parameter -> the thing it names there, when the page needs a certain one.
# A thing that is not here is named by the address up to the parameter. The longest beginning wins.
MEANT: dict[str, dict[str, str]] = {
    "/lead/deals/<slug>/publish": {"slug": "a draft"},
    "/lead/deals/<slug>/edit": {"slug": "a draft"},
    "/lead/deals/<slug>/reopen": {"slug": "a closed deal"},
    "/lead/deals/<slug>/money/take": {"slug": "a closed deal"},
    "/lead/deals/<slug>/arrival": {"slug": "a delivery", "list_id": "a list"},
    "/lead/deals/<slug>/arrival/<list_id>/share-out": {
        "slug": "a delivery",
        "list_id": "a counted list",
    },
    "/lead/deals/<slug>/lists": {"slug": "a delivery", "list_id": "a list"},
    "/lead/deals/<slug>/pickup": {"slug": "an evening"},
    "/lead/deals/<slug>/pickup/<bag_id>/end": {
        "slug": "an evening that is over",
        "bag_id": "a bag left",
    },
    "/lead/deals/<slug>/orders/<number>/refund": {
        "slug": "an evening",
        "number": "an order to collect",
    },
    "/operator/orders/<number>/refund": {"number": "office an order to collect"},
    "/operator/money/cases/<case_id>/close": {"case_id": "office a case"},
    "/operator/money/cases/<case_id>": {"case_id": "office a case with money"},
    "/operator/money/proposals/<proposal_id>": {"proposal_id": "office a proposal"},
    "/lead/settlement/<slug>": {"slug": "an evening"},
    "/operator/settlement/payouts/<payout_id>/pay": {"payout_id": "an approved payout"},
    "/lead/members/<member_id>/unblock": {"member_id": "a blocked member"},
    "/lead/points/<point_id>/put-away": {"point_id": "a free point"},
    "/operator/leaders/<leader_id>/approve": {"leader_id": "an applicant"},
    "/operator/leaders/<leader_id>/refuse": {"leader_id": "an applicant"},
    "/operator/leaders/<leader_id>/enable": {"leader_id": "a disabled leader"},
    "/operator/people/<user_id>/enable": {"user_id": "a disabled person"},
}
_SLUGS = ("a draft", "a closed deal", "a delivery", "an evening", "an evening that is over")
_IDS = (
    "/lead/deals/<slug>/arrival/<list_id>/damage/<line_id>",
    "/lead/deals/<slug>/orders/views/<view_id>",
    "/lead/deals/<slug>/pickup/<bag_id>",
    "/lead/goods/<product_id>",
    "/lead/goods/<product_id>/pictures/<picture_id>",
    "/lead/goods/<product_id>/skus/<sku_id>",
    "/lead/goods/pictures/<picture_id>",
    "/lead/goods/suppliers/<supplier_id>",
    "/lead/helpers/<user_id>",
    "/lead/members/<member_id>",
    "/lead/messages/<message_id>",
    "/lead/points/<point_id>",
    "/g/bags/<key>",
    "/g/done/<handover_id>",
    "/g/doubles/<case_id>",
    "/operator/categories/<category_id>",
    "/operator/leaders/<leader_id>",
    "/operator/messages/<notice_id>",
    "/operator/people/<user_id>",
    "/operator/people/members/<member_id>",
    "/operator/settlement/cash/<handover_id>",
    "/operator/settlement/leaders/<leader_id>",
    "/operator/settlement/payouts/<payout_id>",
    "/operator/settlement/suppliers/<supplier_id>",
    "an approved payout",
    *("/lead/refunds/<refund_id>", "/operator/refunds/<refund_id>"),
    *("/operator/money/payments/<payment_id>", "office a proposal"),
    *("office a case", "office a case with money"),
    *("a list", "a counted list", "a bag left", "a blocked member", "a free point"),
    *("an applicant", "a disabled leader", "a disabled person"),
    *("my_item", "my_order", "my_point"),
)
STAFF_MISSING = {
    **dict.fromkeys(_SLUGS, "nothing"),
    **dict.fromkeys(_IDS, "999999"),
    "/lead/deals/<slug>": "nothing",
    "/operator/deals/<slug>": "nothing",
    "/operator/settlement/deals/<slug>": "nothing",
    "/lead/deals/<slug>/orders/<number>": "20350512-aaaaaa",
    "an order to collect": "20350512-aaaaaa",
    "office an order to collect": "20350512-aaaaaa",
    "/operator/orders/<number>": "20350512-aaaaaa",
    "/lead/deals/<slug>/arrival/<list_id>/photos/<name>": NO_PICTURE,
    "/lead/deals/pictures/<ref>": "a.b",
    "a code": "aaaaaaaa",
}
STAFF_QUERIES = {"lead_orders.new.ask": {"member": "/lead/members/<member_id>"}}
# Queries that narrow a list: another's thing finds what one that never was finds, nothing.
FILTERS = {
    "gate_search.find": {"q": "a code"},
    "lead_money.show": {"point": "my_point"},
    "lead_orders.batch.preview": {"act=message&order": "my_order"},
    "lead_orders.index": {"point": "my_point", "item": "my_item"},
    "lead_prints.sheet": {"point": "my_point", "order": "my_order"},
    "lead_prints.index": {"order": "my_order"},
}
