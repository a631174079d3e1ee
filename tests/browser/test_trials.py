"""A trial clicked through a real browser and a real worker, its persons, and one case under five regions."""

import os
import re
from pathlib import Path

import pytest

from accounts.models import Job, Region
from accounts.services import load_regions
from accounts.vocabulary import Role
from claims.trials.models import TrialPerson, TrialRun
from policies.models import PolicyVersion
from policies.services import load_documents
from tests.claims.makers import make_person, make_spell, record
from tests.claims.test_trials import lowered
from tests.worker import wait_until

pytestmark = pytest.mark.worker
LOOK = os.environ.get("TUODI_LOOK", "")  # a folder for pictures of the pages


@pytest.fixture
def past(users):
    """Bills of some months in three counties, and a draft that pays 低保对象 less."""
    load_regions()
    load_documents(actor=None)
    for n in range(24):
        person = make_person(region=("150521000000", "150502000000", "150525000000")[n % 3], name=f"某{n}")
        if n % 4:
            make_spell(person, ("subsistence", "relapsed_poverty", "extreme_poverty")[n % 3])
        record(person, f"2023-{n % 8 + 1:02d}-10", 4_000 * (n + 1), 1_500 * (n + 1), 300 * n)
    return lowered(PolicyVersion.objects.get(name="tongliao-2023"))


def picture(page, name: str) -> None:
    if LOOK:
        page.screenshot(path=Path(LOOK) / f"{name}.png", full_page=True)


def test_a_trial_from_the_form_to_the_persons(worker, past, users, new_page):
    page = new_page(users[Role.POLICY_OFFICER])
    page.goto("/policies/trials/")
    picture(page, "empty")
    page.get_by_role("link", name="开始试算").click()
    page.get_by_label("试算版本").select_option("tongliao-2024")
    assert page.get_by_label("年度").input_value() == "2023"
    picture(page, "form")
    page.get_by_role("button", name="开始试算").click()
    page.wait_for_url(re.compile(r"/policies/trials/\d+/$"))
    run = TrialRun.objects.get()
    wait_until(lambda: Job.objects.get().state == "done", 60, "the trial did not end")
    page.get_by_role("heading", name="支付层级").wait_for(timeout=15_000)
    picture(page, "result")
    run.refresh_from_db()
    assert run.lost == TrialPerson.objects.count() > 0
    assert page.locator("svg.chart-body").count() == 4
    with page.expect_download() as download:
        page.locator("summary", has_text="导出").click()
        page.get_by_role("link", name="CSV").click()
    assert "支付层级" in download.value.path().read_text(encoding="utf-8-sig")
    page.get_by_role("link", name="人员名单").click()
    page.locator("tr[data-row]").first.wait_for()
    assert page.locator("tr[data-row]").count() == run.lost
    assert "某" not in page.locator("tbody").inner_text()
    picture(page, "persons")
    page.locator("#id_side").select_option("gained")
    page.get_by_text("没有变化的人员").wait_for()
    page.goto("/policies/trials/")
    picture(page, "list")
    page.locator("tr[data-row] a").first.click()
    page.wait_for_url(f"**/policies/trials/{run.pk}/")


def test_one_case_under_five_regions(past, users, new_page):
    page = new_page(users[Role.POLICY_OFFICER])
    page.goto("/policies/trials/compare/")
    for label, value in (
        ("医疗费总额（元）", "60000"),
        ("政策范围内费用（元）", "50000"),
        ("基本医保支付（元）", "50001"),
    ):
        page.get_by_label(label).fill(value)
    page.get_by_label("低保对象", exact=True).check()
    page.get_by_role("button", name="对照").click()
    page.locator("#id_basic_paid_error").wait_for()
    assert page.get_by_label("医疗费总额（元）").input_value() == "60000"
    picture(page, "compare-wrong")
    page.get_by_label("基本医保支付（元）").fill("25000")
    page.get_by_role("button", name="对照").click()
    page.locator("section.trial-side").first.wait_for()
    assert page.locator("section.trial-side").count() == 5
    for region in Region.objects.filter(policyversion__name__in=["tongliao-2023", "yangcheng-2022"]):
        assert page.get_by_role("heading", name=region.name).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    picture(page, "compare")
    page.emulate_media(media="print")
    assert not page.locator("form.case-form").is_visible()
    assert page.get_by_text("所比较的费用").is_visible()
    picture(page, "compare-print")
