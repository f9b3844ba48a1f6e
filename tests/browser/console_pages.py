"""The pages of the leader's and the operator's console, in their states."""

from __future__ import annotations

import io

from openpyxl import Workbook
from playwright.sync_api import Page, expect

from tests.browser.shown import Act, Shown, fill, tap

_DEAL = "/lead/deals/demo-weekend"
_GARDEN = "/lead/deals/demo-garden"
_SEAFOOD = "/lead/deals/demo-seafood"
_SAVE = "main form:not(.d-inline) button.btn-primary"


def _lead(name: str, path: str = "", act: Act | None = None, who: str = "leader") -> Shown:
    return Shown(name, who, path, act, wide=True)


def _operate(name: str, path: str = "", act: Act | None = None) -> Shown:
    return Shown(name, "operator", path, act, wide=True)


def _paper(name: str, path: str) -> Shown:
    return Shown(name, "leader", path, wide=True, media="print")


def _unfold(page: Page) -> None:
    """Everything that opens is open."""
    page.locator("main details").evaluate_all("all => all.forEach(it => it.open = true)")


def _nothing_chosen(page: Page) -> None:
    page.locator("button[name=act][value=publish]").last.click()
    expect(page.locator(".f__bad:visible").first).to_be_visible()


def _count_in_words(page: Page) -> None:
    page.locator("[name^=received-]").first.fill("很多")
    page.locator("#count").evaluate("form => form.requestSubmit()")
    expect(page.locator("main [aria-invalid=true]").first).to_be_visible()


def _workbook(*rows: tuple[object, ...]) -> Act:
    """Give the page of imports a workbook with these rows."""

    def act(page: Page) -> None:
        book, content = Workbook(), io.BytesIO()
        for row in rows:
            book.active.append(row)
        book.save(content)
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        file = {"name": "goods.xlsx", "mimeType": kind, "buffer": content.getvalue()}
        page.set_input_files("[name=file]", file)  # type: ignore[arg-type]
        page.locator("form:has([name=file]) button").click()
        page.wait_for_url("**/import")
        expect(page.locator("main .card").nth(1)).to_be_visible()

    return act


