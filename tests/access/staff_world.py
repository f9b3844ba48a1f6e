"""What stands on a leader's desk: one of each thing that an address of the console can name.

Everything happened today, because pages read the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from flask_babel import force_locale

from groupbuy.accounts.models import Leader, Member, RoleGrant, SavedView, User
from groupbuy.catalog import pictures, sheet_plan, sheets
from groupbuy.catalog.models import Picture, Sku
from groupbuy.catalog.pictures import Stored
from groupbuy.core import clock
from groupbuy.core.crypto import lookup_hash
from groupbuy.core.tokens import sign
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.leaders import arrival_cuts
from groupbuy.leaders.editor_album import ref_of
from groupbuy.orders import by_staff
from groupbuy.orders.models import Order
from groupbuy.pickup import arrival, bags, handover, shortage
from groupbuy.pickup.models import DoubleHandover, Pickup
from groupbuy.purchasing import closing, photos
from groupbuy.purchasing.models import PurchaseLine, PurchaseList
from groupbuy.support.models import HelpMessage
from tests import factories
from tests.access.settlement_world import money_of
from tests.access.stuck_world import stuck_money
from tests.catalog.goods_books import goods_book
from tests.catalog.uploads import drawn, packed
from tests.pickup.rows import bags_of, lists_of

HOUR = timedelta(hours=1)
SMALL_PICTURE = packed(drawn(40, 30))
WORKBOOK = goods_book(("A1", "番茄", "份", 1, "农场"))
Things = dict[str, str]


def desk_of(leader: Leader, user: User, here: Deal) -> Things:
    """All that `leader` has, `here` being a deal of theirs that takes orders; see world.Person.

    A name that begins with "other " is a thing of theirs that belongs under another one.
    """
    leader.commission_bp = 1000
    evening = _evening(leader, user)
    return {
        **_open(here),
        **_goods(leader),
        **_people(leader),
        **_delivery(leader),
        **_reopenable(leader),
        **evening,
        **stuck_money(leader, evening["my_bag"]),
        **_left_over(leader),
        **money_of(leader),
        **view_of(leader, user),
        "my_desk": f"{leader.id}",
    }


def view_of(leader: Leader, user: User) -> Things:
    """A saved view is its maker's alone."""
    view = SavedView(leader_id=leader.id, user_id=user.id, page="lead_orders.index", name="早上")
    view.query, view.made_at = "only=unvouched", clock.now()
    db.session.add(view)
    db.session.flush()
    return {"/lead/deals/<slug>/orders/views/<view_id>": f"{view.id}"}


def grant(role: str, leader: Leader | None, **rights: Any) -> User:
    """Somebody with a role; of a helper the rights."""
    user = factories.make_user("赵敏")
    given = RoleGrant(user_id=user.id, role=role, rights=rights, created_at=clock.now())
    given.leader_id = leader.id if leader else None
    db.session.add(given)
    db.session.flush()
    return user


def _known(leader: Leader, phone: str) -> Member:
    member = factories.make_member(leader, "王芳")
    member.phone, member.phone_hash = phone, lookup_hash(phone)
    return member


def _order(deal: Deal, *pieces: int, vouched: bool = False) -> Order:
    make = factories.make_placed if vouched else factories.make_order
    return make(deal, *pieces, member=_known(deal.leader, "13812345678"), now=clock.now())


def _open(deal: Deal) -> Things:
    """An order that waits for its money, and one that was cancelled: its cash goes back."""
    pending, paid = _order(deal, 1, 2), _order(deal, 2, vouched=True)
    user_id, now = deal.leader.user_id, clock.now()
    back = by_staff.cancel_for(paid, because="没货了", by_id=user_id, now=now)
    draft = factories.make_draft(
        deal.leader, opens_at=now + HOUR, closes_at=now + 9 * HOUR, minimum_kind="none"
    )
    shown = pictures.add_picture(draft, BytesIO(SMALL_PICTURE), alt="", now=now)
    stored = Stored(shown.token, shown.width, shown.height)
    return {
        "/lead/deals/<slug>": deal.slug,
        "my_deal": deal.slug,
        "/lead/deals/<slug>/orders/<number>": pending.number,
        "/lead/members/<member_id>": f"{pending.member_id}",
        "/lead/points/<point_id>": f"{deal.points[0].id}",
        "/lead/deals/pictures/<ref>": ref_of(deal.leader, stored),
        "a draft": draft.slug,
        "my_ref": ref_of(deal.leader, stored),
        "my_item": f"{deal.items[0].id}",
        **{f"my_question{n}": f"{asked.id}" for n, asked in enumerate(deal.questions)},
        "my_item_price": f"{deal.items[0].price_fen}",
        "my_point": f"{deal.points[0].id}",
        "my_member": f"{pending.member_id}",
        "my_order": f"{pending.id}",
        "my_order_fen": f"{pending.due_fen}",
        "my_refund": f"{paid.id}",
        "my_refund_fen": f"{back}",
    }


