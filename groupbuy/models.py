"""Every table, imported once, so that relationships by name can be resolved."""

from groupbuy.accounts import models as accounts
from groupbuy.catalog import models as catalog
from groupbuy.core import models as core
from groupbuy.deals import models as deals
from groupbuy.notices import models as notices
from groupbuy.orders import models as orders
from groupbuy.payments import models as payments
from groupbuy.payments.providers import models as sandbox
from groupbuy.pickup import models as pickup
from groupbuy.purchasing import models as purchasing
from groupbuy.settlement import models as settlement
from groupbuy.support import models as support

__all__ = [
    "accounts",
    "catalog",
    "core",
    "deals",
    "notices",
    "orders",
    "payments",
    "pickup",
    "purchasing",
    "sandbox",
    "settlement",
    "support",
]
