"""A supplier's page behind its signed link, and who may not see it."""

from __future__ import annotations

import io
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import openpyxl
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groupbuy.core import clock
from groupbuy.core.tokens import sign
from groupbuy.deals.models import Deal
from groupbuy.extensions import db
from groupbuy.purchasing.links import LinkExpired, LinkUnknown, list_behind, supplier_link
from groupbuy.purchasing.models import PurchaseList
from tests.factories import (
    close,
    make_deal,
    make_leader,
    make_member,
    make_placed,
    make_sku,
    make_supplier,
)
from tests.pages.reading import statements, words

HOUR = timedelta(hours=1)


def closed_deal(items: int = 2) -> Deal:
    """Goods of two suppliers; nobody wanted anything of the second."""
    leader = make_leader()
    farm, bakery = make_supplier(leader, "崇明农场"), make_supplier(leader, "面包房")
    eggs = [make_sku(leader, farm, name=f"土鸡蛋 {n}", cost_fen=2500) for n in range(items)]
    deal = make_deal(
        leader=leader,
        skus=[*eggs, make_sku(leader, bakery, name="馒头")],
        points=2,
        opens_at=clock.now() - HOUR,
        pickup_starts_at=clock.now() + 20 * HOUR,
        title="周六菜篮子",
    )
    neighbour = make_member(leader, "欧阳娜娜")
    for point in deal.points:
        make_placed(deal, *([4] * items), member=neighbour, point_id=point.id)
    close(deal)
    return deal


def list_of(deal: Deal, supplier_name: str) -> PurchaseList:
    lists = db.session.scalars(db.select(PurchaseList).where(PurchaseList.deal_id == deal.id))
    return next(found for found in lists if found.supplier.name.startswith(supplier_name))


def address(purchase_list: PurchaseList, now=None) -> str:
    """The path of a fresh link."""
    path = urlsplit(supplier_link(purchase_list, now=now or clock.now())).path
    db.session.commit()
    return path


def test_the_page_shows_which_list_where_to_and_every_line(app: Flask):
    deal = closed_deal()
    shown = list_of(deal, "崇明农场")
    answer = app.test_client().get(address(shown))
    page = words(answer)
    assert answer.status_code == 200
    assert f"{shown.number} 第 1 版" in page
    for text in (shown.supplier.name, "周六菜篮子", *(point.name for point in deal.points)):
        assert text in page
    assert "1 土鸡蛋 0 1 箱 + 散 2 盒" in page
    assert "8 盒 × ¥25.00 = ¥200.00" in page
    assert "品种 2 整箱 2 散件 4 共 16 件 ¥400.00" in page
    assert "（8 件）" in page  # to each of two points
    assert "第 1 版" in page.split("这张采购单的各版")[1]
    assert "以这一版为准" in page


def test_residents_stay_unknown_to_suppliers(app: Flask):
    shown = list_of(closed_deal(), "崇明农场")
    page = app.test_client().get(address(shown)).text
    for hidden in ("欧阳", "欧*", "139000"):
        assert hidden not in page


def test_nothing_ordered_is_said_out_loud(app: Flask):
    shown = list_of(closed_deal(), "面包房")
    answer = app.test_client().get(address(shown))
    assert "这次没人订" in words(answer)
    assert "馒头" not in answer.text
    assert app.test_client().get(f"{address(shown)}/purchase-list.xlsx").status_code == 200


def test_the_link_stays_a_secret(app: Flask):
    path = address(list_of(closed_deal(), "崇明农场"))
    for part in ("", "/purchase-list.xlsx"):
        answer = app.test_client().get(f"{path}{part}")
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]


def test_the_workbook_opens_and_its_name_survives_chinese(app: Flask):
    shown = list_of(closed_deal(), "崇明农场")
    answer = app.test_client().get(f"{address(shown)}/purchase-list.xlsx")
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert "周六菜篮子" in unquote(disposition.split("filename*=UTF-8''")[1])
    book = openpyxl.load_workbook(io.BytesIO(answer.data), read_only=True)
    cells = [cell for row in book.worksheets[0].iter_rows(values_only=True) for cell in row]
    assert any(shown.number in str(cell) for cell in cells)
    assert any("土鸡蛋" in str(cell) for cell in cells)
    book.close()


def test_a_link_works_for_thirty_days_and_then_says_so(app: Flask):
    shown = list_of(closed_deal(), "崇明农场")
    issued = clock.now()
    token = address(shown, issued).removeprefix("/s/")
    assert list_behind(token, issued + timedelta(days=30, seconds=-2)).id == shown.id
    with pytest.raises(LinkExpired):
        list_behind(token, issued + timedelta(days=30))
    old = address(shown, issued - timedelta(days=31))
    for part in ("", "/purchase-list.xlsx"):
        answer = app.test_client().get(f"{old}{part}")
        assert answer.status_code == 410
        assert "已经过期，请找团长要一个新链接" in words(answer)


def test_raising_the_suppliers_version_revokes_its_links(app: Flask):
    shown = list_of(closed_deal(), "崇明农场")
    path = address(shown)
    shown.supplier.link_version += 1
    db.session.commit()
    answer = app.test_client().get(path)
    assert answer.status_code == 404
    assert "请找团长要一个新链接" in words(answer)
    assert app.test_client().get(address(shown)).status_code == 200


def test_an_altered_or_foreign_token_opens_nothing(app: Flask):
    shown = list_of(closed_deal(), "崇明农场")
    token = address(shown).removeprefix("/s/")
    payload = {"list": shown.id, "v": 1, "until": 4_000_000_000}
    foreign = sign("count-in", payload)
    missing = sign("supplier-list", payload | {"list": 10**9})
    altered = ("A" if token[0] != "A" else "B") + token[1:]
    for wrong in (foreign, missing, altered, token[:-1], f"{token}x", "x", "%00"):
        answer = app.test_client().get(f"/s/{wrong}")
        assert answer.status_code == 404
        assert "请找团长要一个新链接" in words(answer)
    with pytest.raises(LinkUnknown):
        list_behind(foreign, clock.now())


def test_the_number_of_statements_does_not_grow_with_the_lines(app: Flask):
    def counted(items: int) -> int:
        path = address(list_of(closed_deal(items), "崇明农场"))
        with statements() as seen:
            assert app.test_client().get(path).status_code == 200
        return len(seen)

    assert counted(1) == counted(8) <= 8


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(token=st.text(max_size=80) | st.binary(max_size=60) | st.just("x" * 10_000))
def test_no_token_however_odd_breaks_the_page(app: Flask, token: str | bytes):
    raw = token.encode("utf-8", "surrogatepass") if isinstance(token, str) else token
    path = "".join(f"%{byte:02X}" for byte in raw)
    assert app.test_client().get(f"/s/{path}").status_code in (404, 308)
