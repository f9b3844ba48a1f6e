"""The pages on which money comes in, goes back, is settled and is looked after."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.shown import Act, Shown, fill, tap

_PREPAID = "/lead/deals/demo-prepaid"
_SHEET = "/lead/settlement/demo-settled"
_RATES = "/operator/settlement/deals"
_PAY = "form[action$='/pay']"
_CASH = "form[action$='/cash'] button.btn-primary"


def _no_way(page: Page) -> None:
    """As a form that was open too long: its way is none any more."""
    page.locator("[name=way]").evaluate_all("all => all.forEach(it => it.value = 'gone')")
    tap(f"{_PAY} button")(page)


def _leave(page: Page) -> None:
    """The page that leads to Alipay, kept from leading there."""

    def stay(route: Route) -> None:
        answer = route.fetch()
        text = answer.text().replace('http-equiv="refresh"', 'name="was-refresh"')
        route.fulfill(response=answer, body=text)

    page.route("**/pay", stay)
    page.check("[name=way][value=alipay]")
    page.locator(f"{_PAY} button").click()
    expect(page.locator("main a[href^='https://openapi.alipay.com']")).to_be_visible()
    page.unroute("**/pay")


def _no_bill(page: Page) -> None:
    """A photograph in place of the bill."""
    file = {"name": "bill.csv", "mimeType": "text/csv", "buffer": b"\x89PNG"}
    page.set_input_files("[name=bill]", file)  # type: ignore[arg-type]
    page.locator("form:has([name=bill]) button").click()
    expect(page.locator(".alert-danger:visible")).to_be_visible()


def _refuse_without_words(page: Page) -> None:
    page.locator("details.op-why summary").first.click()
    page.locator("details.op-why[open] button").click()
    expect(page.locator(".alert-danger:visible")).to_be_visible()


def _rate_too_high(page: Page) -> None:
    page.locator("[name^=rate-]").first.fill("101")
    page.locator("main form button.btn-primary").click()
    expect(page.locator(".f__bad:visible")).to_be_visible()


def _unfold(page: Page) -> None:
    page.locator("main details").evaluate_all("all => all.forEach(it => it.open = true)")


def _lead(name: str, path: str = "", act: Act | None = None, who: str = "leader") -> Shown:
    return Shown(name, who, path, act, wide=True)


def _operate(name: str, path: str = "", act: Act | None = None) -> Shown:
    return Shown(name, "operator", path, act, wide=True)


_STAGES = (
    "full",
    "waiting",
    "scan",
    "in_wechat",
    "stale",
    "over",
    "ended",
    "late",
    "paid",
    "twice",
)
_GIVING = ("full", "planned", "above", "error", "waiting", "closed")

MONEY = [
    *(Shown(f"pay-{stage}", wide=stage == "scan") for stage in _STAGES),
    Shown("pay-failed", act=tap("form[action$='/pay/ask'] button")),
    Shown("pay-above"),
    Shown("pay-error", act=_no_way),
    Shown("pay_leave-full", act=_leave),
    Shown("order-refunds", "payer"),
    Shown("order-to_pay_online"),
    Shown("order-paid_online"),
    Shown("order-paid_twice"),
    Shown("cancel-paying"),
    Shown("cancel-paid_online"),
    *(Shown(f"sandbox-{state}", "nobody") for state in ("full", "paid", "closed")),
    *(_lead(f"l_order_refund-{state}") for state in _GIVING),
    _lead("l_orders_refund-full", f"{_PREPAID}/orders/batch?act=refund&all=1"),
    _lead("l_orders_refund-empty", f"{_PREPAID}/orders/batch?act=refund&all=1&state=cancelled"),
    _lead("l_orders-prepaid", f"{_PREPAID}/orders"),
    _lead("l_money-prepaid", f"{_PREPAID}/money"),
    _lead("l_refunds-full", "/lead/refunds"),
    _lead("l_refunds-failed", "/lead/refunds?state=failed"),
    _lead("l_refunds-empty", "/lead/refunds", who="new_leader"),
    _lead("l_settlement-full", "/lead/settlement"),
    _lead("l_settlement-too_much", "/lead/settlement", who="demo-zhou"),
    _lead("l_settlement-empty", "/lead/settlement", who="new_leader"),
    _lead("l_settlement-error", "/lead/settlement", fill(_CASH, **{"cash-amount": "很多"})),
    _lead("l_sheet-full", "/lead/settlement/demo-prepaid"),
    _lead("l_sheet-settled", _SHEET),
    _lead("l_sheet-entries", f"{_SHEET}?of=gross#entries"),
    _lead("l_sheet-no_entries", f"{_SHEET}?of=fees"),
    _lead("l_sheet-empty", "/lead/settlement/demo-garden"),
    _operate("op_money-full", "/operator/money"),
    _operate("op_refunds-full", "/operator/refunds"),
    _operate("op_refunds-failed", "/operator/refunds?state=failed"),
    _operate("op_refunds-empty", "/operator/refunds?state=by_hand"),
    _operate("op_bills-full", "/operator/bills"),
    _operate("op_bills-empty", "/operator/bills?before=1"),
    _operate("op_bills-error", "/operator/bills", _no_bill),
    _operate("op_settlement-full", "/operator/settlement"),
    _operate("op_settlement-unfolded", "/operator/settlement", _unfold),
    _operate("op_settlement-empty", "/operator/settlement?q=飞船"),
    _operate("op_settlement-error", "/operator/settlement", _refuse_without_words),
    _operate("op_settlement_leader-full"),
    _operate(
        "op_settlement_leader-error", "", fill("form[action$='/terms'] button", commission="x")
    ),
    _operate("op_item_rates-full", f"{_RATES}/demo-weekend/items"),
    _operate("op_item_rates-error", f"{_RATES}/demo-weekend/items", _rate_too_high),
    _operate("op_item_rates-closed", f"{_RATES}/demo-settled/items"),
    _operate("op_sheet-full", f"{_RATES}/demo-settled"),
    *(_operate(f"op_order_refund-{state}") for state in _GIVING),
]
