"""Pages of the fund and the printed statements, as each role meets them."""

from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accounts.vocabulary import Role
from claims.fund.models import Budget, PaymentBatch, PaymentOrder
from claims.models import PersonYear
from tests.accounts.pdf_text import texts
from tests.claims import examples as claims
from tests.claims.fund import examples
from tests.factories import make_user

pytestmark = pytest.mark.usefixtures("law")


def enter(client, role=Role.FUND_OFFICER, **more):
    client.force_login(make_user(role, **more))
    return client


def drawn(answer) -> str:
    assert answer["Content-Type"] == "application/pdf"
    return "\n".join("\n".join(page) for page in texts(answer.content))


def test_s1_18_a_statement_prints_every_tier_with_clause_and_capital_amount(client) -> None:
    pk = claims.claim(False)["pk"]
    page = drawn(enter(client, Role.CASE_WORKER).get(reverse("claims:statement_pdf", args=[pk])))
    for said in ("医疗保障一单制结算单", "大病保险", "医疗救助", "S1-12", "大写", "元", "经办人：", "所依据的条款"):
        assert said in page
    year = PersonYear.objects.get(person__claims__pk=pk, year=2023)
    page = drawn(client.get(reverse("claims:year_pdf", args=[year.pk])))
    assert "2023 年度医疗保障一单制结算单" in page
    assert "S202306150521000436" in page


def test_overview_shows_s1_08_as_a_sum_with_its_clause(client) -> None:
    examples.entry(False)
    page = enter(client).get(reverse("fund:overview"), {"year": 2023}).content.decode()
    assert "S1-08" in page
    assert "170,076,000.00" in page
    assert "34,015,200.00" in page
    assert "科尔沁左翼中旗" in page


def test_from_a_chosen_order_to_a_file(client) -> None:
    pk = examples.order(False)["pk"]
    enter(client)
    made = client.post(reverse("fund:make_batch"), {"ids": [pk]})
    batch = PaymentBatch.objects.get()
    assert made.url == reverse("fund:batch", args=[batch.pk])
    assert b"6217000010001234567" in client.get(reverse("fund:batch_file", args=[batch.pk])).content
    sheet = client.get(reverse("fund:batch_file", args=[batch.pk]), {"as": "xlsx"})
    rows = [[cell.value for cell in row] for row in load_workbook(BytesIO(sheet.content)).active.rows]
    assert rows[0][:4] == ["批次号", batch.number, "笔数", "1"] and rows[1][4] == "银行账号"
    assert rows[2][4:6] == ["6217000010001234567", 12345.6]  # the number stays text, the amount a number
    client.post(reverse("fund:send", args=[batch.pk]))
    assert PaymentOrder.objects.get(pk=pk).state == "sent"
    again = client.post(reverse("fund:make_batch"), {"ids": [pk]}, follow=True)
    assert "待制表" in again.content.decode()


def test_what_a_second_person_decides_stands_on_the_workbench(client) -> None:
    examples.budget(False)
    enter(client, Role.REVIEWER)
    page = client.get("/").content.decode()
    assert "待复核的预算" in page and reverse("fund:waiting") in page


def test_the_second_person_decides_on_the_page(client) -> None:
    held = examples.budget(False)
    enter(client, Role.REVIEWER)
    assert "年初预算" not in client.get(reverse("fund:waiting")).content.decode()
    client.post(reverse("fund:decide", kwargs=held), {"approve": "1"})
    assert Budget.objects.get(pk=held["pk"]).decided_by.username.startswith("reviewer")


@pytest.mark.parametrize("name", ["ledger", "orders", "batches"])
def test_lists_take_a_fixed_number_of_queries(client, name, django_assert_max_num_queries) -> None:
    examples.entry(False)
    examples.batch(False)
    enter(client)
    with django_assert_max_num_queries(8):
        assert client.get(reverse(f"fund:{name}")).status_code == 200