def _goods(leader: Leader) -> Things:
    """Two products, the first with two pictures."""
    sku, other = (_with_picture(factories.make_sku(leader)) for _ in range(2))
    [picture], [others] = (each.product.pictures for each in (sku, other))
    return {
        "/lead/goods/<product_id>": f"{sku.product_id}",
        "/lead/goods/<product_id>/skus/<sku_id>": f"{sku.id}",
        "other /lead/goods/<product_id>/skus/<sku_id>": f"{other.id}",
        "/lead/goods/<product_id>/pictures/<picture_id>": f"{picture.id}",
        "other /lead/goods/<product_id>/pictures/<picture_id>": f"{others.id}",
        "/lead/goods/pictures/<picture_id>": f"{picture.id}",
        "/lead/goods/suppliers/<supplier_id>": f"{sku.supplier_id}",
        "my_sku": f"{sku.id}",
        "my_supplier": f"{sku.supplier_id}",
        **_import(leader),
    }


def _import(leader: Leader) -> Things:
    """What the preview of WORKBOOK sends back."""
    with NamedTemporaryFile(suffix=".xlsx") as kept:
        kept.write(WORKBOOK)
        kept.flush()
        read = sheets.read_goods(Path(kept.name))
    with force_locale("en"):  # in which the browsers of the world read
        seen = sheet_plan.plan(leader, read).fingerprint
    return {
        "my_plan": sign("goods-import", [leader.id, read.goods, read.suppliers]),
        "my_plan_seen": seen,
    }


def _with_picture(sku: Sku) -> Sku:
    stored = pictures.store(BytesIO(SMALL_PICTURE))
    made: Picture = pictures.attach(sku.product, stored, alt="", now=clock.now())
    db.session.flush()
    db.session.expire(sku.product)
    assert made in sku.product.pictures
    return sku


def _people(leader: Leader) -> Things:
    """A helper, somebody to become one, somebody blocked, and a question."""
    helper, willing = grant("helper", leader, pickup=True), factories.make_user("周敏")
    blocked = _known(leader, "13812345679")
    blocked.blocked_at, blocked.blocked_because = clock.now(), "没来"
    asked = HelpMessage(leader_id=leader.id, step="cart", text="付不了款", at=clock.now())
    asked.contact = "李静 13800138000"
    db.session.add(asked)
    db.session.flush()
    return {
        "/lead/helpers/<user_id>": f"{helper.id}",
        "/lead/messages/<message_id>": f"{asked.id}",
        "a blocked member": f"{blocked.id}",
        "a free point": f"{factories.make_point(leader).id}",
        "willing_phone": willing.phone or "",
    }


def _closed(leader: Leader, *orders: Sequence[int], suppliers: int = 1, **values: Any) -> Deal:
    skus = [factories.make_sku(leader, price_fen=1000) for _ in range(suppliers)]
    now = clock.now()
    deal = factories.make_deal(leader=leader, skus=skus, opens_at=now - HOUR, **values)
    for pieces in orders:
        _order(deal, *pieces, vouched=not deal.pay_at_pickup)
    closing.begin_early(deal, because="满了", now=now)
    closing.finish(deal, now=now)
    bags.make_bags(deal, now=now)
    db.session.expire_all()
    return deal


