"""What is printed: a letter names its clause and the amount in capitals; the minutes name who was absent."""

import pytest
from django.urls import reverse

from assistance.errors import Refused
from assistance.services import after, panel
from assistance.vocabulary import State
from tests.accounts.pdf_text import texts
from tests.assistance import makers as make


def drawn(client, name: str, pk: int) -> str:
    answer = client.get(reverse(f"assistance:{name}", args=[pk]))
    assert answer["Content-Type"] == "application/pdf"
    return "".join("".join(page) for page in texts(answer.content))


def test_a_letter_of_money_names_amount_capitals_and_clause(shannan, client):
    application = make.approved_case(shannan, 1_234_560)
    client.force_login(shannan.reviewer)
    letter = drawn(client, "letter", application.decisions.get().pk)
    for said in ("医疗救助审批决定书", application.person.name, "12,345.60", "壹万贰仟叁佰肆拾伍元陆角", "S0-18"):
        assert said in letter, said
    assert application.person.id_number not in letter and application.person.masked_id_number in letter


def test_a_letter_of_rejection_says_why_and_how_to_appeal(cast, client):
    application = make.reviewing(cast, make.register(cast))
    decision = make.reject(cast, application)
    client.force_login(cast.clerk)
    letter = drawn(client, "letter", decision.pk)
    for said in ("不予医疗救助决定书", "收入超过标准", "申诉", "另一位复核人员", "行政复议", "S1-19"):
        assert said in letter, said


def test_the_minutes_record_opinions_dissent_recusal_and_absence(shannan, client):
    application = make.reviewing(shannan, make.register(shannan, rule="case"))
    case = make.convene(shannan, application, 2_000_000)
    says = {"medical_security": "agree", "civil_affairs": "agree", "finance": "dissent", "health": "recused"}
    departments = list(shannan.panel)
    for department, word in says.items():
        panel.opine(actor=shannan.panel[department], case_id=case.pk, says=word, text=f"{department}的理由")
    (silent,) = set(departments) - set(says)
    panel.mark_absent(actor=shannan.reviewer, case_id=case.pk, departments=[silent])
    client.force_login(shannan.reviewer)
    minutes = drawn(client, "minutes", case.meeting_id)
    for said in ("会商纪要", "20,000.00", "不同意", "回避", "缺席", "finance的理由", "3 个部门以上"):
        assert said in minutes, said


def test_the_sheet_carries_the_working_of_the_check(cast, client):
    application = make.reviewing(cast, make.register(cast))
    client.force_login(cast.worker)
    sheet = drawn(client, "sheet", application.pk)
    for said in ("医疗救助申请审批表", "家庭人均年收入低于", "情况属实", "S1-19", application.number):
        assert said in sheet, said


def test_closing_needs_a_visit_or_the_applicant_s_word(cast):
    application = make.reviewing(cast, make.register(cast))
    make.approve(cast, application)

    def close():
        seen = make.fresh(application).revision
        return after.close(actor=cast.worker, application_id=application.pk, seen=seen)

    with pytest.raises(Refused, match="回访记录"):
        close()
    day = application.decisions.get().decided_on
    after.visit(actor=cast.clerk, application_id=application.pk, visited_on=day, how="home", text="已好转")
    assert close().state == State.CLOSED
