"""What an operator can name, and what stands behind a supplier's link."""

from __future__ import annotations

from urllib.parse import urlsplit

import sqlalchemy as sa

from groupbuy.accounts.models import Leader, User
from groupbuy.catalog.models import Category
from groupbuy.core import clock
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.notices.models import Notice
from groupbuy.notices.owing import owe
from groupbuy.payments.models import Payment
from groupbuy.payments.providers.models import SandboxTrade
from groupbuy.purchasing import answer_book
from groupbuy.purchasing.links import supplier_link
from groupbuy.purchasing.models import PurchaseList
from tests import factories
from tests.access.staff_world import Things, grant

_MONEY = ("a case", "a case with money", "a proposal", "an order to collect")


def office(leader: Leader, things: Things) -> Things:
    """One of each thing of the console of operators; `things` are those of `leader`."""
    disabled = factories.make_leader("老吴")
    disabled.state = "disabled"
    applicant = factories.make_leader("小陈")
    applicant.state = "applied"
    out = factories.make_user("吴敏")
    out.state = "disabled"
    colleague = grant("operator", None)
    account = factories.make_member(leader, colleague.name)
    account.user_id = colleague.id
    empty = Category(name="水果", position=1)
    db.session.add_all([empty, Category(name="蛋奶", position=2)])
    db.session.flush()
    return {
        "/operator/categories/<category_id>": f"{empty.id}",
        "/operator/deals/<slug>": things["/lead/deals/<slug>"],
        "/operator/orders/<number>": things["/lead/deals/<slug>/orders/<number>"],
        "/operator/leaders/<leader_id>": f"{leader.id}",
        "/operator/settlement/leaders/<leader_id>": f"{leader.id}",
        "/operator/settlement/cash/<handover_id>": things["my_cash"],
        "/operator/settlement/deals/<slug>": things["/lead/deals/<slug>"],
        "/operator/settlement/payouts/<payout_id>": things["my_asked"],
        "/operator/settlement/suppliers/<supplier_id>": things["my_owed_supplier"],
        "an approved payout": things["my_approved"],
        "/operator/money/payments/<payment_id>": things["stuck_payment"],
        "/operator/refunds/<refund_id>": things["/lead/refunds/<refund_id>"],
        **{f"office {name}": things[name] for name in _MONEY},
        "my_number": things["my_number"],
        "my_left_line": things["my_left_line"],
        "an applicant": f"{applicant.id}",
        "a disabled leader": f"{disabled.id}",
        "/operator/people/<user_id>": f"{colleague.id}",
        "/operator/people/members/<member_id>": f"{account.id}",
        "my_account": f"{account.id}",
        "a disabled person": f"{out.id}",
        "/operator/messages/<notice_id>": f"{_owed(out)}",
        "a_grant": f"{colleague.grants[0].id}",
    }


def _owed(user: User) -> int:
    owe("help", "world:office", now=clock.now(), user_id=user.id, detail={"step": "me"})
    mine = sa.select(Notice.id).where(Notice.user_id == user.id)
    return db.session.scalars(mine).one()


def link_of(purchase_list: PurchaseList) -> str:
    """What stands in the addresses of the supplier's page."""
    return urlsplit(supplier_link(purchase_list, now=clock.now())).path.removeprefix("/s/")


def answer_sheet(purchase_list: PurchaseList) -> bytes:
    """The workbook to answer with, as it is downloaded."""
    return answer_book.build(purchase_list, now=clock.now())


def demo_payments(deal: Deal) -> tuple[str, str, str]:
    """One that the sandbox knows, an attempt that it was not told of, and none."""
    trade = SandboxTrade(
        out_trade_no="GBDEMO",
        amount_fen=900,
        title=deal.title,
        return_url="http://localhost/me",
        state="unpaid",
        created_at=clock.now(),
    )
    db.session.add(trade)
    other = sa.select(Payment.out_trade_no).order_by(Payment.id).limit(1)
    return trade.out_trade_no, db.session.scalars(other).one(), "GBNOBODY"