_HEADS = ("规格编码", "商品名称", "规格", "单位", "售价", "供应商")
_LEADER = [
    _lead("today-full", "/lead"),
    _lead("today-empty", "/lead", who="new_leader"),
    _lead("today-helper", "/lead", who="helper"),
    _lead("deals-full", "/lead/deals"),
    _lead("deals-found_nothing", "/lead/deals?find=飞船"),
    _lead("deals-empty", "/lead/deals", who="new_leader"),
    _lead("editor-new", "/lead/deals/new"),
    _lead("editor-empty", "/lead/deals/new", who="new_leader"),
    _lead("editor-error", "/lead/deals/new", _nothing_chosen),
    _lead("editor-draft"),
    _lead("editor-open", f"{_DEAL}/edit"),
    _lead("l_deal-draft"),
    _lead("l_deal-open", _DEAL),
    _lead("l_deal-closed", _GARDEN),
    _lead("l_deal-arrived", _SEAFOOD),
    _lead("l_deal-failed", "/lead/deals/demo-crab"),
    _lead("l_close-full", f"{_DEAL}/close"),
    _lead("l_close-error", f"{_DEAL}/close", tap("main form[method=post] button.btn:last-of-type")),
    _lead("l_move-full", f"{_DEAL}/move"),
    _lead("l_cancel-full", f"{_DEAL}/cancel"),
    _lead("l_reopen-full", "/lead/deals/demo-frozen/reopen"),
    _lead("l_reopen-closed", f"{_GARDEN}/reopen"),
    _lead("l_orders-full", f"{_DEAL}/orders"),
    _lead("l_orders-unfolded", f"{_DEAL}/orders?only=unpaid&sort=name", _unfold),
    _lead("l_orders-found_nothing", f"{_DEAL}/orders?who=飞船"),
    _lead("l_orders-empty", "/lead/deals/demo-pantry/orders", who="demo-gu"),
    *(
        _lead(f"l_order-{state}")
        for state in ("pending", "placed", "confirmed", "fulfilled", "cancelled")
    ),
    _lead("l_order-unfolded", act=_unfold),
    _lead("l_order_cancel-full"),
    _lead("l_order_new-full", f"{_DEAL}/orders/new?who=1"),
    _lead("l_order_new-member"),
    _lead("l_batch-vouch", f"{_DEAL}/orders/batch?act=vouch&all=1"),
    _lead("l_batch-message", f"{_DEAL}/orders/batch?act=message&all=1"),
    _lead("l_roll-full", f"{_DEAL}/roll"),
    _lead("l_roll-empty", "/lead/deals/demo-pantry/roll", who="demo-gu"),
    _lead("l_lists-full", f"{_GARDEN}/lists"),
    _lead("l_lists-empty", f"{_DEAL}/lists"),
    *(_lead(f"l_list-{state}") for state in ("answered", "silent", "counted", "done")),
    _lead("l_list_answer-silent"),
    _lead("l_arrival-full", f"{_GARDEN}/arrival"),
    _lead("l_arrival-empty", f"{_DEAL}/arrival"),
    _lead("l_count-silent"),
    _lead("l_count-counted"),
    _lead("l_count-done"),
    _lead("l_count-error", act=_count_in_words),
    _lead("l_damage-empty"),
    _lead("l_board-full", f"{_SEAFOOD}/pickup"),
    _lead("l_board-waiting", f"{_GARDEN}/pickup"),
    _lead("l_board-empty", f"{_DEAL}/pickup"),
    _lead("l_bag-ready"),
    _lead("l_bag-collected"),
    _lead("l_bag-uncollected", who="demo-zhou"),
    _lead("l_money-full", f"{_DEAL}/money"),
    _lead("l_money-give", "/lead/deals/demo-crab/money"),
    _lead("l_money-bags", "/lead/deals/demo-milk/money", who="demo-zhou"),
    _lead("l_money-empty", "/lead/deals/demo-pantry/money", who="demo-gu"),
    _lead("l_members-full", "/lead/members"),
    _lead("l_members-found_nothing", "/lead/members?who=飞船"),
    _lead("l_members-empty", "/lead/members", who="new_leader"),
    _lead("l_member-full"),
    _lead("l_member-blocked"),
    _lead("l_goods-full", "/lead/goods"),
    _lead("l_goods-empty", "/lead/goods", who="new_leader"),
    _lead("l_product-full"),
    _lead("l_product-new", "/lead/goods/new"),
    _lead("l_product-error", "/lead/goods/new", tap(_SAVE)),
    _lead("l_sku-full"),
    _lead("l_sku-new"),
    _lead("l_import-full", "/lead/goods/import"),
    _lead(
        "l_import-plan",
        "/lead/goods/import",
        _workbook(_HEADS, ("NEW1", "新番茄", "500 g", "份", "9.90", "芦穗湾农场")),
    ),
    _lead(
        "l_import-error",
        "/lead/goods/import",
        _workbook(_HEADS, ("NEW1", "", "500 g", "份", "九块九", "没有这家")),
    ),
    _lead("l_suppliers-full", "/lead/goods/suppliers"),
    _lead("l_suppliers-empty", "/lead/goods/suppliers", who="new_leader"),
    _lead("l_supplier-full"),
    _lead("l_supplier-error", "/lead/goods/suppliers/new", tap(_SAVE)),
    _lead("l_points-full", "/lead/points"),
    _lead("l_points-empty", "/lead/points", who="new_leader"),
    _lead("l_point-full"),
    _lead("l_point-error", "/lead/points/new", tap(_SAVE)),
    _lead("helper-full"),
    _lead("helper-error", "/lead/helpers/new", fill(_SAVE, phone="1")),
    _lead("l_messages-full", "/lead/messages"),
    _lead("l_messages-empty", "/lead/messages", who="new_leader"),
    _lead("l_message-full"),
    _lead("l_settings-full", "/lead/settings"),
    _lead("l_settings-error", "/lead/settings", fill(_SAVE, name="")),
    _lead("l_settings_deals-full", "/lead/settings/deals"),
    _lead("l_desks-full", "/lead/settings/desks"),
    _lead("l_more-full", "/lead/settings/more"),
    _lead("l_more-helper", "/lead/settings/more", who="helper"),
    _lead("l_missing-error", "/lead/deals/nothing"),
    _lead("l_prints-full", f"{_GARDEN}/print"),
    _lead("l_prints-empty", "/lead/deals/demo-pantry/print", who="demo-gu"),
    *(
        _lead(f"sheet-{kind}", f"{_GARDEN}/print/{kind}")
        for kind in ("picking", "slips", "labels", "points")
    ),
    *(
        _paper(f"paper-{kind}", f"{_GARDEN}/print/{kind}")
        for kind in ("picking", "slips", "labels", "points")
    ),
    _lead("sheet-empty", "/lead/deals/demo-pantry/print/slips", who="demo-gu"),
    _lead("l_list_paper-silent"),
]
_OPERATOR = [
    _operate("op_home-full", "/operator"),
    _operate("op_leaders-full", "/operator/leaders"),
    _operate("op_leaders-applied", "/operator/leaders?state=applied"),
    *(_operate(f"op_leader-{state}") for state in ("waiting", "running", "shut", "refused")),
    _operate("op_categories-full", "/operator/categories"),
    _operate("op_categories-error", "/operator/categories", fill(_SAVE, name=" ")),
    _operate("op_category-full"),
    _operate("op_products-full", "/operator/products"),
    _operate("op_products-empty", "/operator/products?q=飞船"),
    _operate("op_suppliers-full", "/operator/suppliers"),
    _operate("op_people-full", "/operator/people"),
    _operate("op_people-empty", "/operator/people?q=飞船"),
    _operate("op_person-full", act=_unfold),
    _operate("op_deals-full", "/operator/deals"),
    _operate("op_deals-empty", "/operator/deals?q=飞船"),
    _operate("op_deal-full", "/operator/deals/demo-weekend"),
    _operate("op_orders-full", "/operator/orders"),
    _operate("op_orders-empty", "/operator/orders?q=飞船"),
    _operate("op_order-full"),
    _operate("op_jobs-full", "/operator/jobs"),
    _operate("op_messages-full", "/operator/messages?state=failed"),
    _operate("op_messages-empty", "/operator/messages"),
    _operate("op_message-full"),
    _operate("op_log-full", "/operator/log"),
    _operate("op_log-empty", "/operator/log?who=飞船"),
    _operate("op_settings-full", "/operator/settings"),
    _operate("op_settings-error", "/operator/settings", fill(_SAVE, site_name="")),
    _operate("op_health-full", "/operator/health"),
    _operate("op_more-full", "/operator/more"),
]
CONSOLE = _LEADER + _OPERATOR
