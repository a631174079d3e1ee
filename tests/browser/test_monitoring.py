"""From scan to push to the warning, by clicks, with a real worker and a partner's real HTTPS receiver."""

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.vocabulary import Department, Role
from exchange.models import Delivery
from monitoring.models import BurdenWarning, Scan
from policies.services import load_documents
from tests.exchange.outbound import make_partner
from tests.factories import make_regions, make_user
from tests.monitoring.makers import make_warned, number

pytestmark = pytest.mark.worker


@pytest.fixture
def bureau(worker, receiver) -> User:
    """A case worker of the city, three people over a line, civil affairs behind a receiver."""
    make_regions()
    load_documents(actor=None)
    for at, (yuan, category) in enumerate(
        [(41234.56, "subsistence_margin"), (26000, "subsistence"), (12000, "marginal_risk"), (9000, "marginal_risk")]
    ):
        make_warned(number(at + 1), yuan, category, name=("乌云其其格", "宝力道", "扎西·次仁", "巴特尔")[at])
    make_partner(receiver)
    return make_user(Role.CASE_WORKER)


def test_s1_16_s1_17_from_scan_to_acknowledgement_by_clicks(bureau, receiver, new_page):
    page = new_page(bureau)
    page.goto(reverse("monitoring:scans"))
    page.get_by_label("截止日").fill("2023-05-31")
    page.get_by_role("button", name="开始扫描").click()
    page.wait_for_url("**" + reverse("monitoring:scans"), timeout=30_000)
    assert Scan.objects.get().counts["raised"] == 3

    page.goto(reverse("monitoring:list"))
    names = page.locator("#list tbody tr td:nth-child(2)").all_inner_texts()
    assert names == ["乌云其其格", "扎西·次仁", "宝力道"], "margin and monitored first, the larger burden first"
    page.get_by_role("link", name="接近预警线").click()
    page.get_by_text("巴特尔").wait_for()

    page.goto(reverse("monitoring:month"))
    page.get_by_role("button", name="推送").first.click()
    page.locator("#push").get_by_role("button", name="推送本月预警").click()
    page.wait_for_url("**" + reverse("monitoring:month") + "?**", timeout=30_000)
    receiver.wait()
    assert [row["name"] for row in receiver.rows] == ["乌云其其格", "扎西·次仁", "宝力道"]

    row = page.get_by_role("row", name="民政")
    for _ in range(100):
        if "已签收" in row.inner_text():
            break
        page.wait_for_timeout(100)
        page.reload()
    assert "已签收" in row.inner_text()
    row.get_by_role("link", name="warnings-").click()
    page.get_by_text("R-1", exact=True).wait_for()
    assert Delivery.objects.get(department=Department.CIVIL_AFFAIRS).state == Delivery.State.ACKNOWLEDGED

    page.goto(reverse("monitoring:list"))
    page.get_by_role("link", name=BurdenWarning.objects.get(person__name="乌云其其格").number).click()
    page.get_by_role("heading", name="为什么").wait_for()
    words = page.locator("main").inner_text()
    assert "41,234.56" in words and "20,300.00" in words
    assert "已签收" in words
