"""A whole case in the browser with six accounts: clerk, case worker, two panel members, reviewer, fund officer."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.services import load_regions
from assistance.models import Application
from assistance.services import registering
from assistance.vocabulary import State
from claims.fund import services as fund
from claims.fund.models import PaymentOrder
from policies.services import load_documents
from tests.assistance import makers as make
from tests.assistance.test_paying import ACCOUNT, give_budget, send


@pytest.fixture
def shannan(tongliao):
    load_regions()
    load_documents(actor=None)
    make.make_township("540502100000", "昌珠镇")
    return make.Cast(county="540502000000", township="540502100000")


def press(page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def open_move(page, name: str) -> None:
    page.get_by_role("region", name="现在可以办理").get_by_role("link", name=name, exact=True).click()


def state(application) -> str:
    return make.fresh(application).state


def test_a_case_from_draft_to_closed(new_page, shannan):
    """Registered by phone width, returned and resubmitted, put to two departments, approved, paid, closed."""
    cast = shannan
    person = make.make_applicant(cast.township, name="扎西·次仁")
    type(person).objects.filter(pk=person.pk).update(bank_account=ACCOUNT, bank_name="农业银行")
    give_budget(cast)

    clerk = new_page(cast.clerk)
    clerk.set_viewport_size({"width": 390, "height": 800})
    clerk.goto(reverse("assistance:new"))
    clerk.get_by_label("申请人身份证号").fill(person.id_number)
    press(clerk, "下一步")
    clerk.get_by_label("申请日期").fill("2023-05-10")
    clerk.get_by_label("申请事项").select_option("一事一议救助")
    clerk.get_by_label("申请理由").fill("住院花费大，家庭无力承担")
    clerk.get_by_label("申请人已授权核对家庭经济状况").check()
    assert clerk.evaluate("document.documentElement.scrollWidth") <= 390
    press(clerk, "登记")
    clerk.get_by_role("heading", name=re.compile("SQ540502")).wait_for()
    application = Application.objects.get()

    clerk.goto(reverse("assistance:household", args=[application.pk]))
    income = clerk.locator("#income")
    income.get_by_label("十二个月合计").fill("9600")
    income.get_by_role("button", name="添加").click()
    clerk.get_by_text("9,600.00").wait_for()
    clerk.goto(reverse("assistance:papers", args=[application.pk]))
    papers = clerk.locator("section.paper")
    papers.nth(0).get_by_label("文件").set_input_files(
        {"name": "身份证.png", "mimeType": "image/png", "buffer": make.png()}
    )
    papers.nth(0).get_by_role("button", name="上传").click()
    clerk.get_by_text("已上传“身份证或户口簿”").wait_for()
    papers.nth(1).get_by_label("补交日期").fill(f"{timezone.localdate():%Y-%m-%d}")
    papers.nth(1).get_by_role("button", name="容缺").click()
    clerk.get_by_text("已容缺").wait_for()
    for paper in application.papers.order_by("order")[2:]:
        registering.set_paper(actor=cast.clerk, paper=paper, original_seen=True)

    def submit() -> None:
        clerk.goto(reverse("assistance:case", args=[application.pk]))
        open_move(clerk, "提交")
        press(clerk, "提交")
        clerk.get_by_text("已提交，等待县级受理").wait_for()

    submit()
    worker = new_page(cast.worker)
    worker.goto(reverse("assistance:queue"))
    worker.get_by_role("link", name=application.number).click()
    open_move(worker, "退回补正")
    worker.get_by_label("需要补正什么").fill("补充出院小结")
    worker.get_by_label("补正期限").fill("2030-01-01")
    press(worker, "退回补正")
    worker.get_by_text("已退回补正").wait_for()
    assert state(application) == State.DRAFT
    clerk.goto(reverse("assistance:notices"))
    clerk.get_by_text("补充出院小结").wait_for()
    submit()

    here = reverse("assistance:case", args=[application.pk])
    worker.goto(here)
    open_move(worker, "受理")
    press(worker, "受理")
    open_move(worker, "核查完成")
    worker.get_by_label("具有当地户籍").check()
    worker.locator("#preview").get_by_text("由会商议定").wait_for()
    worker.get_by_label("核查意见").fill("家庭困难属实")
    press(worker, "核查完成")
    worker.get_by_text("核查完成，已送审批").wait_for()

    reviewer = new_page(cast.reviewer)
    reviewer.goto(reverse("assistance:meeting_new"))
    reviewer.get_by_label("会议名称").fill("五月一事一议")
    reviewer.get_by_label("会议日期").fill("2030-01-01")
    for name in ("医疗保障", "民政", "乡村振兴"):
        reviewer.get_by_label(name, exact=True).uncheck()
    press(reviewer, "召集")
    reviewer.goto(here)
    open_move(reviewer, "提请会商")
    reviewer.get_by_label("会议").select_option(label="五月一事一议")
    reviewer.get_by_label("会商事由").fill("三重制度后负担仍然较重")
    reviewer.get_by_label("提请金额").fill("20000")
    press(reviewer, "提请会商")
    reviewer.get_by_text("已提请会商").wait_for()

    for department, amount in (("finance", "15000"), ("health", "")):
        member = new_page(cast.panel[department])
        member.goto(here)
        member.get_by_role("link", name="本部门意见").click()
        member.get_by_label("同意", exact=True).check()
        member.get_by_label("建议金额").fill(amount)
        member.get_by_label("理由").fill("确有困难")
        press(member, "提交意见")
        member.get_by_text("已提交本部门意见").wait_for()

    reviewer.goto(here)
    open_move(reviewer, "批准")
    reviewer.get_by_label("救助金额").fill("20000")
    reviewer.get_by_label("理由").fill("会商同意")
    press(reviewer, "批准")
    reviewer.get_by_text("超过会商议定的").wait_for()
    reviewer.get_by_label("救助金额").fill("15000")
    press(reviewer, "批准")
    reviewer.get_by_text("已批准").first.wait_for()

    officer = new_page(cast.fund_officer)
    officer.goto(reverse("assistance:queue"))
    officer.get_by_role("link", name=application.number).click()
    open_move(officer, "下达拨付")
    press(officer, "下达拨付")
    officer.get_by_text("已下达拨付").wait_for()
    order = PaymentOrder.objects.get()
    assert order.amount == 1_500_000
    fund.record_result(actor=cast.fund_officer, order=send(cast, order.reference), paid=True)

    worker.goto(here)
    open_move(worker, "办结")
    worker.get_by_label("申请人的反馈").fill("已收到，感谢")
    press(worker, "办结")
    worker.get_by_text("已办结").first.wait_for()
    assert state(application) == State.CLOSED


def test_a_rejection_is_appealed_and_decided_by_another(new_page, shannan):
    cast = shannan
    application = make.reviewing(cast, make.register(cast, rule="stable"))
    here = reverse("assistance:case", args=[application.pk])
    reviewer, late = new_page(cast.reviewer), new_page(cast.other_reviewer)
    for page in (reviewer, late):
        page.goto(reverse("assistance:move", args=[application.pk, "reject"]))
        page.get_by_label("理由").fill("不属于适用人员")
    press(reviewer, "不予救助")
    reviewer.get_by_text("已决定不予救助").wait_for()
    press(late, "不予救助")  # somebody was quicker: what was typed is still there
    late.get_by_role("alert").get_by_text("别人已经办理").wait_for()
    assert late.get_by_label("理由").input_value() == "不属于适用人员"

    clerk = new_page(cast.clerk)
    clerk.goto(here)
    open_move(clerk, "申诉")
    clerk.get_by_label("新的事实").fill("补充了认定文件")
    press(clerk, "申诉")
    clerk.get_by_text("已受理申诉").wait_for()
    make.finish_check(cast, application, actor=cast.other_worker)
    reviewer.goto(here)
    reviewer.get_by_text("申诉须由另一位复核人员办理").first.wait_for()
    late.goto(reverse("assistance:move", args=[application.pk, "reject"]))
    late.get_by_label("理由").fill("仍不符合")
    press(late, "不予救助")
    late.get_by_text("已决定不予救助").wait_for()
    assert list(application.decisions.order_by("round").values_list("outcome", flat=True)) == ["rejected", "rejected"]
