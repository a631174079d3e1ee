"""A draft through a real browser: begun, written wrong, mended, checked, submitted; published by someone else."""

from datetime import date

from django.utils import timezone

from policies.models import PolicyVersion
from tests.factories import make_regions
from tests.policies.law import load_law, officer


def test_from_draft_to_law_by_clicks(new_page, transactional_db):
    make_regions()
    load_law()
    drafter, publisher = officer("drafter"), officer("publisher")
    year = timezone.localdate().year + 1
    name = f"tongliao-{year}"

    page = new_page(drafter)
    page.expected.append("status of 422")
    page.goto("/policies/tongliao-2023/")
    page.get_by_role("link", name="起草新版本").click()
    page.get_by_role("button", name="起草").click()
    page.wait_for_url(f"**/{name}/draft/edit/document/")

    # A figure without its unit: saved as typed, the parser's words beside it.
    page.get_by_role("navigation", name="各节").get_by_role("link", name="医疗救助").click()
    row = page.locator("#r-assistance-rules-2")
    row.get_by_label("救助比例").fill("75")
    page.get_by_role("button", name="保存本节").last.click()
    row.get_by_text("请带单位写成“70%”").wait_for()
    assert row.get_by_label("救助比例").input_value() == "75"
    page.get_by_role("link", name="检查与提交").click()
    page.get_by_text("须改正", exact=True).wait_for()
    assert page.get_by_role("button", name="提交").count() == 0

    # Mended from the finding; the case that it touches is looked at and marked.
    page.get_by_role("link", name="医疗救助 › 救助规则 第2条 › 救助比例").click()
    row.get_by_label("救助比例").fill("75%")
    page.get_by_role("button", name="保存本节").last.click()
    page.get_by_text("已保存").wait_for()
    page.get_by_role("link", name="检查与提交").click()
    page.get_by_text("件样例的结果与原来不同").wait_for()
    page.locator("#cases").get_by_label("理由").fill("提高住院救助比例")
    page.get_by_role("button", name="所选标为预期变化").click()
    page.get_by_role("status").get_by_text("标为预期变化").wait_for()

    page.get_by_role("button", name="提交", exact=True).click()
    box = page.locator("dialog#submit")
    box.get_by_label("理由").fill("新比例自明年起，尚无费用可试算")
    box.get_by_role("button", name="提交").click()
    page.get_by_text("已提交，请由另一人发布").wait_for()
    page.get_by_text("须由本地区另一名政策管理发布").wait_for()
    assert page.get_by_role("button", name="发布").count() == 0

    other = new_page(publisher)
    other.goto(f"/policies/compare/?old=tongliao-2023&new={name}")
    assert other.locator("ins", has_text="75%").count() == 1
    other.goto(f"/policies/{name}/draft/")
    other.get_by_role("button", name="发布", exact=True).click()
    other.locator("dialog#publish").get_by_role("button", name="发布").click()
    other.get_by_text("已发布；").wait_for()

    law, before = PolicyVersion.objects.get(name=name), PolicyVersion.objects.get(name="tongliao-2023")
    assert (law.state, law.published_by) == ("published", publisher)
    assert (before.state, before.validity.upper) == ("superseded", date(year, 1, 1))


def test_rows_and_earlier_saves_by_clicks(new_page, transactional_db):
    make_regions()
    load_law()
    drafter = officer("drafter")
    page = new_page(drafter)
    page.goto("/policies/tongliao-2023/new/")
    page.get_by_role("button", name="起草").click()
    page.get_by_role("navigation", name="各节").get_by_role("link", name="目标与经办").click()
    page.locator("#r-duties-1").get_by_label("名称").fill("先诊疗后付费")
    page.get_by_role("button", name="增加一条要求").click()
    row = page.locator("#r-duties-8")
    row.wait_for()
    assert row.locator(".wrong").count() > 0
    assert page.locator("#r-duties-1").get_by_label("名称").input_value() == "先诊疗后付费"
    row.get_by_label("名称").fill("回访")
    row.get_by_label("要求", exact=True).fill("支付后一个月内回访。")
    row.get_by_label("依据的条款").fill("S1-20")
    row.locator("summary").click()
    row.get_by_label("低保对象").check()
    page.get_by_role("button", name="保存本节").last.click()
    page.get_by_text("已保存").wait_for()
    assert page.locator(".editor .wrong").count() == 0
    draft = PolicyVersion.objects.get(state="draft")
    assert 'who = ["低保对象"]' in draft.body
    assert "回访" in draft.body
    page.get_by_role("link", name="检查与提交").click()
    page.get_by_role("button", name="恢复").last.click()
    page.get_by_text("已恢复所选的一稿").wait_for()
    draft.refresh_from_db()
    assert "回访" not in draft.body