def _delivery(leader: Leader) -> Things:
    """One list that nobody has counted, with photographs, and one counted, a piece short."""
    deal = _closed(leader, (2, 2), (1, 3), suppliers=2)
    waiting, counted = lists_of(deal)
    [line], [short] = waiting.current.lines, counted.current.lines
    one_less = {short.id: (short.pieces - 1, 0)}
    came = arrival.count_in(counted, one_less, by_id=None, now=clock.now())
    note, damage = photographed(waiting), photographed(line)
    return {
        "a delivery": deal.slug,
        "a list": f"{waiting.id}",
        "a counted list": f"{counted.id}",
        "/lead/deals/<slug>/arrival/<list_id>/damage/<line_id>": f"{line.id}",
        "other /lead/deals/<slug>/arrival/<list_id>/damage/<line_id>": f"{short.id}",
        "/lead/deals/<slug>/arrival/<list_id>/photos/<name>": damage,
        "my_line": f"{line.id}",
        "my_line_item": f"{line.item_id}",
        "my_note_photo": note,
        "my_cuts_seen": arrival_cuts.outcome(shortage.preview(came, "payment")),
    }


def photographed(subject: PurchaseList | PurchaseLine) -> str:
    """The name of a file of a photograph: of a list its delivery note, of a line its damage."""
    stored = pictures.store(BytesIO(SMALL_PICTURE))
    photo = photos.add_photo(subject, stored, by_id=None, now=clock.now())
    return photos.names_of(photo)[0]


def _reopenable(leader: Leader) -> Things:
    """Closed, nothing has come, and people pay when they collect."""
    deal = _closed(leader, (2,), pay_at_pickup=True)
    [bag], [purchase_list] = bags_of(deal), lists_of(deal)
    return {
        "a closed deal": deal.slug,
        "other a list": f"{purchase_list.id}",
        "other a counted list": f"{purchase_list.id}",
        "my_unpaid_bag": f"{bag.id}",
        "my_unpaid_fen": "2000",
    }


def _arrived(leader: Leader, *orders: Sequence[int]) -> list[Pickup]:
    deal, now = _closed(leader, *orders), clock.now()
    for purchase_list in lists_of(deal):
        all_of_it = {line.id: (line.pieces, 0) for line in purchase_list.current.lines}
        counted = arrival.count_in(purchase_list, all_of_it, by_id=None, now=now)
        shortage.carry_out(counted, "payment", by_id=None, now=now)
    deal.pickup_starts_at, deal.pickup_ends_at = now - HOUR, now + 2 * HOUR
    db.session.flush()
    return bags_of(deal)


def _evening(leader: Leader, user: User) -> Things:
    """One household's bags: one waits, two were given out, the last of them at "far_point"."""
    [waiting], [given], [far] = (_arrived(leader, (pieces,)) for pieces in (1, 2, 3))
    now = clock.now()
    done, elsewhere = (
        handover.hand_over(bag, nonce="first", by_id=user.id, now=now) for bag in (given, far)
    )
    case = DoubleHandover(
        leader_id=leader.id, pickup_id=given.id, nonce="second", scanned_at=now, reported_at=now
    )
    db.session.add(case)
    db.session.flush()
    [line] = bags.lines_of(waiting)
    return {
        "an evening": waiting.deal.slug,
        "/lead/deals/<slug>/pickup/<bag_id>": f"{waiting.id}",
        "other /lead/deals/<slug>/pickup/<bag_id>": f"{given.id}",
        "/g/bags/<key>": f"{waiting.id}",
        "/g/done/<handover_id>": f"{done.id}",
        "/g/doubles/<case_id>": f"{case.id}",
        "evening_point": f"{waiting.point_id}",
        "given_point": f"{given.point_id}",
        "far_done": f"{elsewhere.id}",
        "a code": bags.code_of(waiting),
        "my_bag": f"{waiting.id}",
        "my_box": f"{waiting.id}-{line.id}",
    }


def _left_over(leader: Leader) -> Things:
    """A bag nobody came for."""
    [bag] = _arrived(leader, (1,))
    bag.deal.pickup_ends_at = clock.now() - HOUR / 2
    return {
        "an evening that is over": bag.deal.slug,
        "a bag left": f"{bag.id}",
        "left_point": f"{bag.point_id}",
    }
