"""Pages on the way of the goods: the gate, suppliers, counting in; and becoming a leader."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.shown import Shown, fill, tap


def _tick_all(page: Page) -> None:
    for box in page.locator(".ln input").all():
        box.check()


def _cool_left(page: Page) -> None:
    """One thing is ticked, the rest stays."""
    page.locator(".ln input").first.check()
    expect(page.locator(".hand .part")).to_be_visible()


def _offline(page: Page) -> None:
    _tick_all(page)
    page.context.set_offline(True)
    page.locator(".hand").click()
    expect(page.locator(".full.wait")).to_be_visible()


def _undo_without_words(page: Page) -> None:
    page.locator("summary").click()
    page.locator(".undo button").click()
    expect(page.locator("[aria-invalid=true]")).to_be_visible()


def _short_without_number(page: Page) -> None:
    page.locator("[name^=answer-][value=short]").first.check(force=True)
    tap("form[data-answer] .weui-btn_primary")(page)


_BECOMING = ("newcomer", "applicant", "turned_down", "shut_out", "new_leader")
AROUND = [
    Shown("gate_scan-full", "leader", "/g"),
    Shown("gate_scan-helper", "helper", "/g"),
    Shown("gate_scan-empty", "new_leader", "/g"),
    Shown("gate_scan-at_a_point", "elsewhere", "/g"),
    Shown("gate_bag-full", "leader", act=_cool_left),
    Shown("gate_bag-ticked", "helper", act=_tick_all),
    Shown("gate_bag-to_pay", "demo-zhou"),
    Shown("gate_bag-offline", "leader", act=_offline),
    Shown("gate_bag-already", "leader"),
    Shown("gate_bag-not_here", "leader"),
    Shown("gate_bag-other_point", "elsewhere"),
    Shown("gate_bag-unknown", "helper", "/g/bags/" + "a" * 26),
    Shown("gate_done-full", "leader"),
    Shown("gate_done-error", "leader", act=_undo_without_words),
    Shown("gate_find-full", "leader", "/g/find"),
    Shown("gate_find-found", "leader", "/g/find?q=张"),
    Shown("gate_find-nothing", "leader", "/g/find?q=飞船"),
    Shown("gate_find-empty", "new_leader", "/g/find"),
    Shown("gate_doubles-full", "leader", "/g/doubles"),
    Shown("gate_doubles-error", "leader", "/g/doubles", tap(".twice button")),
    Shown("gate_doubles-empty", "new_leader", "/g/doubles"),
    Shown("supplier-silent", "nobody", wide=True),
    Shown("supplier-answered", "nobody", wide=True),
    Shown("supplier-done", "nobody", wide=True),
    Shown("supplier-error", "nobody", act=_short_without_number, wide=True),
    Shown("supplier-withdrawn", "nobody", wide=True),
    Shown("supplier-expired", "nobody", wide=True),
    Shown("supplier-missing", "nobody", "/s/nothing", wide=True),
    Shown("supplier_history-answered", "nobody", wide=True),
    Shown("supplier_sheet-answered", "nobody", wide=True),
    Shown("supplier_notes-answered", "nobody", wide=True),
    Shown("supplier_notes-silent", "nobody", wide=True),
    Shown("count_in-full", "nobody"),
    *(Shown(f"apply-{who}", who, "/lead/apply") for who in _BECOMING),
    Shown("apply-error", "newcomer", "/lead/apply", fill(".weui-btn_primary", name="")),
]
