"""Somebody asks to lead, the operator decides and looks after the site."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from groupbuy.accounts import people
from groupbuy.accounts.applying import LeaderForm, apply
from groupbuy.accounts.models import Leader, User
from groupbuy.core import clock
from groupbuy.core.models import JobRequest
from groupbuy.extensions import db
from tests.browser.conftest import OpenPage
from tests.browser.console import desks, fits, fresh, on_both, open_up, press, saved
from tests.browser.site import Site
from tests.browser.walking import somebody
from tests.factories import make_user

pytestmark = pytest.mark.slow


def operator() -> User:
    user = make_user("陈知行")
    people.grant(user, "operator", now=clock.now())
    db.session.commit()
    return user


@on_both
def test_somebody_applies_is_approved_and_stands_in_the_log(
    site: Site, open_page: OpenPage, size: str
):
    sit_down = desks(site, open_page, size)
    applicant, boss = somebody("林晓"), operator()
    mine, theirs = sit_down(applicant), sit_down(boss)
    name = f"林姐的菜篮子 {applicant.id}"
    open_up(mine, "/lead/apply")
    press(mine, "提交申请")
    expect(mine.locator("[aria-invalid=true]").first).to_be_visible()  # nothing was filled in
    for field, text in {
        "name": name,
        "community": "梧桐里",
        "intro": "住 7 号楼，每周两次。",
        "contact_phone": "139 0000 0088",
        "wechat_id": "linjie",
        "contact_hours": "每天 9:00–21:00",
    }.items():
        mine.fill(f"[name={field}]", text)
    mine.check("[name=agree]")
    press(mine, "提交申请")
    expect(mine.locator("main")).to_contain_text(name)
    assert mine.goto("/lead").status == 404  # not yet
    open_up(theirs, "/operator/leaders?state=applied")
    press(theirs, name)
    fits(theirs)
    press(theirs, "通过")
    saved(theirs)
    open_up(mine, "/lead")
    open_up(mine, "/lead/apply")
    expect(mine.get_by_role("link", name="去我的团长台")).to_be_visible()
    fresh()
    leader = db.session.scalars(sa.select(Leader).where(Leader.user_id == applicant.id)).one()
    open_up(theirs, f"/operator/log?leader={leader.id}")
    row = theirs.locator("tbody tr").filter(has_text="陈知行")
    expect(row.first).to_contain_text(name)
    assert theirs.goto("/lead").status == 404  # an operator has no desk of their own


def test_an_application_is_refused_with_a_reason_that_the_applicant_reads(
    site: Site, open_page: OpenPage
):
    applicant, boss = somebody("周远"), operator()
    form = LeaderForm(f"老周 {applicant.id}", "梧桐里", "", "13900000077", "", "")
    apply(applicant, form, now=clock.now())
    db.session.commit()
    sit_down = desks(site, open_page, "phone")
    page = sit_down(boss)
    open_up(page, "/operator/leaders?state=applied")
    press(page, f"老周 {applicant.id}")
    page.locator("details.op-why summary").click()
    page.fill("[name=because]", "请写清楚在哪个小区")
    page.locator("details.op-why button").click()
    saved(page)
    mine = sit_down(applicant)
    open_up(mine, "/lead/apply")
    expect(mine.locator("main")).to_contain_text("请写清楚在哪个小区")
    expect(mine.get_by_role("button", name="提交申请")).to_be_visible()


@on_both
def test_a_job_is_asked_for_and_settings_are_changed_and_both_are_noted(
    site: Site, open_page: OpenPage, size: str
):
    page = desks(site, open_page, size)(operator())
    open_up(page, "/operator/jobs")
    first = page.locator("form[action$='/run'] button").first
    action = page.locator("form[action$='/run']").first.get_attribute("action") or ""
    first.click()
    saved(page)
    name = action.split("/")[-2]
    expect(page.locator(f"form[action='{action}']")).to_have_count(0)  # waits already
    fresh()
    assert name in db.session.scalars(sa.select(JobRequest.name)).all()
    open_up(page, "/operator/settings")
    page.fill("[name=operator_contact]", f"物业前台 {size}")
    press(page, "保存")
    saved(page)
    expect(page.locator("[name=operator_contact]")).to_have_value(f"物业前台 {size}")
    open_up(page, "/operator/log")
    expect(page.locator("tbody tr").filter(has_text="陈知行").first).to_be_visible()
    expect(page.locator("tbody")).to_contain_text(f"物业前台 {size}")
    for path in ("", "/people", "/deals", "/orders", "/messages", "/products", "/suppliers"):
        open_up(page, f"/operator{path}")
    for path in ("/categories", "/health", "/more"):
        open_up(page, f"/operator{path}")
