"""A month's roster by clicks, from upload over preview to the register, with a real worker."""

from pathlib import Path

import pytest
from django.urls import reverse

from accounts.models import ReadRecord
from accounts.vocabulary import Role
from beneficiaries.models import CategorySpell, Person
from exchange.models import InboundFile
from tests.factories import make_regions, make_user

pytestmark = pytest.mark.worker
DATA = Path(__file__).parent.parent / "data" / "tongliao-small"


def upload(page, department: str, month: str) -> None:
    page.goto(reverse("exchange:upload"))
    page.get_by_label("种类").select_option("roster")
    page.get_by_label("报送部门").select_option(department)
    page.get_by_label("行政区划").select_option("150500000000")
    page.locator("[name=month]").fill(month)
    page.locator("[name=file]").set_input_files(DATA / f"{department}-{month}.csv")
    page.get_by_role("button", name="上传并比对").click()
    page.locator("#rows tbody tr").first.wait_for(timeout=30_000)


def confirm(page) -> None:
    page.get_by_role("button", name="确认写入登记簿").click()
    page.get_by_role("button", name="撤销").wait_for(timeout=30_000)


def counts(page) -> dict[str, str]:
    labels = page.locator(".counts a span").all_inner_texts()
    return dict(zip(labels, page.locator(".counts a strong").all_inner_texts(), strict=True))


def test_s1_04_rosters_from_upload_to_the_register_by_clicks(worker, new_page):
    make_regions()
    page = new_page(make_user(Role.CASE_WORKER))
    upload(page, "rural_revitalization", "2023-05")
    assert counts(page)["新增"] == "86" and not Person.objects.exists()
    confirm(page)
    assert (Person.objects.count(), CategorySpell.objects.count()) == (86, 86)

    upload(page, "rural_revitalization", "2023-06")
    assert counts(page) == {
        "全部数据行": "85",
        "新增": "1",
        "变更": "2",
        "不变": "77",
        "退出": "4",
        "存疑": "1",
        "错误": "4",
    }
    page.locator(".counts a", has_text="存疑").click()
    assert page.locator(".beside .differs").first.inner_text().split() == ["姓名", "某梁", "梁艳玉"]
    with page.expect_download() as download:
        page.get_by_role("link", name="下载错误文件").click()
    assert download.value.suggested_filename == "rural_revitalization-2023-06-错误.csv"
    confirm(page)

    page.get_by_role("button", name="撤销").click()
    page.locator("#ask").get_by_role("button", name="确定").click()
    page.get_by_text("已撤销，登记簿恢复到确认之前").wait_for()
    assert InboundFile.objects.latest("id").state == InboundFile.State.UNDONE
    assert CategorySpell.objects.count() == 86

    page.goto(reverse("beneficiaries:list"))
    page.locator("#content [name=q]").fill("艳玉")
    page.get_by_role("link", name="梁艳玉").click()
    page.get_by_text("显示完整号码").click()
    page.get_by_label("理由").fill("核对证件")
    page.get_by_role("button", name="显示并记录").click()
    person = Person.objects.get(name="梁艳玉")
    page.get_by_text(person.id_number).wait_for()
    assert ReadRecord.objects.get(what=ReadRecord.What.REVEAL).subject == f"person:{person.pk}"
